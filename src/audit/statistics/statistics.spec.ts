import { unzipSync } from 'fflate';
import { writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cell, RowMaker } from './cells';
import { csvStream } from './csv-writer';
import { builtInModels, lettersOfColumn, modelOf, modelSchema, numberOfColumn, readModel } from './model';
import type { StatisticLine } from './statistic-line';
import { xlsxStream } from './xlsx-writer';

const call: StatisticLine = {
  at: new Date('2026-11-20T23:30:05Z'),
  kind: 'context.called',
  outcome: 'success',
  modalities: [],
  peer: 'RIS',
};
async function* given<T>(...rows: T[]) {
  yield* rows;
}
async function whole(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe('columns of a spreadsheet', () => {
  it.each([
    ['A', 1],
    ['Z', 26],
    ['AA', 27],
    ['AI', 35],
    ['AZ', 52],
    ['BA', 53],
    ['ZZ', 702],
    ['AAA', 703],
  ])('%s is number %i', (letters, number) => {
    expect([numberOfColumn(letters), lettersOfColumn(number)]).toEqual([number, letters]);
  });
});

describe('the model of a statistics file', () => {
  it('puts the two known columns of the national file in their place, and says of the others that they are not known', () => {
    const { headers } = new RowMaker(builtInModels.national, 'Europe/Paris');
    expect([headers[34], headers[35]]).toEqual(['Nombre_Appel', 'Statut_Appel']);
    expect(headers.slice(0, 34)).toEqual(
      Array.from({ length: 34 }, (_, index) => `Colonne_${lettersOfColumn(index + 1)}_non_documentee`),
    );
    expect(new Set(headers).size).toBe(headers.length);
  });

  it.each<[Partial<StatisticLine>, number | undefined, string | undefined]>([
    [{}, 1, 'succes'],
    [{ outcome: 'refused' }, 1, 'erreur'],
    [{ outcome: 'failure' }, 1, 'erreur'],
    [{ kind: 'publication.published' }, undefined, undefined],
  ])('counts %j as %p %p', (change, count, status) => {
    const row = new RowMaker(builtInModels.national, 'Europe/Paris').row({ ...call, ...change });
    expect(row.slice(34, 38)).toEqual([count, status, { day: '2026-11-21' }, { time: '00:30:05' }]);
    expect(row.slice(0, 34).every((cell) => cell === undefined)).toBe(true);
  });

  it('is described by a file, constant columns included', () => {
    const model = modelOf(
      modelSchema.parse({
        sheet: 'KPI',
        unknownHeader: '? {column}',
        acts: ['context.called'],
        columns: [
          { header: 'Finess', text: '750803447' },
          { column: 'D', header: 'Modalite', value: 'modality' },
        ],
      }),
    );
    const maker = new RowMaker(model, 'UTC');
    expect(maker.headers).toEqual(['Finess', '? B', '? C', 'Modalite']);
    expect(maker.row({ ...call, modalities: ['CT', 'SR'] })).toEqual(['750803447', undefined, undefined, 'CT SR']);
  });

  describe('that is wrong', () => {
    let dir: string;
    beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'model-'))));
    afterAll(() => rmSync(dir, { recursive: true }));

    it.each([
      ['no JSON', '{', /is not JSON/],
      ['no columns', '{}', /columns/],
      ['an unknown value', '{"columns":[{"header":"a","value":"patient"}]}', /columns\.0\.value/],
      ['two sources', '{"columns":[{"header":"a","value":"act","text":"b"}]}', /a value or a text/],
      ['a strange key', '{"columns":[{"header":"a","formula":"=1"}]}', /formula/],
      [
        'a column twice',
        '{"columns":[{"column":"B","header":"a"},{"column":"B","header":"b"}]}',
        /B is described twice/,
      ],
      ['a column far away', '{"columns":[{"column":"ZZZ","header":"a"}]}', /beyond ZZ/],
      ['a sheet name that programs refuse', '{"sheet":"a/b","columns":[{"header":"a"}]}', /sheet/],
      ['an unknown act', '{"acts":["x"],"columns":[{"header":"a"}]}', /acts/],
    ])('is refused with a reason: %s', async (_, text, reason) => {
      const file = join(dir, 'model.json');
      writeFileSync(file, text);
      await expect(readModel(file)).rejects.toThrow(reason);
    });

    it('or is not there', () => expect(readModel(join(dir, 'none.json'))).rejects.toThrow('cannot be read'));
  });
});

const hostile = ['=cmd|x', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '<c/>&"', 'a;b\n"c"', '\u0000\u0008x'];

describe('a CSV file', () => {
  it('makes formulas of strangers harmless, and quotes', async () => {
    const rows: Cell[][] = hostile.map((text) => [text, 5, { day: '2026-11-21' }, undefined]);
    const text = (await whole(csvStream(['Pair', 'n', 'Jour', '='], given(...rows)))).toString();
    expect(text.startsWith("\uFEFFPair;n;Jour;'=\r\n'=cmd|x;5;2026-11-21;\r\n'+1;5;")).toBe(true);
    for (const line of text.slice(1).split('\r\n')) expect(line).not.toMatch(/^"?[=+\-@\t]/);
  });

  it('ends with an error when its source does', async () => {
    async function* broken(): AsyncGenerator<Cell[]> {
      yield ['a'];
      throw new Error('the database is away');
    }
    await expect(whole(csvStream(['a'], broken()))).rejects.toThrow('away');
  });
});

describe('an XLSX file', () => {
  const partsOf = (file: Buffer) =>
    Object.fromEntries(Object.entries(unzipSync(file)).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));

  it('holds texts as texts, numbers as numbers, days and times as spreadsheets count', async () => {
    const rows: Cell[][] = [['=1+1', 5.5, { day: '2026-11-21' }, { time: '12:00:00' }, undefined, Number.NaN, '']];
    const parts = partsOf(
      await whole(xlsxStream({ sheet: 'A & B', headers: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, given(...rows))),
    );
    expect(parts['xl/worksheets/sheet1.xml']).toContain(
      '<row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">=1+1</t></is></c><c r="B2"><v>5.5</v></c><c r="C2" s="2"><v>46347</v></c><c r="D2" s="3"><v>0.5</v></c><c r="G2" t="inlineStr">',
    );
    expect(parts['xl/workbook.xml']).toContain('<sheet name="A &amp; B" sheetId="1" r:id="rId1"/>');
  });

  it('goes on in another sheet when one is full', async () => {
    const rows = Array.from({ length: 7 }, (_, index): Cell[] => [index]);
    const parts = partsOf(await whole(xlsxStream({ sheet: 'S', headers: ['n'], rowsMax: 4 }, given(...rows))));
    const sheets = [1, 2, 3].map((n) => parts[`xl/worksheets/sheet${n}.xml`]?.match(/<v>\d<\/v>/g)?.length);
    expect(sheets).toEqual([3, 3, 1]);
    expect(parts['xl/workbook.xml']).toContain('name="S (3)" sheetId="3"');
    for (const xml of Object.values(parts)) expect(xml.endsWith('>')).toBe(true);
  });

  it('is made as its rows come', async () => {
    let asked = 0;
    async function* many(): AsyncGenerator<Cell[]> {
      for (; asked < 60_000; asked++) yield [`row ${asked}`, asked];
    }
    const stream = xlsxStream({ sheet: 'S', headers: ['a', 'b'] }, many());
    await stream.next();
    expect(asked).toBeLessThan(5_000);
    let bytes = 0;
    for await (const part of stream) bytes += part.length;
    expect([asked, bytes > 100_000]).toEqual([60_000, true]);
  });
});
