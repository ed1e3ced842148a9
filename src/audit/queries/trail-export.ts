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

/** A sentence about the file among its rows, the last: that it was cut, or what it cannot tell. */
export interface ExportNote {
  readonly note: string;
}

type Rows<T> = AsyncIterable<T | ExportNote> | Iterable<T | ExportNote>;

const isNote = (row: unknown): row is ExportNote => typeof (row as Partial<ExportNote>).note === 'string';

/**
 * Rows up to a limit; when there are more, a note says so instead of the others.
 * @param rows one more than the limit is enough
 */
export async function* cutAt<T>(
  rows: AsyncIterable<T> | Iterable<T>,
  rowsMax: number,
  note: string,
): AsyncGenerator<T | ExportNote> {
  let given = 0;
  for await (const row of rows) {
    if (given === rowsMax) {
      yield { note };
      return;
    }
    given += 1;
    yield row;
  }
}

/** CSV for spreadsheets: semicolons, byte order mark, formulas made harmless. A note stands in the first column. */
export function csvStream<T>(table: ExportTable<T>, rows: Rows<T>): Readable {
  const columns = [...table.columns];
  const csv = stringify({ header: true, columns, delimiter: ';', bom: true, escape_formulas: true });
  const source = Readable.from(cellsOf(table, rows));
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
}

async function* cellsOf<T>(table: ExportTable<T>, rows: Rows<T>) {
  const [first = ''] = table.columns;
  for await (const row of rows) yield isNote(row) ? { [first]: row.note } : table.cells(row);
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
