/** By their own names: in a test's context a global is looked up slowly, and this is done for each pixel. */
const { atan2, ceil, floor, hypot, max, min, sin: sine, sqrt } = Math;

/** A small number generator: the same seed gives the same pictures for ever. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}

export interface Ellipse {
  /** Centre and half axes in mm, x towards the patient's left, y towards the back. */
  x: number;
  y: number;
  rx: number;
  ry: number;
  /** Radians. */
  turn?: number;
  value: number;
  /** Modulates the border: relative depth and number of waves. */
  waves?: { depth: number; count: number; phase: number };
}

/** One image in millimetres, centred, on which shapes are painted with a soft border of one pixel. */
export class Canvas {
  readonly values: Float32Array;

  constructor(
    readonly columns: number,
    readonly rows: number,
    readonly spacing: number,
    background: number,
  ) {
    this.values = new Float32Array(columns * rows).fill(background);
  }

  paint({ x, y, rx, ry, turn = 0, value, waves }: Ellipse): void {
    if (rx <= 0 || ry <= 0) return;
    const { columns, rows, spacing, values } = this;
    const cos = Math.cos(turn);
    const sin = Math.sin(turn);
    const softness = min(rx, ry) / spacing;
    const depth = waves?.depth ?? 0;
    /** Distances from the centre, in half axes, from which nothing is painted and up to which all is. */
    const outer = (1 + depth + 0.5 / softness) ** 2;
    const inner = max(0, 1 - depth - 0.5 / softness) ** 2;
    const reach = { x: sqrt(outer) * hypot(rx * cos, ry * sin), y: sqrt(outer) * hypot(rx * sin, ry * cos) };
    const column = (mm: number) => mm / spacing + columns / 2;
    const row = (mm: number) => mm / spacing + rows / 2;
    const [c0, c1] = [max(0, floor(column(x - reach.x))), min(columns - 1, ceil(column(x + reach.x)))];
    const [r0, r1] = [max(0, floor(row(y - reach.y))), min(rows - 1, ceil(row(y + reach.y)))];
    for (let r = r0; r <= r1; r++) {
      const dy = (r - rows / 2) * spacing - y;
      for (let c = c0; c <= c1; c++) {
        const dx = (c - columns / 2) * spacing - x;
        const u = (dx * cos + dy * sin) / rx;
        const v = (dy * cos - dx * sin) / ry;
        const away = u * u + v * v;
        if (away >= outer) continue;
        const at = r * columns + c;
        if (away <= inner) {
          values[at] = value;
          continue;
        }
        const edge = waves ? 1 + depth * sine(waves.count * atan2(v, u) + waves.phase) : 1;
        const inside = (edge - sqrt(away)) * softness + 0.5;
        if (inside > 0) values[at] += (value - values[at]) * min(1, inside);
      }
    }
  }

  /** Adds grain whose neighbours resemble each other, as a reconstruction kernel leaves it. */
  grain(deviation: number, random: () => number): void {
    let left = 0;
    const { values } = this;
    for (let at = 0; at < values.length; at++) {
      const fresh = random() + random() + random() - 1.5;
      values[at] += deviation * 1.6 * (fresh + 0.5 * left);
      left = fresh;
    }
  }
}
