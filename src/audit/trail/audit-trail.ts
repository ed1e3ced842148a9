import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event';
import { LateRecords } from './late-records';

/**
 * The append-only trail. `record` resolves when the event is durable; given a transaction's manager,
 * the event stands or falls with that transaction.
 */
export abstract class AuditTrail {
  protected readonly late = new LateRecords((event) => this.record(event));

  abstract record(event: AuditEvent, manager?: EntityManager): Promise<void>;

  /**
   * For what has happened and cannot be taken back: a record that the trail refuses is held, told by the health check and written
   * as soon as the trail takes it. Resolves when it is durable, or held; never rejects.
   */
  recordDone(event: AuditEvent): Promise<void> {
    return this.late.record(event);
  }

  /** Of `recordDone`: how many are held, and how many were too many for that. */
  get missing(): { readonly held: number; readonly lost: number } {
    return { held: this.late.count, lost: this.late.lost };
  }
}

/** Keeps events in memory: for tests and tools that run without a database. */
export class MemoryAuditTrail extends AuditTrail {
  readonly events: AuditEvent[] = [];

  override async record(event: AuditEvent): Promise<void> {
    this.events.push(event);
  }
}
