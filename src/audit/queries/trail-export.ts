import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { SeenPatient, TrailLine, Viewing } from './trail-queries';

type Cell = string | number | undefined;
type Cells = Readonly<Record<string, Cell>>;

/** A table of the trail: its columns, and how a row becomes cells. */
export interface ExportTable<T> {
  readonly columns: readonly string[];
  cells(row: T): Cells;
}

/** Lines of the trail. */
export const lineTable: ExportTable<TrailLine> = {
  columns: [
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
  ],
  cells: ({ actor, facts, at, ...line }) => {
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
  },
};

/** Who saw a patient. */
export const viewingTable: ExportTable<Viewing> = {
  columns: ['professionalId', 'professionalName', 'structureId', 'peer', 'acts', 'first', 'last', 'kinds'],
  cells: ({ kinds, first, last, ...viewing }) => ({
    ...viewing,
    first: first.toISOString(),
    last: last.toISOString(),
    kinds: kinds.join(' '),
  }),
};

/** What a professional saw. */
export const seenTable: ExportTable<SeenPatient> = {
  columns: ['patientMatricule', 'studies', 'acts', 'first', 'last', 'kinds'],
  cells: ({ kinds, studies, first, last, ...seen }) => ({
    ...seen,
    studies: studies.join(' '),
    first: first.toISOString(),
    last: last.toISOString(),
    kinds: kinds.join(' '),
  }),
};

/** CSV for spreadsheets: semicolons, byte order mark, formulas made harmless. */
export function csvStream<T>(table: ExportTable<T>, rows: AsyncIterable<T> | Iterable<T>): Readable {
  const columns = [...table.columns];
  const csv = stringify({ header: true, columns, delimiter: ';', bom: true, escape_formulas: true });
  const source = Readable.from(cellsOf(table, rows));
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
}

async function* cellsOf<T>(table: ExportTable<T>, rows: AsyncIterable<T> | Iterable<T>) {
  for await (const row of rows) yield table.cells(row);
}

/** One JSON array. */
export function jsonStream(rows: AsyncIterable<object> | Iterable<object>): Readable {
  return Readable.from(jsonTexts(rows));
}

async function* jsonTexts(rows: AsyncIterable<object> | Iterable<object>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const row of rows) {
    yield separator + JSON.stringify(row);
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}
