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
    const reach = Math.max(rx, ry) * (1 + (waves?.depth ?? 0)) + this.spacing;
    const column = (mm: number) => mm / this.spacing + this.columns / 2;
    const row = (mm: number) => mm / this.spacing + this.rows / 2;
    const [c0, c1] = [
      Math.max(0, Math.floor(column(x - reach))),
      Math.min(this.columns - 1, Math.ceil(column(x + reach))),
    ];
    const [r0, r1] = [Math.max(0, Math.floor(row(y - reach))), Math.min(this.rows - 1, Math.ceil(row(y + reach)))];
    const cos = Math.cos(turn);
    const sin = Math.sin(turn);
    const softness = Math.min(rx, ry) / this.spacing;
    for (let r = r0; r <= r1; r++) {
      const dy = (r - this.rows / 2) * this.spacing - y;
      for (let c = c0; c <= c1; c++) {
        const dx = (c - this.columns / 2) * this.spacing - x;
        const u = (dx * cos + dy * sin) / rx;
        const v = (dy * cos - dx * sin) / ry;
        let edge = 1;
        if (waves) edge += waves.depth * Math.sin(waves.count * Math.atan2(v, u) + waves.phase);
        const inside = (edge - Math.sqrt(u * u + v * v)) * softness + 0.5;
        if (inside <= 0) continue;
        const at = r * this.columns + c;
        this.values[at] += (value - this.values[at]) * Math.min(1, inside);
      }
    }
  }

  /** Adds grain whose neighbours resemble each other, as a reconstruction kernel leaves it. */
  grain(deviation: number, random: () => number): void {
    let left = 0;
    for (let at = 0; at < this.values.length; at++) {
      const fresh = random() + random() + random() - 1.5;
      this.values[at] += deviation * 1.6 * (fresh + 0.5 * left);
      left = fresh;
    }
  }
}
