export type WireFaultReason = 'head-too-long' | 'head-malformed' | 'length-ambiguous' | 'chunk-malformed' | 'cut';

/** What a server sent is no answer of HTTP/1.1 that could be read in one way only. */
export class WireFault extends Error {
  constructor(readonly reason: WireFaultReason) {
    super(`HTTP answer: ${reason}`);
  }
}
