import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { correlationId } from '../../platform/logging';
import { AuditEvent } from './audit-event';
import { AuditTrail } from './audit-trail';

interface Row {
  readonly at: Date;
  readonly correlationId: string | undefined;
  readonly event: AuditEvent;
}

interface Waiting extends Row {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Records written by one statement at most, so that a burst stays below the protocol's parameter limit. */
const batchMax = 500;
const columns = 14;

/** The trail in the database. Records outside a transaction are written together when many come at once. */
@Injectable()
export class DatabaseAuditTrail extends AuditTrail implements OnApplicationShutdown {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override record(event: AuditEvent, manager?: EntityManager): Promise<void> {
    const row: Row = { at: new Date(), correlationId: correlationId(), event };
    if (manager) return insert(manager, [row]);
    return new Promise<void>((resolve, reject) => {
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
        await insert(this.dataSource.manager, batch);
        for (const row of batch) row.resolve();
      } catch (error) {
        for (const row of batch) row.reject(error);
      }
    }
  }
}

async function insert(manager: EntityManager, rows: readonly Row[]): Promise<void> {
  const values = rows.flatMap(({ at, correlationId: correlation, event }) => [
    at,
    event.kind,
    event.outcome,
    correlation ?? null,
    JSON.stringify(event.actor),
    event.patient?.matricule ?? null,
    event.patient?.oid ?? null,
    event.studyInstanceUid ?? null,
    event.documentUniqueId ?? null,
    event.instances ?? null,
    event.bytes ?? null,
    event.durationMs === undefined ? null : Math.round(event.durationMs),
    event.errorCode ?? null,
    JSON.stringify(event.facts ?? {}),
  ]);
  const tuples = rows.map(
    (_, row) => `(${Array.from({ length: columns }, (__, i) => `$${row * columns + i + 1}`).join(',')})`,
  );
  await manager.query(
    `INSERT INTO audit_record (at, kind, outcome, correlation_id, actor, patient_matricule, patient_oid, study_instance_uid,
       document_unique_id, instances, bytes, duration_ms, error_code, facts) VALUES ${tuples.join(',')}`,
    values,
  );
}
