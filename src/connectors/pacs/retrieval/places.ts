import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';

/** Who takes a place at the PACS. */
export interface Holder {
  /** Opaque key of the caller for whom the PACS works. */
  readonly caller: string;
  /** For how long the caller's reader has taken nothing while the PACS waited for it, ms. */
  blockedMs(): number;
  /** Told to end: a reader that takes nothing holds a place that somebody else waits for. */
  giveUp(reason: Error): void;
}

export interface PlacesRules {
  /** Longest wait for a place. */
  readonly waitMsMax: number;
  /** Most who wait; the next ones are told at once that the PACS is busy. */
  readonly waitersMax: number;
  /** A reader may take nothing for this long while another caller waits. */
  readonly blockedMsMax: number;
}

export const defaultPlacesRules: PlacesRules = { waitMsMax: 10_000, waitersMax: 256, blockedMsMax: 5_000 };

interface Waiter {
  readonly caller: string;
  go(): void;
}

const lookEveryMs = 250;
const oneself: Holder = { caller: '', blockedMs: () => 0, giveUp: () => undefined };

/**
 * The few connections that a PACS serves at once, shared out among callers: a place that becomes free goes to the waiting
 * caller who has fewest, and who reads nothing loses a place once a caller with fewer waits for one. Alone, a caller may
 * have them all.
 */
export class Places {
  private readonly holders = new Set<Holder>();
  private readonly waiting: Waiter[] = [];
  /** Places promised to waiters who have not taken them yet. */
  private promised = 0;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    readonly limit: number,
    private readonly rules: PlacesRules = defaultPlacesRules,
  ) {}

  get used(): number {
    return this.holders.size;
  }

  /** Resolves with what gives the place back. Rejects with `pacs.too-many`, or with the signal's reason. */
  async enter(who: Holder = oneself, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.used + this.promised >= this.limit || this.waiting.length > 0) {
      await this.wait(who.caller, signal);
      this.promised -= 1;
    }
    // A caller may have several places by the same holder: each counts.
    const place: Holder = {
      caller: who.caller,
      blockedMs: () => who.blockedMs(),
      giveUp: (reason) => who.giveUp(reason),
    };
    this.holders.add(place);
    return () => {
      if (this.holders.delete(place)) this.callNext();
    };
  }

  private wait(caller: string, signal: AbortSignal | undefined): Promise<void> {
    const { waitMsMax, waitersMax } = this.rules;
    if (this.waiting.length >= waitersMax) {
      return Promise.reject(new GatewayError(pacsErrors.tooMany, { detail: 'too many waiting' }));
    }
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', left);
        const at = this.waiting.indexOf(waiter);
        if (at >= 0) this.waiting.splice(at, 1);
        act();
      };
      const waiter: Waiter = { caller, go: () => settle(resolve) };
      const left = (): void =>
        settle(() => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted')));
      const tooLate = new GatewayError(pacsErrors.tooMany, { detail: `no free place within ${waitMsMax} ms` });
      const timer = setTimeout(() => settle(() => reject(tooLate)), waitMsMax);
      signal?.addEventListener('abort', left, { once: true });
      this.waiting.push(waiter);
      this.watch ??= setInterval(() => this.look(), lookEveryMs);
      this.callNext();
    });
  }

  private callNext(): void {
    while (this.used + this.promised < this.limit && this.waiting.length > 0) {
      const next = this.waiting.reduce((best, one) => (this.held(one.caller) < this.held(best.caller) ? one : best));
      this.promised += 1;
      next.go();
    }
  }

  private held(caller: string): number {
    let count = 0;
    for (const holder of this.holders) if (holder.caller === caller) count += 1;
    return count;
  }

  /** While somebody waits: at most one reader that takes nothing is let go at a time, the one longest so. */
  private look(): void {
    if (this.waiting.length === 0) {
      clearInterval(this.watch);
      this.watch = undefined;
      return;
    }
    const fewest = Math.min(...this.waiting.map(({ caller }) => this.held(caller)));
    const blocked = [...this.holders]
      .filter((one) => one.blockedMs() > this.rules.blockedMsMax && this.held(one.caller) > fewest)
      .sort((a, b) => b.blockedMs() - a.blockedMs());
    blocked[0]?.giveUp(
      new GatewayError(pacsErrors.readerTooSlow, { detail: 'its place was wanted by another caller' }),
    );
  }
}
