/** Decoding of text values by SpecificCharacterSet (0008,0005): PS3.3 C.12.1.1.2, PS3.5 6.1 and annexes H to K. */

/** Decodes the bytes of one value (which may hold several, separated by backslashes). */
export type TextDecode = (bytes: Buffer, start: number, end: number) => string;

/** Single-byte and whole-value sets, and G1 of the ISO 2022 ones, to names of the WHATWG encoding standard. */
const ENCODINGS: Readonly<Record<string, string>> = {
  '100': 'latin1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '144': 'iso-8859-5',
  '127': 'iso-8859-6',
  '126': 'iso-8859-7',
  '138': 'iso-8859-8',
  '148': 'windows-1254',
  '203': 'iso-8859-15',
  '13': 'shift_jis',
  '166': 'windows-874',
  '149': 'euc-kr',
  '58': 'gbk',
  '192': 'utf-8',
};

/** What an escape sequence selects: a set for G0 (bytes below 0x80) or G1 (0xA0 and above). */
type Selection = { readonly g0: G0; readonly g1?: undefined } | { readonly g1: string };
type G0 = 'ascii' | 'jis-x-0208' | 'jis-x-0212';
const ESCAPES: readonly (readonly [string, Selection])[] = [
  ['(B', { g0: 'ascii' }],
  ['(J', { g0: 'ascii' }],
  ['$B', { g0: 'jis-x-0208' }],
  ['$@', { g0: 'jis-x-0208' }],
  ['$(D', { g0: 'jis-x-0212' }],
  ['$)C', { g1: 'euc-kr' }],
  ['$)A', { g1: 'gbk' }],
  [')I', { g1: 'shift_jis' }],
  ['-A', { g1: 'latin1' }],
  ['-B', { g1: 'iso-8859-2' }],
  ['-C', { g1: 'iso-8859-3' }],
  ['-D', { g1: 'iso-8859-4' }],
  ['-L', { g1: 'iso-8859-5' }],
  ['-G', { g1: 'iso-8859-6' }],
  ['-F', { g1: 'iso-8859-7' }],
  ['-H', { g1: 'iso-8859-8' }],
  ['-M', { g1: 'windows-1254' }],
  ['-b', { g1: 'iso-8859-15' }],
  ['-T', { g1: 'windows-874' }],
];

const decoders = new Map<string, TextDecoder>();
function decodeAs(encoding: string, bytes: Buffer): string {
  if (encoding === 'latin1') return bytes.toString('latin1');
  if (encoding === 'utf-8') return bytes.toString('utf8');
  let decoder = decoders.get(encoding);
  if (!decoder) decoders.set(encoding, (decoder = new TextDecoder(encoding)));
  return decoder.decode(bytes);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes beyond the declared repertoire, or an unknown set: the senders that forget it write UTF-8 or Latin-1. */
function decodeUndeclared(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

const ESC = 0x1b;

function isPlainAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] >= 0x80 || bytes[at] === ESC) return false;
  return true;
}

/** The decoder for the values of SpecificCharacterSet; no value: the default repertoire. */
export function textDecoder(terms: readonly string[]): TextDecode {
  const names = terms.map((term) => term.trim());
  const first = names[0] ?? '';
  if (names.length > 1 || first.startsWith('ISO 2022')) return withEscapes(encodingOf(first) ?? 'latin1');
  const encoding = first === 'GB18030' ? 'gb18030' : first === 'GBK' ? 'gbk' : encodingOf(first);
  return (bytes, start, end) => {
    if (isPlainAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
    const value = bytes.subarray(start, end);
    return encoding === undefined ? decodeUndeclared(value) : decodeAs(encoding, value);
  };
}

/** `ISO_IR 100`, also written `ISO 2022 IR 100`, `ISO-IR 100`, `ISO_IR_100`. */
function encodingOf(term: string): string | undefined {
  return ENCODINGS[/^ISO(?: 2022 |[_ -])IR[ _-]?(\d+)$/.exec(term)?.[1] ?? ''];
}

/** ISO 2022 code extension: G1 of the first set until told otherwise, and again after each delimiter (PS3.5 6.1.2.5.3). */
function withEscapes(initialG1: string): TextDecode {
  return (bytes, start, end) => {
    if (isPlainAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
    let g0: G0 = 'ascii';
    let g1 = initialG1;
    let text = '';
    let from = start;
    const flush = (to: number): void => {
      if (to > from) text += decodeSegment(bytes.subarray(from, to), g0, g1);
    };
    for (let at = start; at < end; at++) {
      if (bytes[at] === ESC) {
        flush(at);
        const found = ESCAPES.find(
          ([sequence]) => bytes.toString('latin1', at + 1, at + 1 + sequence.length) === sequence,
        );
        const selection = found?.[1];
        if (selection?.g1 !== undefined) g1 = selection.g1;
        else if (selection) g0 = selection.g0;
        at += found?.[0].length ?? 0;
        from = at + 1;
      } else if (g0 === 'ascii' && g1 !== initialG1 && isDelimiter(bytes[at])) {
        flush(at);
        g1 = initialG1;
        from = at;
      }
    }
    flush(end);
    return text;
  };
}

const isDelimiter = (byte: number): boolean =>
  byte === 0x5c || byte === 0x5e || byte === 0x3d || (byte >= 0x09 && byte <= 0x0d);

function decodeSegment(segment: Buffer, g0: G0, g1: string): string {
  if (g0 === 'ascii') return decodeAs(g1, segment);
  // The two-byte sets of G0 are those of EUC-JP with the upper bit set, JIS X 0212 after a single shift.
  const euc: number[] = [];
  for (let at = 0; at + 1 < segment.length; at += 2) {
    if (g0 === 'jis-x-0212') euc.push(0x8f);
    euc.push(segment[at] | 0x80, segment[at + 1] | 0x80);
  }
  return decodeAs('euc-jp', Buffer.from(euc));
}
