import type { Metric } from 'prom-client';
import { BoundedLabels } from './bounded-labels';

type Method = (labels?: unknown, value?: number) => unknown;
const methods = ['inc', 'dec', 'set', 'observe'] as const;

/**
 * Makes a metric of prom-client keep its series few. The library lays some of these methods on the instance, so a subclass
 * could not override them.
 */
export function bounded<M extends Metric>(metric: M): M {
  const labels = new BoundedLabels();
  const own = metric as unknown as Record<(typeof methods)[number], Method | undefined>;
  for (const name of methods) {
    const original = own[name]?.bind(metric);
    if (!original) continue;
    own[name] = (first, value) =>
      typeof first === 'object' && first !== null ? original(labels.of(first), value) : original(first, value);
  }
  return metric;
}
