import { Inject, Injectable, OnApplicationShutdown, Optional } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { correlationId } from '../../platform/logging';
import { AuditEvent } from './audit-event';
import { AUDIT_ORIGIN, AuditOrigin } from './audit-origin';
import { AuditTrail } from './audit-trail';
import { AuditRow, insertRecords, recordsJson } from './insert-records';

interface Waiting extends AuditRow {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Records written by one statement at most. */
const batchMax = 500;
/** Longest wait for the companions of a record, ms; and never more than this part of what the last write took. */
const gatherMsMax = 2;
const gatherPart = 0.5;

/**
 * The trail in the database. Records outside a transaction are written together when many come at once: one statement, one
 * wait for the disk, and each caller is answered after it. Callers that were answered together come back nearly together;
 * the first of them waits a moment for the others rather than for a disk of its own.
 */
@Injectable()
export class DatabaseAuditTrail extends AuditTrail implements OnApplicationShutdown {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  /** The last write: how many records, and how long it took, ms. */
  private last = { records: 0, ms: 0 };
  private gathered?: () => void;

  constructor(
    private readonly dataSource: DataSource,
    @Optional() @Inject(AUDIT_ORIGIN) private readonly origin?: AuditOrigin,
  ) {
    super();
  }

  override async record(given: AuditEvent, manager?: EntityManager): Promise<void> {
    const event = this.origin ? { ...given, facts: { ...given.facts, ...this.origin } } : given;
    const row: AuditRow = { at: event.at ?? new Date(), correlationId: correlationId(), event };
    if (manager) {
      await manager.query(insertRecords.text, [recordsJson([row])]);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ ...row, resolve, reject });
      if (this.waiting.length >= this.last.records) this.gathered?.();
      this.writing ??= this.write().finally(() => (this.writing = undefined));
    });
  }

  /** Writes what waits before the database connection closes. */
  async onApplicationShutdown(): Promise<void> {
    await this.late.close();
    await this.writing;
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      await this.gather();
      const batch = this.waiting.splice(0, batchMax);
      const beganMs = performance.now();
      try {
        await this.insert(batch);
        this.last = { records: batch.length, ms: performance.now() - beganMs };
        for (const row of batch) row.resolve();
      } catch (error) {
        if (batch.length > 1 && isAboutValues(error)) await this.writeOneByOne(batch);
        else for (const row of batch) row.reject(error);
      }
    }
  }

  /** Waits until as many are here as were written last time. A record alone is followed by none: it does not wait. */
  private async gather(): Promise<void> {
    const { records, ms } = this.last;
    if (this.waiting.length >= Math.min(records, batchMax) || records <= 1) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.gathered = resolve;
      timer = setTimeout(resolve, Math.min(gatherMsMax, ms * gatherPart));
    });
    clearTimeout(timer);
    this.gathered = undefined;
  }

  /** One record that the table refuses must not take the others of its group with it. */
  private async writeOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const row of batch) await this.insert([row]).then(row.resolve, row.reject);
  }

  /** Straight to the pool: what TypeORM does around a statement costs as much as its insertion. */
  private async insert(rows: readonly AuditRow[]): Promise<void> {
    const pool = (this.dataSource.driver as PostgresDriver).master as Pool;
    await pool.query({ ...insertRecords, values: [recordsJson(rows)] });
  }
}

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation): of one record, not of the connection. */
function isAboutValues(error: unknown): boolean {
  return /^2[23]/.test(String((error as { code?: unknown }).code));
}
