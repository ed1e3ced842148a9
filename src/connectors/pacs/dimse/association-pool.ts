import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { Holder, Places } from '../retrieval/places';
import { Peer } from './connect';
import { DimseSettings } from './dimse-settings';
import { AssociationPlan, Requester } from './requester';

/** Associations kept warm: each holds a thread of the PACS, of which there may be four only. */
const warmMax = 2;

interface Warm {
  readonly key: string;
  readonly requester: Requester;
  readonly timer: NodeJS.Timeout;
}

/** Associations with one PACS: a limit on all, and those just used kept warm for the next request of the same plan. */
export class AssociationPool {
  private readonly warm: Warm[] = [];
  private readonly places: Places;
  private closed = false;

  constructor(
    private readonly peer: Peer,
    private readonly settings: DimseSettings,
    readonly limit: number,
  ) {
    this.places = new Places(limit);
  }

  /** Runs `work` with an association of the plan, which is kept warm afterwards if still open and without exchange. */
  async use<T>(
    plan: AssociationPlan,
    work: (requester: Requester) => Promise<T>,
    who: { readonly holder?: Holder; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const key = JSON.stringify(plan);
    const leave = await this.places.enter(who.holder, who.signal);
    let requester: Requester | undefined;
    try {
      requester = this.takeWarm(key) ?? (await this.open(plan));
      return await work(requester);
    } finally {
      if (requester) this.keep(key, requester);
      leave();
    }
  }

  close(): void {
    this.closed = true;
    for (const { requester, timer } of this.warm.splice(0)) {
      clearTimeout(timer);
      requester.release();
    }
  }

  /**
   * A PACS may serve fewer associations than we were told, even one alone: it then leaves the next one unanswered, or rejects it,
   * for as long as ours stay idle. Those are given up as soon as that shows.
   */
  private async open(plan: AssociationPlan): Promise<Requester> {
    this.releaseOneIfFull();
    const opening = () => Requester.open(plan, this.peer, this.settings);
    const yieldLater = setTimeout(() => void this.releaseWarm(), this.settings.yieldMs);
    try {
      return await opening();
    } catch (error) {
      const isTooMany = GatewayError.of(error)?.entry === pacsErrors.tooMany;
      if (!isTooMany || this.warm.length === 0) throw error;
      await this.releaseWarm();
      // The PACS counts it for a moment longer than it took to answer the release.
      await pause(this.settings.yieldMs);
      return await opening();
    } finally {
      clearTimeout(yieldLater);
    }
  }

  /** Resolves when the PACS has let all of them go. */
  private async releaseWarm(): Promise<void> {
    await Promise.all(
      this.warm.splice(0).map(({ requester, timer }) => {
        clearTimeout(timer);
        if (!requester.isOpen) return Promise.resolve();
        const closed = new Promise<void>((resolve) => (requester.onClosed = resolve));
        requester.release();
        return closed;
      }),
    );
  }

  /** Warm associations of other plans count for the peer too. */
  private releaseOneIfFull(): void {
    if (this.places.used + this.warm.length <= this.limit) return;
    const oldest = this.warm.shift();
    if (!oldest) return;
    clearTimeout(oldest.timer);
    oldest.requester.release();
  }

  private takeWarm(key: string): Requester | undefined {
    for (;;) {
      const index = this.warm.findIndex((entry) => entry.key === key);
      if (index < 0) return undefined;
      const [{ requester, timer }] = this.warm.splice(index, 1);
      clearTimeout(timer);
      if (requester.isOpen) return requester;
    }
  }

  private keep(key: string, requester: Requester): void {
    requester.storeReceiver = undefined;
    if (!requester.isOpen) return;
    const isKept = requester.isIdle && !this.closed && this.warm.length < warmMax && this.settings.warmMs > 0;
    if (!isKept) return requester.release();
    const timer = setTimeout(() => this.drop(requester), this.settings.warmMs);
    timer.unref();
    this.warm.push({ key, requester, timer });
    requester.onClosed = () => this.drop(requester);
  }

  private drop(requester: Requester): void {
    const index = this.warm.findIndex((entry) => entry.requester === requester);
    if (index < 0) return;
    clearTimeout(this.warm[index].timer);
    this.warm.splice(index, 1);
    if (requester.isOpen) requester.release();
  }
}
