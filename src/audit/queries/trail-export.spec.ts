import { cutAt, csvStream, jsonStream, type ExportTable } from './trail-export';

const table: ExportTable<{ id: number }> = { columns: ['id', 'kind'], cells: ({ id }) => ({ id, kind: 'k' }) };
const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('an export with a limit', () => {
  it.each([
    [2, 2, false],
    [3, 3, false],
    [4, 4, true],
  ])('of 3 rows, given %i, has %i and says %j that it is cut', async (given, written, isCut) => {
    const csv = await textOf(csvStream(table, cutAt(rows(given), 3, 'coupé')));
    expect(csv.trim().split('\n')).toHaveLength(1 + written);
    expect(csv.includes('coupé')).toBe(isCut);
    const json = JSON.parse(await textOf(jsonStream(cutAt(rows(given), 3, 'coupé')))) as object[];
    expect(json.at(-1)).toEqual(isCut ? { note: 'coupé' } : { id: given - 1 });
  });
});
