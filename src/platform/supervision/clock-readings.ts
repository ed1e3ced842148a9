/** What another clock said, and between which moments of ours it said so. */
export interface ClockReading {
  readonly theirsMs: number;
  /** A clock that tells whole seconds only may be up to this much later than it says. */
  readonly grainMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** How far ours is ahead of theirs, ms: the least that explains the reading; 0 when nothing has to be explained. */
export function aheadMs({ theirsMs, grainMs, sentMs, receivedMs }: ClockReading): number {
  if (sentMs > theirsMs + grainMs) return sentMs - (theirsMs + grainMs);
  if (receivedMs < theirsMs) return receivedMs - theirsMs;
  return 0;
}

/** The moment of an HTTP answer (RFC 9110 6.6.1); what a cache kept for a while counts from then on (`Age`). */
export function dateOfAnswer(date: string, age: string | undefined): number | undefined {
  const at = Date.parse(date);
  const seconds = age !== undefined && /^\d{1,9}$/.test(age) ? Number(age) : 0;
  return Number.isNaN(at) ? undefined : at + seconds * 1_000;
}
