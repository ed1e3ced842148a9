import { Canvas, randomOf } from './canvas';

/** Relative signals of the tissues under each weighting (arbitrary units, 12 bits). */
const signals = {
  T1: { fat: 1500, skull: 90, fluid: 220, grey: 720, white: 1020, lesion: 480 },
  T2: { fat: 1100, skull: 70, fluid: 1650, grey: 820, white: 520, lesion: 1350 },
} as const;
export type Weighting = keyof typeof signals;

/** A head seen from below, z from the top (0) to the base (140), in mm. */
export const headHeightMm = 140;

export function headSlice(z: number, weighting: Weighting, size: { columns: number; spacing: number }): Canvas {
  const signal = signals[weighting];
  const canvas = new Canvas(size.columns, size.columns, size.spacing, 0);
  const t = (z + 8) / 170;
  const k = Math.sqrt(Math.max(0, 1 - (1 - Math.min(1, t * 1.6)) ** 2));
  canvas.paint({ x: 0, y: 0, rx: 78 * k, ry: 96 * k, value: signal.fat });
  canvas.paint({ x: 0, y: 0, rx: 73 * k, ry: 91 * k, value: signal.skull });
  canvas.paint({ x: 0, y: 0, rx: 67 * k, ry: 85 * k, value: signal.fluid });
  for (const side of [-1, 1]) {
    const folds = { depth: 0.055, count: 21, phase: z / 5 + side };
    canvas.paint({ x: side * 32 * k, y: 0, rx: 31 * k, ry: 81 * k, value: signal.grey, waves: folds });
    const inner = { depth: 0.13, count: 17, phase: z / 6 - side };
    canvas.paint({ x: side * 31 * k, y: 0, rx: 23 * k, ry: 69 * k, value: signal.white, waves: inner });
  }
  if (z > 45 && z < 105) paintCentre(canvas, z, signal);
  if (z > 30 && z < 50) {
    const r = Math.sqrt(Math.max(0, 81 - (z - 40) ** 2));
    canvas.paint({
      x: 34,
      y: 24,
      rx: r,
      ry: r * 0.85,
      value: signal.lesion,
      waves: { depth: 0.1, count: 5, phase: 1 },
    });
  }
  canvas.grain(22, randomOf(Math.round(z * 10) + (weighting === 'T1' ? 1 : 2)));
  return canvas;
}

/** Ventricles, basal ganglia and thalami on each side of the middle. */
function paintCentre(canvas: Canvas, z: number, signal: (typeof signals)[Weighting]): void {
  const open = Math.sin(((z - 45) / 60) * Math.PI);
  canvas.paint({ x: 0, y: 4, rx: 17, ry: 34, value: signal.white });
  for (const side of [-1, 1]) {
    canvas.paint({ x: side * 15, y: 8, rx: 9 * open, ry: 14 * open, turn: side * 0.3, value: signal.grey });
    canvas.paint({ x: side * 24, y: -10, rx: 7 * open, ry: 15 * open, turn: side * -0.3, value: signal.grey });
    canvas.paint({ x: side * 8, y: -22, rx: 5 * open, ry: 17 * open, turn: side * -0.35, value: signal.fluid });
    canvas.paint({ x: side * 14, y: 34, rx: 5 * open, ry: 17 * open, turn: side * 0.4, value: signal.fluid });
  }
  canvas.paint({ x: 0, y: 8, rx: 2 * open, ry: 12 * open, value: signal.fluid });
}
