import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance } from '../pacs.port';
import { Asking } from './asking';
import { ExpectedSet } from './expected-set';
import { Funnel } from './funnel';
import { pause } from './pause';

export interface ListWorkersParts {
  readonly set: ExpectedSet;
  readonly funnel: Funnel;
  readonly asking: Asking;
  /** Associations to begin with, and the most. */
  readonly parallel: number;
  /** Aborted when the retrieval has failed. */
  readonly stopped: AbortSignal;
  readonly maxParallel: number;
  /** Stops the other workers. */
  readonly stop: (reason: Error) => void;
}

/** Pauses of the last worker while the PACS refuses it an association: other users of the PACS come and go. */
const retryPausesMs = [250, 500, 1_000, 2_000, 4_000];
const listMax = 400;
const listMin = 8;
const climbMs = 200;
/** More associations are worth having when the last ones brought this much more. */
const worthwhile = 1.15;

/** Lists of instances over several associations at once; more are added as long as they bring more. */
export class ListWorkers {
  private readonly taken = new Set<string>();
  private target: number;
  /** Associations beyond which the PACS, or its configuration, gives no more. */
  private most: number;
  private running = 0;
  private refusals = 0;
  private rejected: Error | undefined;
  private settle: () => void = () => undefined;

  constructor(private readonly parts: ListWorkersParts) {
    this.most = parts.maxParallel;
    this.target = Math.min(parts.parallel, this.most);
  }

  /** Resolves with the number of associations that turned out right. */
  async run(): Promise<number> {
    const done = new Promise<void>((resolve) => (this.settle = resolve));
    const climb = this.climb();
    for (let i = 0; i < this.target; i++) void this.work();
    await done;
    clearInterval(climb);
    if (this.rejected) throw this.rejected;
    return this.target;
  }

  private climb(): NodeJS.Timeout {
    const { set, funnel } = this.parts;
    let before = 0;
    let bytesBefore = set.bytes;
    return setInterval(() => {
      const rate = set.bytes - bytesBefore;
      bytesBefore = set.bytes;
      const isWorth = rate > 0 && rate >= before * worthwhile;
      const isEnough = !isWorth || this.target >= this.most || this.running < this.target;
      if (funnel.isBlocked || isEnough) return;
      before = rate;
      const more = Math.min(this.most, this.target * 2) - this.target;
      this.target += more;
      for (let i = 0; i < more; i++) void this.work();
    }, climbMs);
  }

  private async work(): Promise<void> {
    this.running += 1;
    let stays = true;
    try {
      for (let list = this.take(); list.length > 0 && this.running <= this.target; list = this.take()) {
        stays = await this.fetchOrLeave(list);
        if (!stays) return;
      }
    } catch (error) {
      this.rejected = error instanceof Error ? error : new Error('retrieval failed');
      this.parts.stop(this.rejected);
    } finally {
      if (stays) this.running -= 1;
      if (this.running === 0) this.settle();
    }
  }

  /**
   * When the PACS refuses one association more, its worker leaves (false) and those that it gave go on. The last one waits
   * and asks again: without it nobody would be left.
   */
  private async fetchOrLeave(list: readonly ExpectedInstance[]): Promise<boolean> {
    const { set, stopped } = this.parts;
    for (let left = list; left.length > 0; left = list.filter(({ sopInstanceUid }) => set.isWanted(sopInstanceUid))) {
      const before = set.bytes;
      try {
        await this.fetch(left);
        this.refusals = 0;
        return true;
      } catch (error) {
        if (!isLimit(error) || stopped.aborted) throw error;
        if (this.running > 1) {
          this.running -= 1;
          this.target = this.most = this.running;
          return false;
        }
        if (set.bytes > before) this.refusals = 0;
        const pauseMs = retryPausesMs[this.refusals++];
        if (pauseMs === undefined) throw error;
        this.target = this.most = 1;
        await pause(pauseMs, stopped);
        if (stopped.aborted) throw error;
        for (const { sopInstanceUid } of left) this.taken.add(sopInstanceUid);
      }
    }
    return true;
  }

  private take(): ExpectedInstance[] {
    const free = this.parts.set.wanted().filter(({ sopInstanceUid }) => !this.taken.has(sopInstanceUid));
    const series = free[0]?.seriesInstanceUid;
    const share = Math.min(listMax, Math.max(listMin, Math.ceil(free.length / this.target)));
    const list = free.filter(({ seriesInstanceUid }) => seriesInstanceUid === series).slice(0, share);
    for (const { sopInstanceUid } of list) this.taken.add(sopInstanceUid);
    return list;
  }

  private async fetch(list: readonly ExpectedInstance[]): Promise<void> {
    try {
      await this.parts.asking.list(list);
    } catch (error) {
      for (const { sopInstanceUid } of list) this.taken.delete(sopInstanceUid);
      throw error;
    }
  }
}

function isLimit(error: unknown): boolean {
  const entry = GatewayError.of(error)?.entry;
  return entry === pacsErrors.tooMany || entry === pacsErrors.tooSlow;
}
