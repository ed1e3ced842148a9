import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event';

/**
 * The append-only trail. `record` resolves when the event is durable; given a transaction's manager,
 * the event stands or falls with that transaction.
 */
export abstract class AuditTrail {
  abstract record(event: AuditEvent, manager?: EntityManager): Promise<void>;
}

/** Keeps events in memory: for tests and tools that run without a database. */
export class MemoryAuditTrail extends AuditTrail {
  readonly events: AuditEvent[] = [];

  override async record(event: AuditEvent): Promise<void> {
    this.events.push(event);
  }
}
