import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditKind, AuditOutcome } from '../trail/audit-event';

export interface StatisticsPeriod {
  /** From included, to excluded. */
  readonly from: Date;
  readonly to: Date;
  /** Zone in which days are counted, for example Europe/Paris. */
  readonly timeZone: string;
}

/** Events of one kind and outcome on one day. */
export interface DailyCount {
  /** 2026-11-21 */
  readonly day: string;
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
  readonly events: number;
  readonly instances: number;
  readonly bytes: number;
}

/** How long the events of one kind took, ms. */
export interface Latency {
  readonly kind: AuditKind;
  readonly events: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface FailureCount {
  readonly kind: AuditKind;
  readonly errorCode: string;
  readonly events: number;
}

/** What one neighbour received from us or gave us. */
export interface PeerCount {
  readonly peer: string;
  readonly events: number;
  readonly failures: number;
  readonly bytes: number;
}

const rowsMax = 20_000;

/** Figures of the trail, and of the trail only. */
@Injectable()
export class StatisticsQueries {
  constructor(private readonly dataSource: DataSource) {}

  daily({ from, to, timeZone }: StatisticsPeriod): Promise<DailyCount[]> {
    return this.dataSource.query<DailyCount[]>(
      `SELECT to_char(at AT TIME ZONE $3, 'YYYY-MM-DD') AS day, kind, outcome, count(*)::int AS events,
         coalesce(sum(instances), 0)::float8 AS instances, coalesce(sum(bytes), 0)::float8 AS bytes
       FROM audit_record WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3 ORDER BY 1 LIMIT ${rowsMax}`,
      [from, to, timeZone],
    );
  }

  latencies({ from, to }: StatisticsPeriod): Promise<Latency[]> {
    const percentile = (fraction: number) => `percentile_cont(${fraction}) WITHIN GROUP (ORDER BY duration_ms)::float8`;
    return this.dataSource.query<Latency[]>(
      `SELECT kind, count(*)::int AS events, ${percentile(0.5)} AS p50, ${percentile(0.95)} AS p95, ${percentile(0.99)} AS p99
       FROM audit_record WHERE at >= $1 AND at < $2 AND duration_ms IS NOT NULL AND outcome = 'success'
       GROUP BY kind ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }

  failures({ from, to }: StatisticsPeriod): Promise<FailureCount[]> {
    return this.dataSource.query<FailureCount[]>(
      `SELECT kind, error_code AS "errorCode", count(*)::int AS events FROM audit_record
       WHERE at >= $1 AND at < $2 AND error_code IS NOT NULL GROUP BY 1, 2 ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }

  peers({ from, to }: StatisticsPeriod): Promise<PeerCount[]> {
    return this.dataSource.query<PeerCount[]>(
      `SELECT actor->>'peer' AS peer, count(*)::int AS events, count(*) FILTER (WHERE outcome <> 'success')::int AS failures,
         coalesce(sum(bytes), 0)::float8 AS bytes
       FROM audit_record WHERE at >= $1 AND at < $2 AND actor->>'peer' IS NOT NULL
       GROUP BY 1 ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }
}
