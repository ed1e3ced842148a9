import type { RequestsUnderWay } from '../delivery/requests-under-way';

export interface TurnTimes {
  /** No request under way for this long: a quiet moment. */
  readonly quietMs: number;
  /** Longest wait for a quiet moment; then work goes on in small portions beside the requests. */
  readonly patienceMs: number;
  /** Between two such portions. */
  readonly portionPauseMs: number;
}

/** Another request came, or the gateway stops: what was done so far stays. */
export class Interrupted extends Error {}

const watchMs = 100;

/**
 * When work that nobody waits for may be done: in quiet moments as much as there is, ended by the first request that comes; and on
 * a gateway that is never quiet, after a bounded wait, a small portion at a time.
 */
export class CollectorTurns {
  private lastBusyMs = 0;
  private waitsSinceMs: number | undefined;
  private portionEndMs = 0;

  constructor(
    private readonly requests: RequestsUnderWay,
    private readonly times: () => TurnTimes,
    private readonly stopping: AbortSignal,
  ) {}

  /** Resolves with the kind of turn; rejects when the gateway stops. */
  async next(): Promise<'quiet' | 'portion'> {
    const { quietMs, patienceMs, portionPauseMs } = this.times();
    this.waitsSinceMs ??= Date.now();
    for (;;) {
      this.stopping.throwIfAborted();
      const now = Date.now();
      if (this.requests.count > 0) this.lastBusyMs = now;
      const quietInMs = this.lastBusyMs + quietMs - now;
      if (quietInMs <= 0) {
        this.waitsSinceMs = undefined;
        return 'quiet';
      }
      const portionInMs = Math.max(this.waitsSinceMs + patienceMs, this.portionEndMs + portionPauseMs) - now;
      if (portionInMs <= 0) return 'portion';
      await new Promise((resolve) => setTimeout(resolve, Math.min(quietInMs, portionInMs, watchMs)));
    }
  }

  /** Does the work of a turn: in a quiet moment until a request comes, whose images go before it; a portion to its end. */
  async take(turn: 'quiet' | 'portion', work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (turn === 'portion') {
      await work(this.stopping).finally(() => (this.portionEndMs = Date.now()));
      return;
    }
    const abort = new AbortController();
    const watch = setInterval(() => {
      if (this.requests.count === 0) return;
      this.lastBusyMs = Date.now();
      abort.abort(new Interrupted('a request came'));
    }, watchMs);
    try {
      await work(AbortSignal.any([abort.signal, this.stopping]));
    } catch (error) {
      if (!abort.signal.aborted || this.stopping.aborted) throw error;
    } finally {
      clearInterval(watch);
    }
  }
}
