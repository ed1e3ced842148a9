import { RateLimiter } from './rate-limiter';

describe('the limit of requests for each caller', () => {
  let nowMs: number;
  const limiter = (callersMax?: number) => new RateLimiter({ burst: 3, perMinute: 6, callersMax }, () => nowMs);
  beforeEach(() => (nowMs = 1_000_000));

  it('lets a burst pass, then says when to come back', () => {
    const limit = limiter();
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 10]);
    nowMs += 9_999;
    expect(limit.take('a')).toBe(1);
    nowMs += 1;
    expect(limit.take('a')).toBe(0);
    expect(limit.take('a')).toBe(10);
  });

  it('keeps callers apart, and never gives more than the burst', () => {
    const limit = limiter();
    for (let i = 0; i < 4; i++) limit.take('a');
    expect(limit.take('b')).toBe(0);
    nowMs += 3_600_000;
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 10]);
  });

  it('does not give more when the clock goes back', () => {
    const limit = limiter();
    for (let i = 0; i < 3; i++) limit.take('a');
    nowMs -= 3_600_000;
    expect(limit.take('a')).toBe(10);
  });

  it('remembers a bounded number of callers', () => {
    const limit = limiter(2);
    for (let i = 0; i < 3; i++) limit.take('a');
    limit.take('b');
    expect(limit.take('a')).toBeGreaterThan(0);
    limit.take('c');
    limit.take('d');
    expect(limit.take('a')).toBe(0);
  });
});
