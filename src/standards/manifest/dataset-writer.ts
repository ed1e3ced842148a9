import type { WrittenCharacterSet } from './character-set';

/** Value representations written with a length of 32 bits (PS3.5 7.1.2). */
const longVrs: ReadonlySet<string> = new Set(['OB', 'SQ', 'UR', 'UT']);
const shortLengthMax = 0xfffe;

export type WrittenVr = 'CS' | 'DA' | 'DS' | 'IS' | 'LO' | 'LT' | 'OB' | 'PN' | 'SH' | 'TM' | 'UI' | 'UR' | 'UT';

/**
 * Writes a data set in explicit VR little endian, sequences and items with their length, in one growing buffer.
 * Tags must come in ascending order on each level: a wrong order is a fault of the program and throws.
 */
export class DatasetWriter {
  private buffer: Buffer;
  private length = 0;
  private lastTag = -1;
  private readonly encoding: BufferEncoding;

  constructor(characterSet: WrittenCharacterSet, bytesExpected = 16_384) {
    this.encoding = characterSet === 'ISO_IR 192' ? 'utf8' : 'latin1';
    this.buffer = Buffer.allocUnsafe(bytesExpected);
  }

  /** Writes a text or UID value, padded to an even length; an absent one is written empty (type 2). */
  value(tag: number, vr: WrittenVr, value: string | number | undefined): this {
    const text = value === undefined ? '' : String(value);
    const unpadded = Buffer.byteLength(text, this.encoding);
    const length = unpadded + (unpadded % 2);
    this.header(tag, vr, length);
    this.room(length);
    this.buffer.write(text, this.length, this.encoding);
    if (length !== unpadded) this.buffer[this.length + unpadded] = vr === 'UI' ? 0 : 0x20;
    this.length += length;
    return this;
  }

  /** Like `value`, but an absent or empty one is left out (type 3). */
  optional(tag: number, vr: WrittenVr, value: string | number | undefined): this {
    return value === undefined || value === '' ? this : this.value(tag, vr, value);
  }

  bytes(tag: number, value: Buffer): this {
    this.header(tag, 'OB', value.length);
    this.room(value.length);
    value.copy(this.buffer, this.length);
    this.length += value.length;
    return this;
  }

  /** Writes one item per element of `list`. */
  sequence<T>(tag: number, list: readonly T[], writeItem: (item: T, index: number) => void): this {
    this.header(tag, 'SQ', 0);
    const sequenceStart = this.length;
    list.forEach((entry, index) => {
      this.room(8);
      this.buffer.writeUInt16LE(0xfffe, this.length);
      this.buffer.writeUInt16LE(0xe000, this.length + 2);
      this.length += 8;
      const itemStart = this.length;
      this.lastTag = -1;
      writeItem(entry, index);
      this.buffer.writeUInt32LE(this.length - itemStart, itemStart - 4);
    });
    this.buffer.writeUInt32LE(this.length - sequenceStart, sequenceStart - 4);
    this.lastTag = tag;
    return this;
  }

  /** What was written; the writer is not to be used after. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private header(tag: number, vr: string, length: number): void {
    if (tag <= this.lastTag) throw new Error(`DICOM tag ${tag.toString(16)} is written out of order`);
    this.lastTag = tag;
    this.room(12);
    this.buffer.writeUInt16LE(tag >>> 16, this.length);
    this.buffer.writeUInt16LE(tag & 0xffff, this.length + 2);
    this.buffer.write(vr, this.length + 4, 'latin1');
    if (longVrs.has(vr)) {
      this.buffer.writeUInt16LE(0, this.length + 6);
      this.buffer.writeUInt32LE(length, this.length + 8);
      this.length += 12;
      return;
    }
    if (length > shortLengthMax) throw new Error(`a value of DICOM tag ${tag.toString(16)} is too long`);
    this.buffer.writeUInt16LE(length, this.length + 6);
    this.length += 8;
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
