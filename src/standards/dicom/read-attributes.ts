import { textDecoder, type TextDecode } from './character-sets';
import { readDataSet } from './data-set-reader';
import { DicomRefusal } from './dicom-refusal';
import type { Tag } from './dicom.types';
import { dictionaryEntry } from './dictionary';
import { inflateDataSet } from './inflate';
import { transferSyntax } from './transfer-syntaxes';
import { isNumberVr, isTextVr, readNumbers, readTexts } from './values';

const SPECIFIC_CHARACTER_SET = 0x00080005;

/** Values of one attribute: texts without padding, numbers of binary VRs; empty when the attribute has no value. */
export type AttributeValues = readonly (string | number)[];

export interface AttributesToRead {
  readonly transferSyntaxUid: string;
  readonly tags: readonly Tag[];
  /** Of a deflated data set: most bytes once inflated; 256 MiB unless told. */
  readonly inflatedBytesMax?: number;
}

/**
 * Values of some outermost attributes of a data set or of its beginning; DS and IS stay texts. Absent ones are absent
 * from the answer; sequences and bulk values are not read. Reading stops after the highest tag asked for.
 */
export function readAttributes(
  bytes: Buffer,
  { transferSyntaxUid, tags, inflatedBytesMax }: AttributesToRead,
): Map<Tag, AttributeValues> {
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  const plain = syntax.deflated
    ? inflateDataSet(bytes, { inflatedBytesMax: inflatedBytesMax ?? 256 * 1024 * 1024 })
    : bytes;
  const wanted = new Set(tags);
  const { elements } = readDataSet(plain, { encoding: syntax, stopAt: Math.max(0, ...tags) + 1 });
  const found = new Map<Tag, AttributeValues>();
  let decode: TextDecode = textDecoder([]);
  for (const { tag, vr: written, valueOffset, length, littleEndian, items } of elements) {
    if (tag === SPECIFIC_CHARACTER_SET) {
      decode = textDecoder(readTexts(plain, valueOffset, length, 'CS', decode).map((term) => term ?? ''));
    }
    if (!wanted.has(tag) || items) continue;
    const vr = written === 'UN' ? (dictionaryEntry(tag)?.vr ?? 'UN') : written === 'xs' ? 'US' : written;
    if (isTextVr(vr))
      found.set(
        tag,
        readTexts(plain, valueOffset, length, vr, decode).map((value) => value ?? ''),
      );
    else if (isNumberVr(vr))
      found.set(tag, readNumbers(plain, valueOffset, length, vr, littleEndian || written === 'UN') ?? []);
  }
  return found;
}
