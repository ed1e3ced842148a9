import { retryDelayMs } from './retry-delay';

const policy = { firstMs: 1_000, ceilingMs: 60_000 };

describe('the delay before another try', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [7, 60_000],
    [5_000, 60_000],
    [0, 1_000],
  ])('after attempt %i is at most %i ms', (attempt, most) => {
    expect(retryDelayMs(attempt, policy, 0)).toBe(most);
    expect(retryDelayMs(attempt, policy, 0.999_999)).toBeGreaterThanOrEqual(most / 2);
  });

  it('spreads what failed together', () => {
    const delays = Array.from({ length: 100 }, (_, i) => retryDelayMs(6, policy, i / 100));
    expect(new Set(delays).size).toBe(100);
  });
});
