import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import type { AuditActor } from '../trail/audit-event';
import { AuditTrail } from '../trail/audit-trail';
import type { AlarmSeverity } from './hysteresis';

/** One occurrence of an alarm, as every process sees it. */
export interface Alarm {
  readonly id: string;
  /** Name of the check. */
  readonly name: string;
  readonly severity: AlarmSeverity;
  /** What the check last said, in French. */
  readonly summary: string;
  readonly raisedAt: Date;
  readonly clearedAt?: Date;
  readonly acknowledgedAt?: Date;
  /** Name of the operator, for the screen. */
  readonly acknowledgedBy?: string;
}

/** What this process itself sees. */
export interface Sight {
  readonly name: string;
  readonly severity: AlarmSeverity;
  readonly summary: string;
  readonly since: Date;
}

export interface Agreement {
  /** Alarms that this process sees. */
  readonly seen: readonly Sight[];
  /** Alarms that began and ended here while the database was away. */
  readonly missed: readonly Sight[];
  /** May an alarm that nobody sees any more end, as far as this process can tell? */
  mayEnd(name: string): boolean;
  /** A process that has not spoken for this long no longer counts, ms. */
  readonly silentMs: number;
}

/** Key of the advisory lock under which one process at a time settles the alarms ("ALRM" in ASCII). */
const alarmLock = 0x414c524d;
const keptDays = 90;
const columns = `id::text, name, severity, summary, raised_at AS "raisedAt", cleared_at AS "clearedAt",
  acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy"`;

/** Alarms shared by all processes of a gateway: raised once, ended once, whoever comes first writes the audit. */
@Injectable()
export class AlarmRepository {
  /** Who looks: a process, not a machine. */
  readonly observer = randomUUID();

  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditTrail,
  ) {}

  /** Alarms that have not ended, the gravest and oldest first. */
  async active(manager: EntityManager = this.dataSource.manager): Promise<Alarm[]> {
    const rows = await manager.query<Alarm[]>(
      `SELECT ${columns} FROM audit_alarm WHERE cleared_at IS NULL ORDER BY severity, raised_at LIMIT 500`,
    );
    return rows.map(alarmOf);
  }

  /** The latest that ended. */
  async ended(limit: number): Promise<Alarm[]> {
    const rows = await this.dataSource.query<Alarm[]>(
      `SELECT ${columns} FROM audit_alarm WHERE cleared_at IS NOT NULL ORDER BY cleared_at DESC LIMIT $1`,
      [limit],
    );
    return rows.map(alarmOf);
  }

  /** Brings what this process sees together with what others see. @returns the alarms that are active now */
  settle(agreement: Agreement): Promise<Alarm[]> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [alarmLock]);
      for (const sight of agreement.missed) {
        await this.see(manager, sight);
        await this.forget(manager, sight.name);
        await this.end(manager, sight.name, agreement.silentMs);
      }
      for (const sight of agreement.seen) await this.see(manager, sight);
      const mine = new Set(agreement.seen.map(({ name }) => name));
      for (const { name, severity } of await this.active(manager)) {
        if (!mine.has(name)) {
          await this.forget(manager, name);
          if (agreement.mayEnd(name)) await this.end(manager, name, agreement.silentMs);
        }
        if (severity === 'critical') await ease(manager, name, agreement.silentMs);
      }
      return this.active(manager);
    });
  }

  /** @returns false when it has ended, or somebody has it in hand already */
  async acknowledge(id: string, actor: AuditActor): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const rows = await changed<{ name: string; severity: AlarmSeverity }>(
        manager,
        `UPDATE audit_alarm SET acknowledged_at = now(), acknowledged_by = $2
         WHERE id = $1 AND cleared_at IS NULL AND acknowledged_at IS NULL RETURNING name, severity`,
        [id, actor.professionalName ?? actor.professionalId ?? ''],
      );
      const [alarm] = rows;
      if (!alarm) return false;
      const facts = { alarm: alarm.name, severity: alarm.severity };
      await this.audit.record({ kind: 'alarm.acknowledged', outcome: 'success', actor, facts }, manager);
      return true;
    });
  }

  /** Raises it or, when it stands already, says that this process sees it too. */
  private async see(manager: EntityManager, { name, severity, summary, since }: Sight): Promise<void> {
    const raised = await manager.query<{ id: string }[]>(
      `INSERT INTO audit_alarm (name, severity, summary, raised_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (name) WHERE cleared_at IS NULL DO NOTHING RETURNING id`,
      [name, severity, summary, since],
    );
    const worsened =
      raised.length === 0 && severity === 'critical'
        ? await changed(
            manager,
            `UPDATE audit_alarm SET severity = 'critical', summary = $2, acknowledged_at = NULL, acknowledged_by = NULL
             WHERE name = $1 AND cleared_at IS NULL AND severity = 'warning' RETURNING id`,
            [name, summary],
          )
        : [];
    if (raised.length + worsened.length > 0) {
      const facts = { alarm: name, severity, since: since.toISOString(), worsened: worsened.length > 0 };
      await this.audit.record({ kind: 'alarm.raised', outcome: 'failure', actor: {}, facts }, manager);
    }
    if (raised.length > 0)
      await manager.query(`DELETE FROM audit_alarm WHERE cleared_at < now() - interval '${keptDays} days'`);
    await manager.query(
      `INSERT INTO audit_alarm_observer (alarm_id, observer, severity, seen_at)
       SELECT id, $2, $3, now() FROM audit_alarm WHERE name = $1 AND cleared_at IS NULL
       ON CONFLICT (alarm_id, observer) DO UPDATE SET severity = excluded.severity, seen_at = excluded.seen_at`,
      [name, this.observer, severity],
    );
  }

  private async forget(manager: EntityManager, name: string): Promise<void> {
    await manager.query(
      `DELETE FROM audit_alarm_observer USING audit_alarm a
       WHERE alarm_id = a.id AND a.name = $1 AND a.cleared_at IS NULL AND observer = $2`,
      [name, this.observer],
    );
  }

  /** Ends it, unless a process that still speaks sees it. */
  private async end(manager: EntityManager, name: string, silentMs: number): Promise<void> {
    const rows = await changed<{ severity: AlarmSeverity; seconds: number }>(
      manager,
      `UPDATE audit_alarm a SET cleared_at = now() WHERE name = $1 AND cleared_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM audit_alarm_observer o WHERE o.alarm_id = a.id AND ${isFresh('$2')})
       RETURNING severity, extract(epoch FROM now() - raised_at)::float8 AS seconds`,
      [name, silentMs],
    );
    for (const { severity, seconds } of rows) {
      const facts = { alarm: name, severity };
      const durationMs = Math.min(seconds * 1_000, 2 ** 31 - 1);
      await this.audit.record({ kind: 'alarm.cleared', outcome: 'success', actor: {}, durationMs, facts }, manager);
    }
  }
}

const isFresh = (place: string): string => `o.seen_at > now() - ${place} * interval '1 millisecond'`;

/** No process sees it as critical any more. */
async function ease(manager: EntityManager, name: string, silentMs: number): Promise<void> {
  await manager.query(
    `UPDATE audit_alarm a SET severity = 'warning' WHERE name = $1 AND cleared_at IS NULL AND severity = 'critical'
       AND EXISTS (SELECT 1 FROM audit_alarm_observer o WHERE o.alarm_id = a.id AND ${isFresh('$2')})
       AND NOT EXISTS (SELECT 1 FROM audit_alarm_observer o
         WHERE o.alarm_id = a.id AND o.severity = 'critical' AND ${isFresh('$2')})`,
    [name, silentMs],
  );
}

/** Rows that an UPDATE returned: TypeORM puts their number beside them. */
async function changed<T>(manager: EntityManager, sql: string, values: unknown[]): Promise<T[]> {
  const [rows] = await manager.query<[T[], number]>(sql, values);
  return rows;
}

function alarmOf(row: Alarm): Alarm {
  return {
    ...row,
    clearedAt: row.clearedAt ?? undefined,
    acknowledgedAt: row.acknowledgedAt ?? undefined,
    acknowledgedBy: row.acknowledgedBy ?? undefined,
  };
}
