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

/** How long nineteen of twenty events of one group took at most on one day, ms. */
export interface DailyLatency {
  readonly day: string;
  readonly group: number;
  readonly p95: number;
}

export interface FailureCount {
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
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

/** What was done on behalf of one structure. */
export interface StructureCount {
  /** National identifier. */
  readonly structure: string;
  readonly events: number;
  readonly failures: number;
}

/** Studies published and series retrieved, by DICOM modality; a study of two modalities counts for both. */
export interface ModalityCount {
  readonly modality: string;
  readonly published: number;
  readonly retrieved: number;
}

const rowsMax = 100_000;
const inPeriod = 'FROM audit_record WHERE at >= $1 AND at < $2';
const failures = "count(*) FILTER (WHERE outcome <> 'success')::int AS failures";
const bytes = 'coalesce(sum(bytes), 0)::float8 AS bytes';
const percentile = (fraction: number) => `percentile_cont(${fraction}) WITHIN GROUP (ORDER BY duration_ms)::float8`;

/** Figures of the trail, and of the trail only. */
@Injectable()
export class StatisticsQueries {
  constructor(private readonly dataSource: DataSource) {}

  daily({ from, to, timeZone }: StatisticsPeriod): Promise<DailyCount[]> {
    return this.dataSource.query<DailyCount[]>(
      `SELECT to_char(at AT TIME ZONE $3, 'YYYY-MM-DD') AS day, kind, outcome, count(*)::int AS events,
         coalesce(sum(instances), 0)::float8 AS instances, ${bytes}
       ${inPeriod} GROUP BY 1, 2, 3 ORDER BY 1 LIMIT ${rowsMax}`,
      [from, to, timeZone],
    );
  }

  latencies({ from, to }: StatisticsPeriod, kinds: readonly AuditKind[]): Promise<Latency[]> {
    return this.dataSource.query<Latency[]>(
      `SELECT kind, count(*)::int AS events, ${percentile(0.5)} AS p50, ${percentile(0.95)} AS p95, ${percentile(0.99)} AS p99
       ${inPeriod} AND kind = ANY($3) AND duration_ms IS NOT NULL AND outcome = 'success'
       GROUP BY kind ORDER BY events DESC LIMIT 50`,
      [from, to, kinds],
    );
  }

  /** @param groups kinds that are measured together; the answer names a group by its place */
  dailyLatencies(
    { from, to, timeZone }: StatisticsPeriod,
    groups: readonly (readonly AuditKind[])[],
  ): Promise<DailyLatency[]> {
    const places = groups.map((_, index) => `WHEN kind = ANY($${index + 4}) THEN ${index}`).join(' ');
    return this.dataSource.query<DailyLatency[]>(
      `SELECT to_char(at AT TIME ZONE $3, 'YYYY-MM-DD') AS day, CASE ${places} END AS "group", ${percentile(0.95)} AS p95
       ${inPeriod} AND kind = ANY($${groups.length + 4}) AND duration_ms IS NOT NULL AND outcome = 'success'
       GROUP BY 1, 2 ORDER BY 1 LIMIT ${rowsMax}`,
      [from, to, timeZone, ...groups, groups.flat()],
    );
  }

  failures({ from, to }: StatisticsPeriod): Promise<FailureCount[]> {
    return this.dataSource.query<FailureCount[]>(
      `SELECT kind, outcome, error_code AS "errorCode", count(*)::int AS events
       ${inPeriod} AND error_code IS NOT NULL GROUP BY 1, 2, 3 ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }

  /** By the host that was asked, else by the name that the other side came with. */
  peers({ from, to }: StatisticsPeriod): Promise<PeerCount[]> {
    return this.dataSource.query<PeerCount[]>(
      `SELECT coalesce(facts->>'host', actor->>'peer') AS peer, count(*)::int AS events, ${failures}, ${bytes}
       ${inPeriod} AND coalesce(facts->>'host', actor->>'peer') IS NOT NULL
       GROUP BY 1 ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }

  structures({ from, to }: StatisticsPeriod): Promise<StructureCount[]> {
    return this.dataSource.query<StructureCount[]>(
      `SELECT actor->>'structureId' AS structure, count(*)::int AS events, ${failures}
       ${inPeriod} AND actor->>'structureId' IS NOT NULL GROUP BY 1 ORDER BY events DESC LIMIT 50`,
      [from, to],
    );
  }

  modalities({ from, to }: StatisticsPeriod): Promise<ModalityCount[]> {
    return this.dataSource.query<ModalityCount[]>(
      `SELECT modality, count(*) FILTER (WHERE kind = 'publication.published')::int AS published,
         count(*) FILTER (WHERE kind = 'retrieval.series')::int AS retrieved
       FROM (SELECT kind, unnest(string_to_array(facts->>'modalities', ' ')) AS modality
         ${inPeriod} AND kind IN ('publication.published', 'retrieval.series') AND outcome = 'success'
           AND facts->>'modalities' IS NOT NULL) AS each
       GROUP BY 1 ORDER BY count(*) DESC LIMIT 20`,
      [from, to],
    );
  }
}
