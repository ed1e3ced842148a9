import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AuditKind, AuditOutcome } from '../trail/audit-event';
import { RowMaker } from './cells';
import { csvStream } from './csv-writer';
import type { StatisticsModel } from './model';
import type { StatisticLine } from './statistic-line';
import { xlsxStream } from './xlsx-writer';

export interface ExportRequest {
  /** From included, to excluded. */
  readonly from: Date;
  readonly to: Date;
  readonly model: StatisticsModel;
  readonly format: ExportFormat;
  /** Zone of the days and times in the file. */
  readonly timeZone: string;
}

export const exportFormats = {
  csv: { mimeType: 'text/csv; charset=utf-8' },
  xlsx: { mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' },
} as const;
export type ExportFormat = keyof typeof exportFormats;
export const isExportFormat = (text: unknown): text is ExportFormat =>
  typeof text === 'string' && Object.hasOwn(exportFormats, text);

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
  readonly structure: string | null;
  readonly modalities: string | null;
  readonly peer: string | null;
  readonly instances: number | null;
  readonly bytes: string | null;
  readonly durationMs: number | null;
  readonly errorCode: string | null;
  readonly correlationId: string | null;
}

/** Lines read from the database at once. */
const portion = 2_000;

/** Statistics as files: the lines of the trail that count, without anybody's identity, streamed. */
@Injectable()
export class StatisticsExport {
  constructor(private readonly dataSource: DataSource) {}

  /** The bytes of the file, as they are made; `told` learns of each line that goes into it. */
  stream(request: ExportRequest, told: () => void = () => undefined): AsyncIterable<Buffer> {
    const { model, format, timeZone } = request;
    const rows = new RowMaker(model, timeZone);
    const lines = this.lines(request);
    async function* cells() {
      for await (const line of lines) {
        told();
        yield rows.row(line);
      }
    }
    const { headers } = rows;
    return format === 'csv' ? csvStream(headers, cells()) : xlsxStream({ sheet: model.sheet, headers }, cells());
  }

  /** Oldest first, by portions; what is written while this runs may or may not be among them. */
  async *lines({ from, to, model }: Pick<ExportRequest, 'from' | 'to' | 'model'>): AsyncGenerator<StatisticLine> {
    const [bounds] = await this.dataSource.query<{ first: string | null; last: string | null }[]>(
      'SELECT min(id)::text AS first, max(id)::text AS last FROM audit_record WHERE at >= $1 AND at < $2',
      [from, to],
    );
    if (!bounds?.first || !bounds.last) return;
    let after = String(BigInt(bounds.first) - 1n);
    for (;;) {
      const rows = await this.dataSource.query<Row[]>(
        `SELECT id::text AS id, at, kind, outcome, actor->>'structureId' AS structure, facts->>'modalities' AS modalities,
           coalesce(facts->>'host', actor->>'peer') AS peer, instances, bytes::text AS bytes, duration_ms AS "durationMs",
           error_code AS "errorCode", correlation_id AS "correlationId"
         FROM audit_record WHERE id > $1 AND id <= $2 AND at >= $3 AND at < $4 AND kind = ANY($5) ORDER BY id LIMIT ${portion}`,
        [after, bounds.last, from, to, model.acts],
      );
      for (const row of rows) yield lineOf(row);
      const last = rows.at(-1);
      if (!last || rows.length < portion) return;
      after = last.id;
    }
  }
}

function lineOf({ bytes, structure, modalities, peer, instances, durationMs, errorCode, ...row }: Row): StatisticLine {
  return {
    at: row.at,
    kind: row.kind,
    outcome: row.outcome,
    structure: structure ?? undefined,
    modalities: modalities?.split(' ').filter(Boolean) ?? [],
    peer: peer ?? undefined,
    instances: instances ?? undefined,
    bytes: bytes === null ? undefined : Number(bytes),
    durationMs: durationMs ?? undefined,
    errorCode: errorCode ?? undefined,
    correlationId: row.correlationId ?? undefined,
  };
}
