import { DicomRefusal } from './dicom-refusal';
import type { DataSetEncoding, Tag } from './dicom.types';
import { implicitVr } from './dictionary';

/** A length that means "until a delimitation item" (PS3.5 7.1.1). */
export const UNDEFINED_LENGTH = 0xffffffff;
export const TAG_ITEM: Tag = 0xfffee000;
export const TAG_ITEM_END: Tag = 0xfffee00d;
export const TAG_SEQUENCE_END: Tag = 0xfffee0dd;

export const EXPLICIT_LITTLE: DataSetEncoding = { explicitVr: true, littleEndian: true };
export const IMPLICIT_LITTLE: DataSetEncoding = { explicitVr: false, littleEndian: true };

/** Header of one element; filled again at each read, so that a walk allocates nothing. */
export interface ElementHeader {
  tag: Tag;
  /** As written, or of the dictionary when implicit; empty for items and delimiters. */
  vr: string;
  /** Bytes of the value, or UNDEFINED_LENGTH. */
  length: number;
  /** Offset of the value in the bytes that were read. */
  valueOffset: number;
}

export const emptyHeader = (): ElementHeader => ({ tag: 0, vr: '', length: 0, valueOffset: 0 });

/** VRs whose length takes 4 bytes after 2 reserved ones (PS3.5 table 7.1-1), and those whose length takes 2 (table 7.1-2). */
const LONG_VRS = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'];
const SHORT_VRS = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ');
const code = (vr: string): number => (vr.charCodeAt(0) << 8) | vr.charCodeAt(1);
const shortVrs = new Map(SHORT_VRS.map((vr) => [code(vr), vr]));
const longVrs = new Map(LONG_VRS.map((vr) => [code(vr), vr]));

export const hasLongLength = (vr: string): boolean => longVrs.has(code(vr));
const isUpperCase = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;

/**
 * Reads the header at `offset`. False when fewer bytes than the header needs are before `end`: nothing is then filled.
 * Two capital letters that are no VR of today take the long form (PS3.5 7.1.2); anything else is refused.
 */
export function readElementHeader(
  bytes: Buffer,
  offset: number,
  end: number,
  encoding: DataSetEncoding,
  header: ElementHeader,
): boolean {
  if (offset + 8 > end) return false;
  const little = encoding.littleEndian;
  const tag = little
    ? ((bytes[offset + 1] << 24) | (bytes[offset] << 16) | (bytes[offset + 3] << 8) | bytes[offset + 2]) >>> 0
    : bytes.readUInt32BE(offset);
  if (!encoding.explicitVr || tag >>> 16 === 0xfffe) {
    header.vr = tag >>> 16 === 0xfffe ? '' : implicitVr(tag);
    header.length = little ? bytes.readUInt32LE(offset + 4) : bytes.readUInt32BE(offset + 4);
    header.valueOffset = offset + 8;
    header.tag = tag;
    return true;
  }
  const vrCode = (bytes[offset + 4] << 8) | bytes[offset + 5];
  const short = shortVrs.get(vrCode);
  if (short !== undefined) {
    header.vr = short;
    header.length = little
      ? bytes[offset + 6] | (bytes[offset + 7] << 8)
      : (bytes[offset + 6] << 8) | bytes[offset + 7];
    header.valueOffset = offset + 8;
    header.tag = tag;
    return true;
  }
  const long = longVrs.get(vrCode);
  if (long === undefined && !(isUpperCase(bytes[offset + 4]) && isUpperCase(bytes[offset + 5]))) {
    throw new DicomRefusal('vr-unknown', `at byte ${offset}`);
  }
  if (offset + 12 > end) return false;
  header.vr = long ?? 'UN';
  header.length = little ? bytes.readUInt32LE(offset + 8) : bytes.readUInt32BE(offset + 8);
  header.valueOffset = offset + 12;
  header.tag = tag;
  return true;
}

/** Encoding of what is inside an element: a UN of undefined length, or a UN known to be a sequence, is implicit (PS3.5 6.2.2). */
export const contentEncoding = (vr: string, encoding: DataSetEncoding): DataSetEncoding =>
  vr === 'UN' && encoding.explicitVr ? IMPLICIT_LITTLE : encoding;
