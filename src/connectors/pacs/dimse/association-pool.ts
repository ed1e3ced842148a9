import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { Peer } from './connect';
import { DimseSettings } from './dimse-settings';
import { AssociationPlan, Requester } from './requester';

/** Longest wait for an association when the limit is reached. */
const waitMsMax = 10_000;
/** Most callers waiting for one; the next ones are told at once that the PACS is busy. */
const waitersMax = 256;

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
  private used = 0;
  private readonly waiting: (() => void)[] = [];
  private closed = false;

  constructor(
    private readonly peer: Peer,
    private readonly settings: DimseSettings,
    readonly limit: number,
  ) {}

  /** Associations still free to be opened or taken. */
  get room(): number {
    return Math.max(0, this.limit - this.used);
  }

  /** Runs `work` with an association of the plan, which is kept warm afterwards if still open and without exchange. */
  async use<T>(plan: AssociationPlan, work: (requester: Requester) => Promise<T>): Promise<T> {
    const key = JSON.stringify(plan);
    await this.enter();
    let requester: Requester | undefined;
    try {
      requester = this.takeWarm(key) ?? (await this.open(plan));
      return await work(requester);
    } finally {
      if (requester) this.keep(key, requester);
      this.used -= 1;
      this.waiting.shift()?.();
    }
  }

  close(): void {
    this.closed = true;
    for (const { requester, timer } of this.warm.splice(0)) {
      clearTimeout(timer);
      requester.release();
    }
  }

  private async open(plan: AssociationPlan): Promise<Requester> {
    this.releaseOneIfFull();
    return Requester.open(plan, this.peer, this.settings);
  }

  /** Warm associations of other plans count for the peer too. */
  private releaseOneIfFull(): void {
    if (this.used + this.warm.length <= this.limit) return;
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
    if (!requester.isIdle || this.closed || this.warm.length >= warmMax) return requester.release();
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

  private async enter(): Promise<void> {
    if (this.used < this.limit) {
      this.used += 1;
      return;
    }
    if (this.waiting.length >= waitersMax) throw new GatewayError(pacsErrors.tooMany, { detail: 'too many waiting' });
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer);
        this.used += 1;
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(new GatewayError(pacsErrors.tooMany, { detail: `no free association within ${waitMsMax} ms` }));
      }, waitMsMax);
      this.waiting.push(go);
    });
  }
}
