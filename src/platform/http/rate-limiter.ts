export interface RateLimit {
  /** Requests allowed at once. */
  readonly burst: number;
  /** Requests given back each minute. */
  readonly perMinute: number;
  /** Callers remembered; the one seen longest ago is forgotten first. */
  readonly callersMax?: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const defaultCallersMax = 20_000;

/** A bucket of tokens for each caller (address, session, peer), in memory and bounded. */
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly limit: RateLimit,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes one token. @returns 0 when there was one, else the seconds after which there will be */
  take(caller: string): number {
    const now = this.now();
    const { burst, perMinute } = this.limit;
    const bucket = this.buckets.get(caller) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 60_000) * perMinute);
    const isAllowed = tokens >= 1;
    this.remember(caller, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    return isAllowed ? 0 : Math.max(1, Math.ceil(((1 - tokens) / perMinute) * 60));
  }

  private remember(caller: string, bucket: Bucket): void {
    this.buckets.delete(caller);
    this.buckets.set(caller, bucket);
    if (this.buckets.size <= (this.limit.callersMax ?? defaultCallersMax)) return;
    const oldest = this.buckets.keys().next();
    if (!oldest.done) this.buckets.delete(oldest.value);
  }
}
