import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Cell, plainCell } from './cells';

/**
 * Rows as CSV for spreadsheets: semicolons, byte order mark, and texts that would be formulas begin with an apostrophe: a
 * peer's name is chosen by the peer. Streamed.
 */
export function csvStream(headers: readonly string[], rows: AsyncIterable<readonly Cell[]>): AsyncIterable<Buffer> {
  const table = stringify({ delimiter: ';', bom: true, escape_formulas: true, record_delimiter: '\r\n' });
  async function* records() {
    yield [...headers];
    for await (const row of rows) yield row.map(plainCell);
  }
  const source = Readable.from(records());
  source.on('error', (error) => table.destroy(error));
  table.on('close', () => source.destroy());
  return source.pipe(table) as AsyncIterable<Buffer>;
}
