import type { TextDecode } from './character-sets';
import type { DicomJsonPersonName } from './dicom.types';

/** Values out of bytes, by VR (PS3.5 6.2). Offsets are in `bytes`; `null` stands for an empty value among others. */

/** VRs whose text depends on SpecificCharacterSet (PS3.5 6.1.2.2). */
const CHARSET_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
/** VRs that hold one text, in which a backslash is a character (PS3.5 6.2). */
const SINGLE_TEXT_VRS = new Set(['LT', 'ST', 'UT', 'UR']);

export const isTextVr = (vr: string): boolean => TEXT_VRS.has(vr);
const TEXT_VRS = new Set('AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT'.split(' '));

/** Values of a text VR, padding removed. No value at all gives an empty list. */
export function readTexts(
  bytes: Buffer,
  start: number,
  length: number,
  vr: string,
  decode: TextDecode,
): (string | null)[] {
  let end = start + length;
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end--;
  if (end === start) return [];
  const text = CHARSET_VRS.has(vr) ? decode(bytes, start, end) : bytes.toString('latin1', start, end);
  if (SINGLE_TEXT_VRS.has(vr)) return [text];
  if (!text.includes('\\')) return [trimmed(text, vr)];
  return text.split('\\').map((value) => trimmed(value, vr) || null);
}

/** Spaces on both sides are padding; leading ones of UC are not (PS3.5 6.2). */
function trimmed(value: string, vr: string): string {
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  if (first !== 0x20 && last !== 0x20 && last !== 0) return value;
  const atEnd = value.replace(/[ \0]+$/, '');
  return vr === 'UC' ? atEnd : atEnd.replace(/^ +/, '');
}

/** Component groups of a person name (PS3.18 F.2.2); empty groups left out. */
export function personName(value: string): DicomJsonPersonName {
  if (!value.includes('=')) return { Alphabetic: value };
  const [alphabetic, ideographic, phonetic] = value.split('=');
  return {
    ...(alphabetic ? { Alphabetic: alphabetic } : {}),
    ...(ideographic ? { Ideographic: ideographic } : {}),
    ...(phonetic ? { Phonetic: phonetic } : {}),
  };
}

/** DS or IS as a number; what is no decimal number stays text, so that nothing is lost. */
export function decimal(value: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : value;
}

type ReadNumber = (bytes: Buffer, at: number, little: boolean) => number | string;
const NUMBERS: Readonly<Record<string, { readonly size: number; readonly read: ReadNumber }>> = {
  US: { size: 2, read: (bytes, at, little) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)) },
  SS: { size: 2, read: (bytes, at, little) => (little ? bytes.readInt16LE(at) : bytes.readInt16BE(at)) },
  UL: { size: 4, read: (bytes, at, little) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) },
  SL: { size: 4, read: (bytes, at, little) => (little ? bytes.readInt32LE(at) : bytes.readInt32BE(at)) },
  FL: { size: 4, read: (bytes, at, little) => (little ? bytes.readFloatLE(at) : bytes.readFloatBE(at)) },
  FD: { size: 8, read: (bytes, at, little) => (little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at)) },
  SV: { size: 8, read: (bytes, at, little) => safe(little ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at)) },
  UV: { size: 8, read: (bytes, at, little) => safe(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at)) },
  AT: { size: 4, read: (bytes, at, little) => attributeTag(bytes, at, little) },
};

/** Beyond 2^53 a number would be rounded: then as text, which PS3.18 F.2.3 allows. */
const safe = (value: bigint): number | string => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
};

function attributeTag(bytes: Buffer, at: number, little: boolean): string {
  const group = little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  const element = little ? bytes.readUInt16LE(at + 2) : bytes.readUInt16BE(at + 2);
  return ((group << 16) | element) >>> 0 === 0
    ? '00000000'
    : (group * 0x10000 + element).toString(16).toUpperCase().padStart(8, '0');
}

export const isNumberVr = (vr: string): boolean => vr in NUMBERS;

/** Values of a binary number VR (AT as `ggggeeee`). Undefined when the length is no whole number of values. */
export function readNumbers(
  bytes: Buffer,
  start: number,
  length: number,
  vr: string,
  littleEndian: boolean,
): (number | string)[] | undefined {
  const { size, read } = NUMBERS[vr];
  if (length % size !== 0) return undefined;
  const values: (number | string)[] = [];
  for (let at = start; at < start + length; at += size) values.push(read(bytes, at, littleEndian));
  return values;
}

/** Size of the unit that byte order reverses in a bulk VR. */
export const BULK_UNIT_BYTES: Readonly<Record<string, number>> = { OB: 1, UN: 1, OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 };

/** The value in little endian, as everything outside a data set has it (PS3.18 8.7.3.2); a view when it is already. */
export function littleEndianValue(value: Buffer, vr: string, littleEndian: boolean): Buffer {
  const unit = BULK_UNIT_BYTES[vr] ?? 1;
  if (littleEndian || unit === 1 || value.length % unit !== 0) return value;
  const copy = Buffer.from(value);
  if (unit === 2) copy.swap16();
  else if (unit === 4) copy.swap32();
  else copy.swap64();
  return copy;
}
