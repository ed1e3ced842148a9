import { DicomRefusal } from './dicom-refusal';
import type { DataSetEncoding, Tag } from './dicom.types';
import { dictionaryEntry, tagText } from './dictionary';
import {
  contentEncoding,
  emptyHeader,
  readElementHeader,
  TAG_ITEM,
  TAG_ITEM_END,
  TAG_SEQUENCE_END,
  UNDEFINED_LENGTH,
} from './element-header';

/** An element of a data set that is at hand; offsets are in the bytes that were read. */
export interface ReadElement {
  readonly tag: Tag;
  readonly vr: string;
  readonly valueOffset: number;
  /** Bytes of the value; delimiters of an undefined length not counted. */
  readonly length: number;
  /** Byte order of the value. */
  readonly littleEndian: boolean;
  /** Of a sequence: its items. */
  readonly items?: readonly (readonly ReadElement[])[];
  /** Of encapsulated pixel data: its fragments, the offset table first. */
  readonly fragments?: readonly { readonly offset: number; readonly length: number }[];
}

export interface ReadOptions {
  readonly encoding: DataSetEncoding;
  /** Reading ends before the first outermost element at or after this tag. */
  readonly stopAt?: Tag;
  /** Deepest nesting; 64 unless told. */
  readonly depthMax?: number;
}

export interface ReadResult {
  readonly elements: readonly ReadElement[];
  /** The outermost element whose value goes beyond the bytes, if any: reading stopped there. */
  readonly cut?: { readonly tag: Tag; readonly vr: string };
}

/** Signals that the bytes ended inside a value; becomes `cut` at the outermost level. */
class EndOfBytes extends Error {}
const END_OF_BYTES = new EndOfBytes();

/** Indexes a data set, or its beginning, with all its nested items (PS3.5 section 7). Values are not decoded. */
export function readDataSet(bytes: Buffer, options: ReadOptions): ReadResult {
  return new Reader(bytes, options.depthMax ?? 64).outermost(options);
}

class Reader {
  private position = 0;
  private readonly header = emptyHeader();

  constructor(
    private readonly bytes: Buffer,
    private readonly depthMax: number,
  ) {}

  outermost({ encoding, stopAt = 0x1_0000_0000 }: ReadOptions): ReadResult {
    const elements: ReadElement[] = [];
    while (this.position < this.bytes.length) {
      if (!readElementHeader(this.bytes, this.position, this.bytes.length, encoding, this.header)) {
        throw new DicomRefusal('truncated', `at byte ${this.position}`);
      }
      if (this.header.tag >= stopAt) break;
      const { tag, vr } = this.header;
      try {
        elements.push(this.element(encoding, this.bytes.length, 0));
      } catch (error) {
        if (error !== END_OF_BYTES) throw error;
        return { elements, cut: { tag, vr } };
      }
    }
    return { elements };
  }

  /** The element whose header was just read. */
  private element(encoding: DataSetEncoding, end: number, depth: number): ReadElement {
    const { tag, length, valueOffset } = this.header;
    const { littleEndian } = encoding;
    if (tag >>> 16 === 0xfffe) throw new DicomRefusal('sequence-malformed', `at byte ${this.position}`);
    const vr = this.header.vr;
    const undefinedLength = length === UNDEFINED_LENGTH;
    if (!undefinedLength && valueOffset + length > end) {
      if (end === this.bytes.length) throw END_OF_BYTES;
      throw new DicomRefusal('length-invalid', tagText(tag));
    }
    this.position = valueOffset;
    if (undefinedLength && encoding.explicitVr && (vr === 'OB' || vr === 'OW')) return this.encapsulated(encoding);
    if (vr !== 'SQ' && !undefinedLength) {
      const items = this.itemsOfUnknown(encoding, depth);
      this.position = valueOffset + length;
      return items
        ? { tag, vr: 'SQ', valueOffset, length, littleEndian, items }
        : { tag, vr, valueOffset, length, littleEndian };
    }
    if (undefinedLength && encoding.explicitVr && vr !== 'SQ' && vr !== 'UN') {
      throw new DicomRefusal('length-invalid', tagText(tag));
    }
    const contentEnd = undefinedLength ? end : valueOffset + length;
    const items = this.items(contentEncoding(vr, encoding), contentEnd, undefinedLength, depth + 1);
    return { tag, vr: 'SQ', valueOffset, length: this.position - valueOffset, littleEndian, items };
  }

  /** A sequence that some system could only write as UN (PS3.5 6.2.2); undefined when it is none, or reads as none. */
  private itemsOfUnknown(encoding: DataSetEncoding, depth: number): ReadElement[][] | undefined {
    const { vr, tag, length, valueOffset } = this.header;
    if (vr !== 'UN' || length === 0 || dictionaryEntry(tag)?.vr !== 'SQ') return undefined;
    try {
      return this.items(contentEncoding(vr, encoding), valueOffset + length, false, depth + 1);
    } catch (error) {
      if (error instanceof DicomRefusal && error.reason === 'nesting-too-deep') throw error;
      return undefined;
    }
  }

  private items(encoding: DataSetEncoding, end: number, delimited: boolean, depth: number): ReadElement[][] {
    if (depth > this.depthMax) throw new DicomRefusal('nesting-too-deep');
    const items: ReadElement[][] = [];
    while (this.position < end || delimited) {
      this.next(encoding, end);
      const { tag, length, valueOffset } = this.header;
      this.position = valueOffset;
      if (delimited && tag === TAG_SEQUENCE_END) return items;
      if (tag !== TAG_ITEM) throw new DicomRefusal('sequence-malformed', `at byte ${valueOffset - 8}`);
      const undefinedLength = length === UNDEFINED_LENGTH;
      if (!undefinedLength && valueOffset + length > end) throw this.beyond(end);
      items.push(this.item(encoding, undefinedLength ? end : valueOffset + length, undefinedLength, depth));
    }
    return items;
  }

  private item(encoding: DataSetEncoding, end: number, delimited: boolean, depth: number): ReadElement[] {
    const elements: ReadElement[] = [];
    while (this.position < end || delimited) {
      this.next(encoding, end);
      if (delimited && this.header.tag === TAG_ITEM_END) {
        this.position = this.header.valueOffset;
        return elements;
      }
      elements.push(this.element(encoding, end, depth));
    }
    return elements;
  }

  private encapsulated(encoding: DataSetEncoding): ReadElement {
    const { tag, vr, valueOffset } = this.header;
    const fragments: { offset: number; length: number }[] = [];
    for (;;) {
      this.next(encoding, this.bytes.length);
      const { length, valueOffset: offset } = this.header;
      this.position = offset;
      if (this.header.tag === TAG_SEQUENCE_END) break;
      if (this.header.tag !== TAG_ITEM) throw new DicomRefusal('sequence-malformed', `at byte ${offset - 8}`);
      if (length === UNDEFINED_LENGTH) throw new DicomRefusal('length-invalid', `fragment at byte ${offset - 8}`);
      if (offset + length > this.bytes.length) throw END_OF_BYTES;
      fragments.push({ offset, length });
      this.position = offset + length;
    }
    return {
      tag,
      vr,
      valueOffset,
      length: this.position - valueOffset,
      littleEndian: encoding.littleEndian,
      fragments,
    };
  }

  private next(encoding: DataSetEncoding, end: number): void {
    if (!readElementHeader(this.bytes, this.position, end, encoding, this.header)) throw this.beyond(end);
  }

  /** Bytes missing at the very end are a cut; missing inside a defined length, they are a lie about that length. */
  private beyond(end: number): Error {
    return end === this.bytes.length ? END_OF_BYTES : new DicomRefusal('length-invalid', `at byte ${this.position}`);
  }
}
