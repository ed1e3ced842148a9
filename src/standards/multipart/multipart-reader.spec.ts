import fc from 'fast-check';
import { MultipartReader, type MultipartReaderOptions } from './multipart-reader';
import { MultipartRefusal } from './multipart-refusal';
import { boundaryFrom, MultipartWriter } from './multipart-writer';

interface Part {
  headers: Record<string, string>;
  data: Buffer;
}

/** Reads the chunks; a part is listed once it has ended. */
function read(
  chunks: readonly Buffer[],
  options: Partial<MultipartReaderOptions> = {},
): { parts: Part[]; ended: number } {
  const parts: Part[] = [];
  let ended = 0;
  let open: { headers: Record<string, string>; data: Buffer[] } | undefined;
  const reader = new MultipartReader(
    { boundary: 'X', ...options },
    {
      onPartStart: (headers) => {
        expect(open).toBeUndefined();
        open = { headers: Object.fromEntries(headers), data: [] };
      },
      onData: (bytes) => open!.data.push(Buffer.from(bytes)),
      onPartEnd: () => {
        parts.push({ headers: open!.headers, data: Buffer.concat(open!.data) });
        open = undefined;
      },
      onEnd: () => (ended += 1),
    },
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return { parts, ended };
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const texts = ({ parts }: { parts: Part[] }): string[] => parts.map(({ data }) => data.toString('latin1'));
const cutEach = (body: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, index) => body.subarray(index * size, (index + 1) * size));

const THREE_PARTS =
  'a preamble\r\n--X\r\nContent-Type: application/dicom;\r\n  transfer-syntax=1.2\r\nX-Twice: 1\r\nx-twice: 2\r\n\r\nfirst' +
  '\r\n--X \t\r\n\r\nsecond\r\n--Xnot a delimiter\r\n--X-\r\n-\r\n--X\r\nA: b\r\n\r\n\r\n--X--\r\nepilogue\r\n--X\r\n\r\nignored';

describe('MultipartReader', () => {
  it('reads parts, headers, preamble and epilogue', () => {
    const { parts, ended } = read([bytes(THREE_PARTS)]);
    expect(parts.map(({ headers }) => headers)).toEqual([
      { 'content-type': 'application/dicom; transfer-syntax=1.2', 'x-twice': '1, 2' },
      {},
      { a: 'b' },
    ]);
    expect(texts({ parts })).toEqual(['first', 'second\r\n--Xnot a delimiter\r\n--X-\r\n-', '']);
    expect(ended).toBe(1);
  });

  it('reads the same whatever the size of the chunks, one byte included', () => {
    const whole = read([bytes(THREE_PARTS)]);
    for (let size = 1; size <= THREE_PARTS.length; size++)
      expect(read(cutEach(bytes(THREE_PARTS), size))).toEqual(whole);
  });

  it('reads the same when cut in two at any byte', () => {
    const body = bytes(THREE_PARTS);
    const whole = read([body]);
    for (let at = 0; at <= body.length; at++) expect(read([body.subarray(0, at), body.subarray(at)])).toEqual(whole);
  });

  it.each([
    ['no preamble', '--X\r\n\r\na\r\n--X--', ['a']],
    ['a preamble that looks like a delimiter', 'x--X\r\n--Xy\r\n--X\r\n\r\na\r\n--X--', ['a']],
    ['a part without data, its empty line shared with the delimiter', '--X\r\nA: b\r\n\r\n--X--', ['']],
    ['a part without header nor data', '--X\r\n\r\n--X--', ['']],
    ['data that begin with dashes', '--X\r\n\r\n--Y\r\n--X--', ['--Y']],
    ['data that begin with the boundary after an empty line', '--X\r\n\r\n\r\n--Xa\r\n--X--', ['\r\n--Xa']],
    ['no part at all', '--X--', []],
    ['line ends by LF alone', 'p\n--X\nA: b\n\na\r\n--X\n\nb\n--X--\n', ['a\r', 'b']],
    ['LF inside CRLF data is data', '--X\r\n\r\na\n--X\r\nb\r\n--X--', ['a\n--X\r\nb']],
    ['line ends doubled', '--X\r\n\r\n\r\n\r\na\r\r\n--X--', ['\r\n\r\na\r']],
    ['delimiter begun again', '--X\r\n\r\n\r\n-\r\n--\r\n\r\n--X--', ['\r\n-\r\n--\r\n']],
  ])('%s', (_name, text, wanted) => {
    expect(texts(read([bytes(text)]))).toEqual(wanted);
    expect(texts(read(cutEach(bytes(text), 1)))).toEqual(wanted);
  });

  it('gives back what the writer wrote, for any data, any boundary characters and any cuts', () => {
    const nasty = fc.constantFrom(
      '\r',
      '\n',
      '-',
      '\r\n',
      '--',
      '\r\n--',
      '\r\n--**',
      '**',
      '\r\n--**--',
      '\r\n--*',
      'a',
      '\0',
    );
    const data = fc.array(nasty, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const delimited = /\r\n--\*\*(--|[ \t]*\r?\n)/;
    fc.assert(
      fc.property(
        fc.array(data, { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (contents, sizes) => {
          // What a delimiter line would be must not be in the data: this is the writer's duty (it draws its boundary).
          fc.pre(contents.every((text) => !delimited.test(`\r\n${text}\r\n--`)));
          const writer = new MultipartWriter({ boundary: '**' });
          const body = Buffer.concat([
            ...contents.flatMap((text) => [writer.partStart({ 'Content-Type': 'application/dicom' }), bytes(text)]),
            writer.close(),
          ]);
          const chunks: Buffer[] = [];
          for (let at = 0; at < body.length;) {
            const size = sizes.next().value;
            chunks.push(body.subarray(at, at + size));
            at += size;
          }
          expect(texts(read(chunks, { boundary: '**' }))).toEqual(contents);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hands over views of the chunks, not copies', () => {
    const chunk = bytes(`--X\r\n\r\n${'d'.repeat(1000)}\r\n--X--`);
    const seen: Buffer[] = [];
    const nothing = (): void => undefined;
    const handlers = {
      onPartStart: nothing,
      onPartEnd: nothing,
      onEnd: nothing,
      onData: (data: Buffer) => seen.push(data),
    };
    new MultipartReader({ boundary: 'X' }, handlers).push(chunk);
    expect(seen).toHaveLength(1);
    expect(seen[0].buffer).toBe(chunk.buffer);
    expect(seen[0].byteOffset).toBe(chunk.byteOffset + 7);
  });

  it('says that a body is cut, wherever it is cut', () => {
    const body = '--X\r\nA: b\r\n\r\ndata\r\n--X\r\n\r\nmore\r\n--X--';
    for (let at = 0; at < body.length; at++) {
      expect(() => read([bytes(body.slice(0, at))])).toThrow(expect.objectContaining({ reason: 'truncated' }));
    }
  });

  it.each([
    ['an endless header', { headerBytesMax: 50 }, `--X\r\nA: ${'b'.repeat(60)}`, 'part-header-too-long'],
    ['endless header lines', { headerBytesMax: 50 }, `--X\r\n${'A: b\r\n'.repeat(20)}`, 'part-header-too-long'],
    ['too many parts', { partsMax: 2 }, '--X\r\n\r\n'.repeat(3), 'too-many-parts'],
    ['an endless preamble', { preambleBytesMax: 50 }, 'p'.repeat(51), 'preamble-too-long'],
    ['a header line without a name', {}, '--X\r\nabc\r\n\r\n', 'part-header-malformed'],
    ['a header line with an empty name', {}, '--X\r\n: abc\r\n\r\n', 'part-header-malformed'],
  ])('refuses %s, in one piece and byte by byte', (_name, options, text, reason) => {
    expect(() => read([bytes(text)], options)).toThrow(expect.objectContaining({ reason }));
    expect(() => read(cutEach(bytes(text), 1), options)).toThrow(expect.objectContaining({ reason }));
  });

  it.each(['', 'a'.repeat(71), 'a\r\nb', 'a ', 'é', 'a"b'])('refuses the boundary %j', (boundary) => {
    expect(() => read([], { boundary })).toThrow(MultipartRefusal);
  });
});

describe('MultipartWriter', () => {
  it('refuses a header that would begin another line', () => {
    const writer = new MultipartWriter({ boundary: 'X' });
    expect(() => writer.partStart({ 'Content-Type': 'a\r\nB: c' })).toThrow(MultipartRefusal);
    expect(() => writer.partStart({ 'A\r\nB': 'c' })).toThrow(MultipartRefusal);
  });

  it('makes a boundary of the random bytes that it is given', () => {
    expect(boundaryFrom(Buffer.alloc(16, 0xab))).toBe(`drimbox-${'ab'.repeat(16)}`);
    expect(() => boundaryFrom(Buffer.alloc(8))).toThrow(RangeError);
  });
});
