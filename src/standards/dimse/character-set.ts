/** Text of query answers from its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1), code extensions included. */
type Decode = (bytes: Buffer) => string;

const latin1: Decode = (bytes) => bytes.toString('latin1');
const whatwg =
  (label: string): Decode =>
  (bytes) =>
    new TextDecoder(label).decode(bytes);
/** JIS X 0208 and 0212 in G0: the same code with the high bits set is EUC-JP, the latter behind 0x8F. */
const jisX0208: Decode = (bytes) => whatwg('euc-jp')(bytes.map((b) => b | 0x80) as Buffer);
const jisX0212: Decode = (bytes) => {
  const euc: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) euc.push(0x8f, bytes[i] | 0x80, bytes[i + 1] | 0x80);
  return whatwg('euc-jp')(Buffer.from(euc));
};

const single: Readonly<Record<string, Decode>> = {
  '100': latin1,
  '101': whatwg('iso-8859-2'),
  '109': whatwg('iso-8859-3'),
  '110': whatwg('iso-8859-4'),
  '144': whatwg('iso-8859-5'),
  '127': whatwg('iso-8859-6'),
  '126': whatwg('iso-8859-7'),
  '138': whatwg('iso-8859-8'),
  '148': whatwg('windows-1254'),
  '203': whatwg('iso-8859-15'),
  '166': whatwg('windows-874'),
  '13': whatwg('shift_jis'),
  '192': whatwg('utf-8'),
  '58': whatwg('gb18030'),
  '149': whatwg('euc-kr'),
  GB18030: whatwg('gb18030'),
  GBK: whatwg('gbk'),
};

/** Escape sequences of PS3.3 tables C.12-3 and C.12-4, without their ESC. G1 sets keep ASCII in G0. */
const escapes: readonly (readonly [string, Decode])[] = [
  ['(B', latin1],
  ['(J', whatwg('shift_jis')],
  [')I', whatwg('shift_jis')],
  ['$B', jisX0208],
  ['$@', jisX0208],
  ['$(D', jisX0212],
  ['$)C', single['149']],
  ['$)A', single['58']],
  ['-A', latin1],
  ['-B', single['101']],
  ['-C', single['109']],
  ['-D', single['110']],
  ['-L', single['144']],
  ['-G', single['127']],
  ['-F', single['126']],
  ['-H', single['138']],
  ['-M', single['148']],
  ['-b', single['203']],
  ['-T', single['166']],
];

/** A decoder for the values of a data set. An unknown or absent character set reads as UTF-8 if it is, else Latin-1. */
export function characterSetDecoder(specificCharacterSet: readonly string[]): Decode {
  const first = (specificCharacterSet[0] ?? '').trim().replace(/^(ISO_IR|ISO 2022 IR) /, '');
  const base = single[first] ?? utf8OrLatin1;
  return (bytes) => (bytes.includes(0x1b) ? extended(bytes, base) : base(bytes));
}

function extended(bytes: Buffer, base: Decode): string {
  let text = '';
  let decode = base;
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 0x1b) continue;
    text += start < i ? decode(bytes.subarray(start, i)) : '';
    const sequence = bytes.toString('latin1', i + 1, i + 4);
    const known = escapes.find(([escape]) => sequence.startsWith(escape));
    decode = known?.[1] ?? base;
    i += known?.[0].length ?? 0;
    start = i + 1;
  }
  return text;
}

function utf8OrLatin1(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}
