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
  readonly study: string | null;
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

  /** How many lines there are now for these days. */
  async count({ from, to, model }: Pick<ExportRequest, 'from' | 'to' | 'model'>): Promise<number> {
    const [row] = await this.dataSource.query<{ lines: number }[]>(
      'SELECT count(*)::int AS lines FROM audit_record WHERE at >= $1 AND at < $2 AND kind = ANY($3)',
      [from, to, model.acts],
    );
    return row?.lines ?? 0;
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
      // By the number, not by the text of it that is selected under the same name.
      const rows = await this.dataSource.query<Row[]>(
        `SELECT id::text AS id, at, kind, outcome, study_instance_uid AS study, actor->>'structureId' AS structure,
           facts->>'modalities' AS modalities, coalesce(facts->>'host', actor->>'peer') AS peer, instances, bytes::text AS bytes, duration_ms AS "durationMs",
           error_code AS "errorCode", correlation_id AS "correlationId"
         FROM audit_record r WHERE id > $1 AND id <= $2 AND at >= $3 AND at < $4 AND kind = ANY($5)
         ORDER BY r.id LIMIT ${portion}`,
        [after, bounds.last, from, to, model.acts],
      );
      const known = await this.modalitiesOf(rows);
      for (const row of rows) yield lineOf(row, known);
      const last = rows.at(-1);
      if (!last || rows.length < portion) return;
      after = last.id;
    }
  }

  /** Of the studies of lines that do not tell them: what the trail said when the study was published. */
  private async modalitiesOf(rows: readonly Row[]): Promise<ReadonlyMap<string, string>> {
    const studies = rows.flatMap(({ study, modalities }) => (study && !modalities ? [study] : []));
    if (studies.length === 0) return new Map();
    const told = await this.dataSource.query<{ study: string; modalities: string }[]>(
      `SELECT DISTINCT ON (study_instance_uid) study_instance_uid AS study, facts->>'modalities' AS modalities
       FROM audit_record WHERE study_instance_uid = ANY($1) AND kind = 'publication.published'
         AND facts->>'modalities' IS NOT NULL ORDER BY study_instance_uid, id DESC`,
      [[...new Set(studies)]],
    );
    return new Map(told.map(({ study, modalities }) => [study, modalities]));
  }
}

function lineOf(
  { bytes, structure, modalities, study, peer, instances, durationMs, errorCode, ...row }: Row,
  known: ReadonlyMap<string, string>,
): StatisticLine {
  const all = modalities ?? known.get(study ?? '');
  return {
    at: row.at,
    kind: row.kind,
    outcome: row.outcome,
    structure: structure ?? undefined,
    modalities: all?.split(' ').filter(Boolean) ?? [],
    peer: peer ?? undefined,
    instances: instances ?? undefined,
    bytes: bytes === null ? undefined : Number(bytes),
    durationMs: durationMs ?? undefined,
    errorCode: errorCode ?? undefined,
    correlationId: row.correlationId ?? undefined,
  };
}
