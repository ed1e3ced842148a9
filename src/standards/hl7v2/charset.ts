import { isAscii, isUtf8 } from 'node:buffer';
import { Checked, refused, valid } from '../identity';

export type Hl7Charset = 'ASCII' | 'UNICODE UTF-8' | '8859/1' | '8859/15';

export interface DecodedText {
  readonly text: string;
  /** How the bytes were read. */
  readonly charset: Hl7Charset;
  /** What MSH-18 said, '' when absent. */
  readonly declared: string;
  /** The bytes contradict MSH-18. */
  readonly contradicted: boolean;
}

/** Table HL7 0211, with the spellings met in the field. */
const known: Readonly<Record<string, Hl7Charset>> = {
  '': 'UNICODE UTF-8',
  ASCII: 'ASCII',
  '8859/1': '8859/1',
  'ISO-8859-1': '8859/1',
  '8859/15': '8859/15',
  'ISO-8859-15': '8859/15',
  'UNICODE UTF-8': 'UNICODE UTF-8',
  'UTF-8': 'UNICODE UTF-8',
  UTF8: 'UNICODE UTF-8',
  UNICODE: 'UNICODE UTF-8',
};

const encodings: Readonly<Record<Hl7Charset, string>> = {
  ASCII: 'utf-8',
  'UNICODE UTF-8': 'utf-8',
  '8859/1': 'iso-8859-1',
  '8859/15': 'iso-8859-15',
};

const headerLengthMax = 4096;

/**
 * Text of a message by MSH-18. Senders lie: bytes above 127 that form valid UTF-8 are UTF-8 whatever is declared (such a text
 * in an 8859 set is all but impossible), and bytes that are not valid UTF-8 are read as 8859/15 when UTF-8 was declared.
 */
export function decodeMessage(bytes: Buffer): Checked<DecodedText> {
  if (bytes.includes(0)) return refused('the message holds a NUL byte');
  const declared = declaredCharset(bytes);
  const charset = known[declared.toUpperCase()];
  if (!charset) return refused('MSH-18 names a character set that is not supported');
  if (isAscii(bytes)) return valid({ text: bytes.toString('latin1'), charset, declared, contradicted: false });
  if (isUtf8(bytes)) {
    return valid({
      text: bytes.toString('utf8'),
      charset: 'UNICODE UTF-8',
      declared,
      contradicted: charset !== 'UNICODE UTF-8',
    });
  }
  const used = charset === '8859/1' ? charset : '8859/15';
  const text = new TextDecoder(encodings[used]).decode(bytes);
  return valid({ text, charset: used, declared, contradicted: used !== charset && declared !== '' });
}

/** Bytes of an answer in a charset; characters that it does not have become `?`. */
export function encodeMessage(text: string, charset: Hl7Charset): Buffer {
  if (charset === 'UNICODE UTF-8') return Buffer.from(text, 'utf8');
  const limit = charset === 'ASCII' ? 0x7f : 0xff;
  const replaced = Array.from(text, (character) => ((character.codePointAt(0) ?? 0) > limit ? '?' : character)).join(
    '',
  );
  return Buffer.from(replaced, 'latin1');
}

/** First repetition of MSH-18, read before the charset is known: the header itself is ASCII where it matters. */
function declaredCharset(bytes: Buffer): string {
  const start = bytes.indexOf('MSH');
  if (start < 0) return '';
  const head = bytes.toString('latin1', start, start + headerLengthMax);
  const line = head.split(/[\r\n]/, 1)[0];
  const separator = line[3] ?? '|';
  const repetition = line[5] ?? '~';
  return (line.split(separator)[17] ?? '').split(repetition)[0].trim();
}
