/** Identifiers of C-FIND, C-MOVE and C-GET (PS3.4 C.4) as attributes by keyword. */
import {
  DicomRefusal,
  dictionaryEntry,
  encodeElement,
  encodeText,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  readDataSet,
  ReadElement,
  tagOf,
  TRANSFER_SYNTAX,
} from '../dicom';
import { characterSetDecoder } from './character-set';
import { DimseFault } from './dimse-fault';

/** Values as texts, padding removed; a sequence holds objects. A tag without keyword is eight hexadecimal digits. */
export interface IdentifierAttributes {
  readonly [keyword: string]: readonly (string | IdentifierAttributes)[];
}

/** Keys to match or, empty, to be returned; several values are joined by a backslash (PS3.4 C.2.2.2.2). */
export type IdentifierKeys = Readonly<Record<string, string | readonly string[]>>;

/** Longest identifier read, elements counted at all levels, and nesting. */
export const identifierLimits = { bytes: 1_048_576, elements: 10_000, depth: 8 } as const;

const specificCharacterSet = 0x00080005;

function encodingOf(transferSyntaxUid: string) {
  return transferSyntaxUid === TRANSFER_SYNTAX.implicitVrLittleEndian ? IMPLICIT_LITTLE : EXPLICIT_LITTLE;
}

/** Writes keys in the order of their tags. A keyword unknown to PS3.6 throws a RangeError: it is a fault of the caller. */
export function encodeIdentifier(keys: IdentifierKeys, transferSyntaxUid: string): Buffer {
  const encoding = encodingOf(transferSyntaxUid);
  const texts = Object.entries(keys).map(([keyword, value]) => {
    const tag = tagOf(keyword);
    if (tag === undefined) throw new RangeError(`no attribute is called ${keyword}`);
    return { tag, text: typeof value === 'string' ? value : value.join('\\') };
  });
  const hasOtherLetters = texts.some(({ text }) => Buffer.byteLength(text) !== text.length);
  if (hasOtherLetters) texts.push({ tag: specificCharacterSet, text: 'ISO_IR 192' });
  texts.sort((a, b) => a.tag - b.tag);
  return Buffer.concat(
    texts.map(({ tag, text }) => {
      const vr = dictionaryEntry(tag)?.vr ?? 'UN';
      const bytes = Buffer.from(text, 'utf8');
      return text.length === 0
        ? encodeElement(tag, vr, Buffer.alloc(0), encoding)
        : encodeText(tag, vr, bytes.toString('latin1'), encoding);
    }),
  );
}

/** Reads an identifier. Throws `DimseFault` for malformed bytes and beyond the limits. */
export function decodeIdentifier(bytes: Buffer, transferSyntaxUid: string): IdentifierAttributes {
  if (bytes.length > identifierLimits.bytes) throw new DimseFault('limit', 'identifier too long');
  try {
    const { elements, cut } = readDataSet(bytes, {
      encoding: encodingOf(transferSyntaxUid),
      depthMax: identifierLimits.depth,
    });
    if (cut) throw new DimseFault('malformed-identifier', 'identifier cut inside an element');
    return new IdentifierReading(bytes).attributes(elements, latin1Decoder);
  } catch (error) {
    if (!(error instanceof DicomRefusal)) throw error;
    throw new DimseFault('malformed-identifier', error.message);
  }
}

type Decode = (bytes: Buffer) => string;
const latin1Decoder = characterSetDecoder([]);
const localized = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
const singleValued = new Set(['LT', 'ST', 'UT', 'UR']);
const numbers: Readonly<Record<string, { size: number; read: (bytes: Buffer, at: number) => number }>> = {
  US: { size: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  SS: { size: 2, read: (bytes, at) => bytes.readInt16LE(at) },
  xs: { size: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  UL: { size: 4, read: (bytes, at) => bytes.readUInt32LE(at) },
  SL: { size: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  FL: { size: 4, read: (bytes, at) => bytes.readFloatLE(at) },
  FD: { size: 8, read: (bytes, at) => bytes.readDoubleLE(at) },
};
const binary = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'UN', 'AT', 'SV', 'UV', 'ox', 'lt']);

class IdentifierReading {
  private left = identifierLimits.elements as number;

  constructor(private readonly bytes: Buffer) {}

  attributes(elements: readonly ReadElement[], inherited: Decode): IdentifierAttributes {
    this.left -= elements.length;
    if (this.left < 0) throw new DimseFault('limit', 'too many elements in an identifier');
    const found: Record<string, (string | IdentifierAttributes)[]> = {};
    let decode = inherited;
    for (const element of elements) {
      const keyword = dictionaryEntry(element.tag)?.keyword ?? element.tag.toString(16).toUpperCase().padStart(8, '0');
      if (element.items) {
        found[keyword] = element.items.map((item) => this.attributes(item, decode));
        continue;
      }
      const values = this.values(element, decode);
      if (values) found[keyword] = values;
      if (element.tag === specificCharacterSet && values) decode = characterSetDecoder(values);
    }
    return found;
  }

  /** Texts of an element; undefined for bulk bytes, which no query asks for. */
  private values({ vr, valueOffset, length }: ReadElement, decode: Decode): string[] | undefined {
    if (length === 0) return [];
    const number = numbers[vr];
    if (number) {
      const count = Math.floor(length / number.size);
      return Array.from({ length: count }, (_, i) => String(number.read(this.bytes, valueOffset + i * number.size)));
    }
    if (binary.has(vr)) return undefined;
    const raw = this.bytes.subarray(valueOffset, valueOffset + length);
    const text = localized.has(vr) ? decode(raw) : raw.toString('latin1');
    if (singleValued.has(vr)) return [text.replace(/[\0 ]+$/, '')];
    return text.split('\\').map((value) => value.replace(/[\0 ]+$/, '').trimStart());
  }
}
