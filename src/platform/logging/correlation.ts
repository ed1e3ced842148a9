import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const storage = new AsyncLocalStorage<string>();

/** Runs `work` under one correlation id, which every log line, audit record and error answer of it carries. */
export function runWithCorrelation<T>(id: string, work: () => T): T {
  return storage.run(id, work);
}

/** The correlation id of the exchange under way, if any. */
export function correlationId(): string | undefined {
  return storage.getStore();
}

/** A fresh correlation id. */
export function newCorrelationId(): string {
  return randomUUID();
}

/** A caller's id is kept only if it is a short plain token: it goes into logs and headers. */
export function acceptCorrelationId(claimed: string | undefined): string {
  return claimed && /^[A-Za-z0-9._-]{8,64}$/.test(claimed) ? claimed : newCorrelationId();
}
