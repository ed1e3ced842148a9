/**
 * Codec instances thrown away in this thread. Each one reserves gigabytes of address space until it is collected, and V8 stalls
 * for seconds once too many wait for that: the thread that owns them is better replaced.
 */
let discarded = 0;
const discardsMax = 16;

export function noteDiscard(): void {
  discarded++;
}

/** True when this thread has thrown away so many codecs that it should end. */
export function tooManyDiscards(): boolean {
  return discarded >= discardsMax;
}
