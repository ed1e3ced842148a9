import { Zip, ZipDeflate } from 'fflate';
import type { Cell } from './cells';
import { lettersOfColumn } from './model';

/**
 * Rows as an Office Open XML workbook (ECMA-376 part 1, 18: SpreadsheetML), streamed: nothing larger than a few hundred
 * rows is held. Texts are inline strings and therefore never formulas. A sheet that is full (18.3.1.73: 1 048 576 rows) is
 * followed by another one.
 */

const rowsMax = 1_048_576;
/** Text gathered before it is compressed. */
const chunkLength = 65_536;
const namespace = 'http://schemas.openxmlformats.org';
const main = `${namespace}/spreadsheetml/2006/main`;
const relations = `${namespace}/officeDocument/2006/relationships`;
const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Indexes of `cellXfs` in the styles below. */
const style = { header: 1, day: 2, time: 3 } as const;
const stylesXml = `${head}<styleSheet xmlns="${main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Characters that XML 1.0 has no place for are left out. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const escaped = (text: string): string => text.replace(forbidden, '').replace(/[&<>"]/g, (sign) => signs[sign] ?? '');

/** Days since 1899-12-30, as spreadsheets count (18.17.4.1, the 1900 date system). */
const serialOfDay = (day: string): number => Math.round(Date.parse(`${day}T00:00:00Z`) / 86_400_000) + 25_569;
function serialOfTime(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return (hours * 3_600 + minutes * 60 + seconds) / 86_400;
}

function cellXml(cell: Cell, reference: string, format?: number): string {
  if (cell === undefined) return '';
  const s = format === undefined ? '' : ` s="${format}"`;
  if (typeof cell === 'number') return Number.isFinite(cell) ? `<c r="${reference}"${s}><v>${cell}</v></c>` : '';
  if (typeof cell === 'string')
    return `<c r="${reference}"${s} t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;
  return 'day' in cell
    ? cellXml(serialOfDay(cell.day), reference, style.day)
    : cellXml(serialOfTime(cell.time), reference, style.time);
}

function rowXml(cells: readonly Cell[], number: number, letters: readonly string[], format?: number): string {
  const inside = cells.map((cell, index) => cellXml(cell, `${letters[index]}${number}`, format)).join('');
  return `<row r="${number}">${inside}</row>`;
}

const sheetHead = `${head}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><sheetData>`;
const sheetTail = '</sheetData></worksheet>';

/** The parts that name the others; written last, when the number of sheets is known. */
function packageParts(sheets: readonly string[]): Record<string, string> {
  const each = (write: (name: string, number: number) => string) =>
    sheets.map((name, index) => write(name, index + 1)).join('');
  const override = (part: string, type: string) => `<Override PartName="/${part}" ContentType="${types}.${type}+xml"/>`;
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${relations}/${type}" Target="${target}"/>`;
  const related = (inside: string) =>
    `${head}<Relationships xmlns="${namespace}/package/2006/relationships">${inside}</Relationships>`;
  return {
    'xl/styles.xml': stylesXml,
    'xl/workbook.xml': `${head}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${each((name, n) => `<sheet name="${escaped(name)}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': related(
      each((_, n) => relation(`rId${n}`, 'worksheet', `worksheets/sheet${n}.xml`)) +
        relation(`rId${sheets.length + 1}`, 'styles', 'styles.xml'),
    ),
    '_rels/.rels': related(relation('rId1', 'officeDocument', 'xl/workbook.xml')),
    '[Content_Types].xml': `${head}<Types xmlns="${namespace}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${override('xl/workbook.xml', 'sheet.main')}${override('xl/styles.xml', 'styles')}${each((_, n) => override(`xl/worksheets/sheet${n}.xml`, 'worksheet'))}</Types>`,
  };
}

/** A zip that grows: what was compressed so far is taken out by `take`. */
class GrowingZip {
  private ready: Buffer[] = [];
  private failure: Error | undefined;
  private readonly zip = new Zip((error, chunk) => {
    if (error) this.failure = error;
    else this.ready.push(Buffer.from(chunk));
  });
  private part: ZipDeflate | undefined;

  begin(name: string): void {
    this.part = new ZipDeflate(name, { level: 6 });
    this.part.mtime = '1980-01-01T00:00:00';
    this.zip.add(this.part);
  }

  write(text: string, isLast = false): void {
    this.part?.push(Buffer.from(text), isLast);
  }

  whole(name: string, text: string): void {
    this.begin(name);
    this.write(text, true);
  }

  end(): void {
    this.zip.end();
  }

  take(): Buffer[] {
    if (this.failure) throw this.failure;
    const taken = this.ready;
    this.ready = [];
    return taken;
  }
}

export interface Workbook {
  /** Name of the first sheet; further ones are numbered. */
  readonly sheet: string;
  readonly headers: readonly string[];
  /** Fewer for tests. */
  readonly rowsMax?: number;
}

/** The bytes of the workbook, as the rows come. */
export async function* xlsxStream(book: Workbook, rows: AsyncIterable<readonly Cell[]>): AsyncGenerator<Buffer> {
  const zip = new GrowingZip();
  const letters = book.headers.map((_, index) => lettersOfColumn(index + 1));
  const sheets: string[] = [];
  const limit = book.rowsMax ?? rowsMax;
  let number = 0;
  let text = '';
  const beginSheet = () => {
    sheets.push(sheets.length === 0 ? book.sheet : `${book.sheet} (${sheets.length + 1})`);
    zip.begin(`xl/worksheets/sheet${sheets.length}.xml`);
    text = sheetHead + rowXml(book.headers, 1, letters, style.header);
    number = 1;
  };
  beginSheet();
  for await (const row of rows) {
    if (number >= limit) {
      zip.write(text + sheetTail, true);
      beginSheet();
    }
    text += rowXml(row, ++number, letters);
    if (text.length < chunkLength) continue;
    zip.write(text);
    text = '';
    yield* zip.take();
  }
  zip.write(text + sheetTail, true);
  for (const [name, content] of Object.entries(packageParts(sheets))) zip.whole(name, content);
  zip.end();
  yield* zip.take();
}
