import { XmlRefusedError } from './xml-limits';

/** Encodings met at hospitals; a label outside this table is refused rather than guessed. */
const decoders: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'iso-8859-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
  'iso-8859-15': 'iso-8859-15',
  'windows-1252': 'windows-1252',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',
};

/** XML 1.0, 4.3.3: byte order mark first, then the declaration, else UTF-8. Malformed sequences are refused. */
export function decodeXml(bytes: Uint8Array): string {
  const label = encodingOf(bytes);
  const decoder = decoders[label];
  if (decoder === undefined) throw new XmlRefusedError('encoding', 'encoding not supported');
  try {
    return new TextDecoder(decoder, { fatal: true }).decode(bytes);
  } catch {
    throw new XmlRefusedError('encoding', `bytes are not valid ${decoder}`);
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 200)).toString('latin1');
  const declared = /^<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(head);
  return (declared?.[1] ?? 'utf-8').toLowerCase();
}
