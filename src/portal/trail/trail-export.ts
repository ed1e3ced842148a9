import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { TrailLine } from '../../audit';

/** More lines than this are exported by the operator's tool (`drimbox audit export`). */
export const exportLinesMax = 100_000;

const columns = [
  'id',
  'at',
  'kind',
  'outcome',
  'professionalId',
  'professionalName',
  'structureId',
  'peer',
  'address',
  'patientMatricule',
  'patientOid',
  'studyInstanceUid',
  'documentUniqueId',
  'instances',
  'bytes',
  'durationMs',
  'errorCode',
  'correlationId',
  'facts',
] as const;

function cells({ actor, facts, at, ...line }: TrailLine): Record<string, string | number | undefined> {
  const { professionalId, professionalName, structureId, peer, address } = actor;
  return {
    ...line,
    at: at.toISOString(),
    professionalId,
    professionalName,
    structureId,
    peer,
    address,
    facts: JSON.stringify(facts),
  };
}

/** Streams the lines as CSV for spreadsheets (semicolons, byte order mark, formulas made harmless). */
export async function exportCsv(response: Response, lines: AsyncIterable<TrailLine>): Promise<void> {
  const table = stringify({ header: true, columns: [...columns], delimiter: ';', bom: true, escape_formulas: true });
  head(response, 'text/csv; charset=utf-8', 'csv');
  await pipeline(
    Readable.from(lines),
    async function* (source: AsyncIterable<TrailLine>) {
      for await (const line of source) yield cells(line);
    },
    table,
    response,
  );
}

/** Streams the lines as one JSON array. */
export async function exportJson(response: Response, lines: AsyncIterable<TrailLine>): Promise<void> {
  head(response, 'application/json; charset=utf-8', 'json');
  await pipeline(
    Readable.from(lines),
    async function* (source: AsyncIterable<TrailLine>) {
      let separator = '[\n';
      for await (const line of source) {
        yield separator + JSON.stringify(line);
        separator = ',\n';
      }
      yield separator === '[\n' ? '[]\n' : '\n]\n';
    },
    response,
  );
}

function head(response: Response, type: string, ending: string): void {
  const day = new Date().toISOString().slice(0, 10);
  response.set({ 'Content-Type': type, 'Content-Disposition': `attachment; filename="journal-${day}.${ending}"` });
}
