import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { correlationId } from '../../platform/logging';
import { AuditEvent } from './audit-event';
import { AuditTrail } from './audit-trail';
import { AuditRow, insertRecords, recordsJson } from './insert-records';

interface Waiting extends AuditRow {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Records written by one statement at most. */
const batchMax = 500;

/** The trail in the database. Records outside a transaction are written together when many come at once. */
@Injectable()
export class DatabaseAuditTrail extends AuditTrail implements OnApplicationShutdown {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async record(event: AuditEvent, manager?: EntityManager): Promise<void> {
    const row: AuditRow = { at: new Date(), correlationId: correlationId(), event };
    if (manager) {
      await manager.query(insertRecords.text, [recordsJson([row])]);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ ...row, resolve, reject });
      this.writing ??= this.write().finally(() => (this.writing = undefined));
    });
  }

  /** Writes what waits before the database connection closes. */
  async onApplicationShutdown(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMax);
      try {
        await this.insert(batch);
        for (const row of batch) row.resolve();
      } catch (error) {
        if (batch.length > 1 && isAboutValues(error)) await this.writeOneByOne(batch);
        else for (const row of batch) row.reject(error);
      }
    }
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
