export interface RetryPolicy {
  readonly firstMs: number;
  readonly ceilingMs: number;
}

/**
 * How long to wait before try number `attempt` + 1 (the first failure is attempt 1): doubled each time up to a ceiling, then
 * shortened by up to half at random, so that what failed together does not come back together.
 *
 * @param random from 0 to 1, excluded
 */
export function retryDelayMs(attempt: number, policy: RetryPolicy, random: number): number {
  const doubled = policy.firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 40);
  return Math.round(Math.min(doubled, policy.ceilingMs) * (1 - random / 2));
}
