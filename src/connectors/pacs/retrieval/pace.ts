/** What was learned of a PACS: whether it lets the link idle between two instances, and how many associations help. */
export interface PaceProfile {
  readonly isSlow: boolean;
  readonly parallel: number;
}

/** A median gap between two instances above this, with a nearly idle link, is a wait and not work. */
const waitingGapMs = 12;
/** Above this rate the link is busy, whatever the gap: large instances take their time. */
const busyBytesPerMs = 40_000;
const memoryMs = 10 * 60_000;

/** Gaps between the ends of successive instances of one request. */
export class GapMeter {
  private readonly gaps: number[] = [];
  private bytes: number[] = [];
  private last: number | undefined;

  note(nowMs: number, bytes: number): void {
    if (this.last !== undefined) {
      this.gaps.push(nowMs - this.last);
      this.bytes.push(bytes);
      if (this.gaps.length > 32) {
        this.gaps.shift();
        this.bytes.shift();
      }
    }
    this.last = nowMs;
  }

  get count(): number {
    return this.gaps.length;
  }

  get medianMs(): number {
    const sorted = [...this.gaps].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** True when the PACS waits between instances: mean counts too, since a wait may strike every third instance only. */
  get isWaiting(): boolean {
    if (this.gaps.length === 0) return false;
    const totalMs = this.gaps.reduce((a, b) => a + b, 0);
    const totalBytes = this.bytes.reduce((a, b) => a + b, 0);
    return totalMs / this.gaps.length > waitingGapMs && totalBytes / Math.max(totalMs, 0.001) < busyBytesPerMs;
  }
}

/** Memory of one PACS's pace; forgotten after ten minutes, so that a repaired or overloaded PACS is measured again. */
export class PaceMemory {
  private known: { profile: PaceProfile; atMs: number } | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get profile(): PaceProfile | undefined {
    if (this.known && this.now() - this.known.atMs > memoryMs) this.known = undefined;
    return this.known?.profile;
  }

  learn(profile: PaceProfile): void {
    this.known = { profile, atMs: this.now() };
  }
}
