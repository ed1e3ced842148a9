import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { csvStream, ExportNote, ExportTable, jsonStream } from '../../audit';
import { unlessGone } from '../screen/download';

/** More lines than this are exported by the operator's tool (`drimbox audit export`); the file says that it was cut. */
export const exportLinesMax = 100_000;

export type ExportFormat = 'csv' | 'json';
const types = { csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8' } as const;

/** Streams the rows as a file to be kept. */
export async function exportRows<T extends object>(
  response: Response,
  format: ExportFormat,
  table: ExportTable<T>,
  rows: AsyncIterable<T | ExportNote> | Iterable<T | ExportNote>,
): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  response.set({
    'Content-Type': types[format],
    'Content-Disposition': `attachment; filename="journal-${day}.${format}"`,
  });
  await pipeline(format === 'csv' ? csvStream(table, rows) : jsonStream(rows), response).catch(unlessGone);
}
