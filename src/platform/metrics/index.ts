import { collectDefaultMetrics, Counter, Gauge, Histogram, register } from 'prom-client';
import { bounded } from './bounded-metrics';

/**
 * The gateway's metrics. Names begin with `drimbox_`; labels are bounded words of the code (outcome, error code, PACS
 * id), never a value that a caller chooses; should one slip through, it is counted under `other` (`BoundedLabels`).
 */
const prefix = 'drimbox_';

export function counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
  return existing<Counter<L>>(name) ?? bounded(new Counter({ name: prefix + name, help, labelNames: [...labelNames] }));
}

export function gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
  return existing<Gauge<L>>(name) ?? bounded(new Gauge({ name: prefix + name, help, labelNames: [...labelNames] }));
}

/** Durations in seconds, as Prometheus wants them. */
export function histogram<L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  buckets: number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
): Histogram<L> {
  return (
    existing<Histogram<L>>(name) ??
    bounded(new Histogram({ name: prefix + name, help, labelNames: [...labelNames], buckets }))
  );
}

function existing<T>(name: string): T | undefined {
  return register.getSingleMetric(prefix + name) as T | undefined;
}

let defaultsAreCollected = false;

/** Text of the Prometheus exposition, with those of the process. */
export async function expositionText(): Promise<string> {
  if (!defaultsAreCollected) collectDefaultMetrics({ prefix });
  defaultsAreCollected = true;
  return register.metrics();
}

export const expositionType = register.contentType;
