import { randomOf } from './canvas';
import { thoraxHeightMm, thoraxSlice } from './thorax';

const { abs, atan2, exp, floor, hypot, log, max, min, round, sin, sqrt, PI } = Math;

export interface Radiograph {
  rows: number;
  columns: number;
  spacing: number;
  values: Uint16Array;
}

/** A chest radiograph: the thorax seen from the front or from the side, rays added up and weakened (Beer-Lambert). */
export function chestRadiograph(view: 'front' | 'side', columns: number): Radiograph {
  const grid = min(192, columns);
  const spacing = 400 / grid;
  const slices = min(160, columns);
  const sums = new Float32Array(grid * slices);
  for (let slice = 0; slice < slices; slice++) {
    const z = (slice / (slices - 1)) * thoraxHeightMm;
    const { values } = thoraxSlice(z, { columns: grid, spacing, noduleMm: 16, grain: 0, seed: 5 });
    for (let y = 0; y < grid; y++) {
      for (let x = 0; x < grid; x++) {
        const density = max(0, values[y * grid + x] + 1000) / 1000;
        sums[slice * grid + (view === 'front' ? x : y)] += density * spacing;
      }
    }
  }
  const rows = round((columns * thoraxHeightMm) / 400);
  const random = randomOf(11);
  const values = new Uint16Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const sum = between(sums, grid, (c / columns) * (grid - 1), (r / rows) * (slices - 1));
      values[r * columns + c] = min(4095, max(0, 4000 * (1 - exp(-sum / 130)) + (random() - 0.5) * 24));
    }
  }
  return { rows, columns, spacing: 400 / columns, values };
}

function between(values: Float32Array, width: number, x: number, y: number): number {
  const [x0, y0] = [floor(x), floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const at = (dx: number, dy: number) => values[min((y0 + dy) * width + x0 + dx, values.length - 1)];
  return (at(0, 0) * (1 - fx) + at(1, 0) * fx) * (1 - fy) + (at(0, 1) * (1 - fx) + at(1, 1) * fx) * fy;
}

/** One ultrasound frame: a sector with speckle, a beating anechoic cavity, a coloured flow. RGB by pixel. */
export function ultrasoundFrame(frame: number, frames: number, size: { rows: number; columns: number }): Uint8Array {
  const { rows, columns } = size;
  const random = randomOf(frame + 101);
  const pixels = new Uint8Array(rows * columns * 3);
  const beat = sin((frame / frames) * 2 * PI);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const x = (c - columns / 2) / rows;
      const y = r / rows;
      const radius = hypot(x, y);
      if (abs(atan2(x, y)) > 0.62 || radius < 0.08 || radius > 0.97) continue;
      const layer = 0.6 + 0.4 * sin(radius * 26 + sin(x * 9) * 2);
      const cavity = hypot((x - 0.04) / (0.17 + 0.03 * beat), (y - 0.55) / (0.13 + 0.025 * beat)) < 1;
      const speckle = sqrt(-log(1 - random() * 0.999)) * 52;
      const grey = min(255, cavity ? 8 + speckle * 0.15 : speckle * layer * (1.25 - radius * 0.6));
      const at = (r * columns + c) * 3;
      const flow = cavity && hypot((x - 0.04) / 0.06, (y - 0.55) / 0.07) < 1;
      pixels[at] = flow ? 150 + 90 * max(0, beat) : grey;
      pixels[at + 1] = flow ? 40 : grey;
      pixels[at + 2] = flow ? 60 + 150 * max(0, -beat) : grey;
    }
  }
  return pixels;
}
