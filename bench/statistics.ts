/** Value in the middle of a sorted copy; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Value below which this share of the values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Three significant digits, so that results do not look more exact than they are. */
export function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(value >= 1000 ? 4 : 3)) : value;
}

type Runners<T> = Readonly<Record<string, () => Promise<T>>>;

/** Runs each contender once per round, in an order that turns round, so that none always comes after the same other. */
export async function alternate<T>(rounds: number, runners: Runners<T>): Promise<Record<string, T[]>> {
  const results: Record<string, T[]> = Object.fromEntries(Object.keys(runners).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(runners);
    if (round % 2 === 1) names.reverse();
    for (const name of names) {
      const runner = runners[name];
      if (runner) results[name]?.push(await runner());
    }
  }
  return results;
}
