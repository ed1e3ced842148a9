/** Labels of the WHATWG encodings that read the single-value terms of SpecificCharacterSet (PS3.3 C.12.1.1.2). */
const encodings: Readonly<Record<string, string>> = {
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 13': 'shift_jis',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

export type TextDecode = (bytes: Buffer) => string;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The decoder for a value of SpecificCharacterSet (first value; code extensions are not followed, none was ever seen
 * in a manifest). Senders lie: bytes announced as Latin-1, or not announced, that are valid UTF-8 are read as UTF-8.
 */
export function textDecoder(specificCharacterSet: string): TextDecode {
  const term = (specificCharacterSet.split('\\')[0] ?? '').trim().replace(/^ISO 2022 IR /, 'ISO_IR ');
  const encoding = encodings[term];
  if (!encoding) return utf8OrLatin1;
  const decoder = new TextDecoder(encoding);
  return (bytes) => decoder.decode(bytes);
}

function utf8OrLatin1(bytes: Buffer): string {
  if (!hasHighByte(bytes)) return bytes.toString('latin1');
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

function hasHighByte(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 0x7f) return true;
  return false;
}

export type WrittenCharacterSet = 'ISO_IR 100' | 'ISO_IR 192';

/**
 * ISO_IR 100, as in every sample, when all texts fit it; else ISO_IR 192 (UTF-8). A Latin-1 text whose bytes could be
 * taken for UTF-8 ("Ã©") is written in UTF-8, so that no reader can guess wrong.
 */
export function characterSetFor(texts: Iterable<string>): WrittenCharacterSet {
  for (const text of texts) if (!readsBackFromLatin1(text)) return 'ISO_IR 192';
  return 'ISO_IR 100';
}

function readsBackFromLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return fitsLatin1(text) && utf8OrLatin1(Buffer.from(text, 'latin1')) === text;
  }
  return true;
}

function fitsLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff || (unit >= 0x7f && unit < 0xa0)) return false;
  }
  return true;
}
