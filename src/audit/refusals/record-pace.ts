import { RateLimiter } from '../../platform/http';

/** Records of one origin, and of all together: a probe every few seconds is recorded, a flood is counted. */
const ofOneOrigin = { burst: 20, perMinute: 20, callersMax: 5_000 };
const ofAll = { burst: 200, perMinute: 200 };

/**
 * The pace at which refusals are recorded that cost their cause nothing: beyond it they are counted, so that nobody fills the
 * trail, and the next record says how many.
 */
export class RecordPace {
  private readonly origins: RateLimiter;
  private readonly all: RateLimiter;
  private notRecorded = 0;

  constructor(now: () => number = Date.now) {
    this.origins = new RateLimiter(ofOneOrigin, now);
    this.all = new RateLimiter(ofAll, now);
  }

  /** @returns how many were not recorded before this one, which is to be; undefined when it is only counted */
  take(origin: string): number | undefined {
    if (this.origins.take(origin) > 0 || this.all.take('all') > 0) {
      this.notRecorded += 1;
      return undefined;
    }
    return this.leftOut();
  }

  /** These could not be told after all. */
  giveBack(count: number): void {
    this.notRecorded += count;
  }

  /** How many were not recorded and not told yet; they count as told. */
  leftOut(): number {
    const { notRecorded } = this;
    this.notRecorded = 0;
    return notRecorded;
  }
}
