import { Canvas, randomOf } from './canvas';

/** A thorax made of simple solids, in Hounsfield units. z runs from the neck (0) to the liver (300), in mm. */

export const thoraxHeightMm = 300;

interface Vessel {
  points: { x: number; y: number; z: number; radius: number }[];
}

/** Vessels leave the hila and get thinner; the same for every slice and every examination. */
const vessels: Vessel[] = [-1, 1].flatMap((side) => {
  const random = randomOf(side + 7);
  return Array.from({ length: 46 }, () => {
    const across = (random() - 0.1) * 75 * side;
    const deep = (random() - 0.5) * 130;
    const up = (random() - 0.45) * 190;
    const bend = (random() - 0.5) * 24;
    const thick = 1.6 + random() * 2.6;
    const points = Array.from({ length: 60 }, (_, step) => {
      const t = step / 59;
      const curve = Math.sin(t * Math.PI) * bend;
      return {
        x: side * 34 + across * t + curve,
        y: 5 + deep * t + curve * 0.6,
        z: 150 + up * t,
        radius: thick * (1 - 0.8 * t),
      };
    });
    return { points };
  });
});

export interface ThoraxOptions {
  columns: number;
  spacing: number;
  /** Diameter of the nodule of the right upper lobe, in mm; it has grown since the prior. */
  noduleMm: number;
  grain: number;
  seed: number;
}

/** Half axes of a solid of revolution at height z: 0 outside. */
const dome = (z: number, top: number, bottom: number) => {
  const t = (2 * z - top - bottom) / (bottom - top);
  return t * t >= 1 ? 0 : Math.sqrt(1 - t * t);
};

export function thoraxSlice(z: number, options: ThoraxOptions): Canvas {
  const canvas = new Canvas(options.columns, options.columns, options.spacing, -1000);
  const width = 128 + 26 * Math.min(1, z / 70) + 4 * Math.sin(z / 45);
  const depth = 92 + 16 * Math.min(1, z / 90);
  paintTable(canvas, depth);
  canvas.paint({ x: 0, y: 0, rx: width, ry: depth, value: -100 });
  canvas.paint({ x: 0, y: 1, rx: width - 12, ry: depth - 10, value: 52 });
  paintArms(canvas, z, width);
  paintLungs(canvas, z);
  paintBelly(canvas, z);
  paintMediastinum(canvas, z);
  paintBones(canvas, z, width, depth);
  paintNodule(canvas, z, options.noduleMm);
  canvas.grain(options.grain, randomOf(options.seed + Math.round(z * 10)));
  return canvas;
}

function paintTable(canvas: Canvas, depth: number): void {
  canvas.paint({ x: 0, y: depth + 22, rx: 170, ry: 14, value: -700 });
  canvas.paint({ x: 0, y: depth + 18, rx: 166, ry: 13, value: -960 });
}

function paintArms(canvas: Canvas, z: number, width: number): void {
  if (z > 60) return;
  for (const side of [-1, 1]) {
    canvas.paint({ x: side * (width - 8), y: 8, rx: 34, ry: 40, value: 45 });
    canvas.paint({ x: side * (width - 6), y: 6, rx: 13, ry: 14, value: 480 });
    canvas.paint({ x: side * (width - 6), y: 6, rx: 8, ry: 9, value: 160 });
  }
}

function paintLungs(canvas: Canvas, z: number): void {
  for (const side of [-1, 1]) {
    const size = dome(z, 22, side < 0 ? 262 : 275) ** 0.55;
    canvas.paint({ x: side * 66, y: 0, rx: 56 * size, ry: 82 * size, turn: side * -0.12, value: -865 });
  }
  for (const vessel of vessels) {
    for (const point of vessel.points) {
      const off = Math.abs(point.z - z);
      if (off >= point.radius) continue;
      const radius = Math.sqrt(point.radius ** 2 - off ** 2);
      canvas.paint({ x: point.x, y: point.y, rx: radius, ry: radius, value: 30 });
    }
  }
}

/** Liver and stomach push up under the lungs. */
function paintBelly(canvas: Canvas, z: number): void {
  const liver = dome(z, 205, 395) ** 0.8;
  canvas.paint({ x: -48, y: -6, rx: 92 * liver, ry: 74 * liver, turn: 0.15, value: 108 });
  const stomach = dome(z, 235, 330);
  canvas.paint({ x: 62, y: -22, rx: 46 * stomach, ry: 40 * stomach, value: 38 });
  canvas.paint({ x: 62, y: -42, rx: 32 * stomach, ry: 16 * stomach, value: -920 });
  const spleen = dome(z, 240, 340);
  canvas.paint({ x: 96, y: 38, rx: 26 * spleen, ry: 40 * spleen, turn: 0.5, value: 122 });
}

function paintMediastinum(canvas: Canvas, z: number): void {
  canvas.paint({ x: 0, y: -8, rx: 27, ry: 52, value: 42 });
  canvas.paint({ x: 20, y: -26, rx: 62 * dome(z, 138, 262), ry: 50 * dome(z, 138, 262), turn: 0.45, value: 46 });
  canvas.paint({ x: 12, y: -34, rx: 30 * dome(z, 150, 245), ry: 22 * dome(z, 150, 245), value: 165 });
  canvas.paint({ x: 36, y: -14, rx: 26 * dome(z, 152, 248), ry: 24 * dome(z, 152, 248), value: 178 });
  if (z > 95) canvas.paint({ x: 16, y: 44, rx: 12, ry: 12, value: 190 });
  if (z > 100 && z < 175) canvas.paint({ x: -4, y: -22, rx: 15, ry: 15, value: 188 });
  const arch = dome(z, 84, 108);
  canvas.paint({ x: 8, y: 10, rx: 18 * arch, ry: 44 * arch, turn: -0.3, value: 186 });
  if (z < 150) canvas.paint({ x: -26, y: -20, rx: 9, ry: 10, value: 230 });
  const split = Math.max(0, z - 118);
  for (const side of split > 0 ? [-1, 1] : [0]) {
    if (split > 34) break;
    canvas.paint({ x: side * (4 + split * 0.75), y: 12 + split * 0.1, rx: 9.5, ry: 8.5, value: 20 });
    canvas.paint({ x: side * (4 + split * 0.75), y: 12 + split * 0.1, rx: 8, ry: 7, value: -1000 });
  }
  canvas.paint({ x: 4, y: 27, rx: 6, ry: 4, value: 30 });
}

function paintBones(canvas: Canvas, z: number, width: number, depth: number): void {
  const disc = Math.abs((z % 24) - 12) > 9.5;
  canvas.paint({ x: 0, y: 58, rx: 19, ry: 16, value: disc ? 95 : 420 });
  canvas.paint({ x: 0, y: 58, rx: 16.5, ry: 13.5, value: disc ? 85 : 210 });
  canvas.paint({ x: 0, y: 80, rx: 16, ry: 10, value: 380 });
  canvas.paint({ x: 0, y: 80, rx: 9, ry: 7.5, value: 25 });
  canvas.paint({ x: 0, y: 94, rx: 4, ry: 10, value: 400 });
  if (z > 62 && z < 205) canvas.paint({ x: 0, y: -(depth - 17), rx: 17, ry: 6, value: 330 });
  if (z < 130) {
    for (const side of [-1, 1]) {
      canvas.paint({ x: side * (88 + z * 0.1), y: 84 - z * 0.08, rx: 27, ry: 4, turn: side * -0.5, value: 520 });
    }
  }
  // Ribs slant downwards to the front: at one height each is met at one angle.
  for (let rib = 0; rib < 12; rib++) {
    const t = (z - 20 - rib * 20) / 62;
    if (t < 0 || t > 1) continue;
    for (const side of [-1, 1]) {
      const angle = 1.2 - t * 2.35;
      const x = side * (width - 21) * Math.cos(angle);
      const y = (depth - 18) * Math.sin(angle);
      canvas.paint({ x, y, rx: 10, ry: 4.4, turn: side * (angle + 1.5), value: 640 });
      canvas.paint({ x, y, rx: 7.5, ry: 2.4, turn: side * (angle + 1.5), value: 260 });
    }
  }
}

function paintNodule(canvas: Canvas, z: number, diameter: number): void {
  const off = Math.abs(z - 96);
  const radius = diameter / 2;
  if (off >= radius) return;
  const size = Math.sqrt(radius ** 2 - off ** 2);
  canvas.paint({ x: -78, y: -22, rx: size, ry: size * 0.9, value: 48, waves: { depth: 0.07, count: 6, phase: z / 4 } });
}
