import type { ServerResponse } from 'node:http';

export interface PaceRules {
  /** Fewest bytes a second that a caller takes, on average over the window, while bytes wait for it; 0: no limit. */
  readonly bytesPerSecondMin: number;
  readonly windowMs: number;
}

/** A write counts once all of it has been taken: this much may be on its way without showing. */
const unseenBytes = 1_048_576;
/** Looks in one window: at each of them bytes must have waited for the caller. */
const looksInWindow = 10;

/**
 * Watches how fast a caller takes its answer. One that takes a byte now and then never stalls, and would keep its place,
 * and the PACS's association behind it, for ever. Time in which nothing waits for the caller is not counted against it.
 */
export class ReadingPace {
  private readonly timer: NodeJS.Timeout | undefined;
  private looks = 0;
  private takenBefore = 0;
  isTooSlow = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly rules: PaceRules,
  ) {
    if (rules.bytesPerSecondMin === 0) return;
    this.timer = setInterval(() => this.look(), rules.windowMs / looksInWindow);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { socket } = this.response;
    const isWaitedFor = socket !== null && !socket.destroyed && this.response.writableLength > 0;
    const taken = socket ? socket.bytesWritten - socket.writableLength : 0;
    if (!isWaitedFor || this.looks === 0) {
      this.looks = isWaitedFor ? 1 : 0;
      this.takenBefore = taken;
      return;
    }
    if (++this.looks <= looksInWindow) return;
    const { bytesPerSecondMin, windowMs } = this.rules;
    this.isTooSlow = taken - this.takenBefore + unseenBytes < (bytesPerSecondMin * windowMs) / 1_000;
    this.looks = 1;
    this.takenBefore = taken;
    if (!this.isTooSlow) return;
    this.stop();
    this.response.destroy();
  }
}
