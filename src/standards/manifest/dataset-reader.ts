import { inflateRawSync } from 'node:zlib';
import { TextDecode, textDecoder } from './character-set';
import { readSequences, tags } from './dicom-tags';

/** Bounds of one reading. A study of 1300 images makes a manifest of about 350 kB. */
export interface DatasetLimits {
  bytesMax: number;
  depthMax: number;
}

export const datasetLimits: DatasetLimits = { bytesMax: 64 * 1024 * 1024, depthMax: 16 };

/** Why bytes are not a data set we can read. */
export class DatasetFault extends Error {
  constructor(
    readonly reason: 'too-large' | 'not-dicom' | 'transfer-syntax' | 'malformed' | 'too-deep',
    message: string,
  ) {
    super(message);
  }
}

interface Element {
  start: number;
  end: number;
  items?: Map<number, Element>[];
}

const itemTag = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
const undefinedLength = 0xffffffff;
const preambleLength = 132;
const longVrs = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const deflated = '1.2.840.10008.1.2.1.99';
/** Explicit big endian: retired, never seen in a manifest. */
const bigEndian = '1.2.840.10008.1.2.2';

/** One item (or the data set itself) with typed access to its values; an absent value reads as empty. */
export class DatasetItem {
  constructor(
    private readonly bytes: Buffer,
    private readonly elements: Map<number, Element>,
    private readonly decode: TextDecode,
  ) {}

  has(tag: number): boolean {
    return this.elements.has(tag);
  }

  /** The whole value without padding. */
  text(tag: number): string {
    const element = this.elements.get(tag);
    if (!element || element.items) return '';
    return this.decode(this.bytes.subarray(element.start, element.end)).replaceAll('\0', '').trim();
  }

  /** Each value of a multi-valued attribute. */
  values(tag: number): string[] {
    const text = this.text(tag);
    return text === '' ? [] : text.split('\\').map((value) => value.trim());
  }

  /** An ASCII value (UI, CS, DA, TM), the first when there are several. */
  code(tag: number): string {
    const element = this.elements.get(tag);
    if (!element || element.items) return '';
    let { start, end } = element;
    while (end > start && (this.bytes[end - 1] ?? 0) <= 0x20) end--;
    while (start < end && (this.bytes[start] ?? 0) <= 0x20) start++;
    const text = this.bytes.toString('latin1', start, end);
    const separator = text.indexOf('\\');
    return separator < 0 ? text : text.slice(0, separator).trimEnd();
  }

  /** An integer string (IS) of at most 10 digits. */
  integer(tag: number): number | undefined {
    const text = this.code(tag);
    return /^[+-]?\d{1,10}$/.test(text) ? Number(text) : undefined;
  }

  items(tag: number): DatasetItem[] {
    return (this.elements.get(tag)?.items ?? []).map((item) => new DatasetItem(this.bytes, item, this.decode));
  }

  first(tag: number): DatasetItem | undefined {
    const item = this.elements.get(tag)?.items?.[0];
    return item && new DatasetItem(this.bytes, item, this.decode);
  }
}

/**
 * Reads a DICOM file (PS3.10) or a bare data set: explicit or implicit little endian, deflated, sequences of known or
 * unknown length. Whether the VR is explicit is seen from the data, because some files say the opposite of what they are.
 *
 * @throws DatasetFault
 */
export function readDataset(input: Buffer, limits: DatasetLimits = datasetLimits): DatasetItem {
  if (input.length > limits.bytesMax) throw new DatasetFault('too-large', `more than ${limits.bytesMax} bytes`);
  const file = splitFile(input, limits);
  const parser = new Parser(file.dataset, limits.depthMax);
  const elements = parser.dataset(file.start);
  const characterSet = new DatasetItem(file.dataset, elements, (b) => b.toString('latin1')).text(
    tags.SpecificCharacterSet,
  );
  return new DatasetItem(file.dataset, elements, textDecoder(characterSet));
}

function splitFile(input: Buffer, limits: DatasetLimits): { dataset: Buffer; start: number } {
  if (input.length < preambleLength || input.toString('latin1', 128, preambleLength) !== 'DICM') {
    const group = input.length >= 8 ? input.readUInt16LE(0) : 0;
    if (group !== 0x0008) throw new DatasetFault('not-dicom', 'neither a DICOM file nor a data set');
    return { dataset: input, start: 0 };
  }
  const parser = new Parser(input, limits.depthMax);
  const { elements, end } = parser.metaGroup(preambleLength);
  const syntax = new DatasetItem(input, elements, (b) => b.toString('latin1')).code(tags.TransferSyntaxUID);
  if (syntax === bigEndian) throw new DatasetFault('transfer-syntax', 'explicit big endian is not read');
  if (syntax !== deflated) return { dataset: input, start: end };
  try {
    return { dataset: inflateRawSync(input.subarray(end), { maxOutputLength: limits.bytesMax }), start: 0 };
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DatasetFault('too-large', `more than ${limits.bytesMax} bytes once inflated`);
    }
    throw new DatasetFault('malformed', 'the deflated data set cannot be inflated');
  }
}

class Parser {
  private position = 0;
  private explicit = true;

  constructor(
    private readonly bytes: Buffer,
    private readonly depthMax: number,
  ) {}

  metaGroup(start: number): { elements: Map<number, Element>; end: number } {
    this.position = start;
    const elements = new Map<number, Element>();
    while (this.position + 8 <= this.bytes.length && this.bytes.readUInt16LE(this.position) === 0x0002) {
      this.element(elements, 0);
    }
    return { elements, end: this.position };
  }

  dataset(start: number): Map<number, Element> {
    this.position = start;
    this.explicit = this.looksExplicit(start);
    return this.item(this.bytes.length, 0);
  }

  private looksExplicit(at: number): boolean {
    return at + 8 <= this.bytes.length && /^[A-Z]{2}$/.test(this.bytes.toString('latin1', at + 4, at + 6));
  }

  /** Elements up to `end`, or up to the item delimiter when the length is unknown. */
  private item(end: number | undefined, depth: number): Map<number, Element> {
    if (depth > this.depthMax) throw new DatasetFault('too-deep', `more than ${this.depthMax} sequences in each other`);
    const elements = new Map<number, Element>();
    while (end === undefined || this.position < end) {
      if (end === undefined && this.peekTag() === itemEnd) {
        this.take(8);
        return elements;
      }
      this.element(elements, depth);
    }
    if (this.position !== end) throw new DatasetFault('malformed', 'an element goes beyond the end of its item');
    return elements;
  }

  private element(elements: Map<number, Element>, depth: number): void {
    const tag = this.tag();
    const { vr, length } = this.explicit ? this.explicitLength() : { vr: undefined, length: this.uint32() };
    if (tag >>> 16 === 0xfffe) throw new DatasetFault('malformed', 'a delimiter stands where an element should');
    if (length === undefinedLength || ((vr ?? 'SQ') === 'SQ' && readSequences.has(tag))) {
      if (vr && vr !== 'SQ' && vr !== 'UN') throw new DatasetFault('malformed', `${vr} of unknown length`);
      elements.set(tag, this.sequence(length, vr, depth));
      return;
    }
    const start = this.take(length);
    elements.set(tag, { start, end: start + length });
  }

  private sequence(length: number, vr: string | undefined, depth: number): Element {
    const wasExplicit = this.explicit;
    // PS3.5 6.2.2 note 2: the content of an UN of unknown length is implicit little endian.
    if (vr === 'UN') this.explicit = false;
    const start = this.position;
    const items = this.sequenceItems(length === undefinedLength ? undefined : this.bounded(length), depth + 1);
    this.explicit = wasExplicit;
    return { start, end: this.position, items };
  }

  private sequenceItems(end: number | undefined, depth: number): Map<number, Element>[] {
    const items: Map<number, Element>[] = [];
    while (end === undefined || this.position < end) {
      const tag = this.tag();
      const length = this.uint32();
      if (tag === sequenceEnd && end === undefined) return items;
      if (tag !== itemTag) throw new DatasetFault('malformed', 'a sequence holds something else than items');
      items.push(this.item(length === undefinedLength ? undefined : this.bounded(length), depth));
    }
    if (this.position !== end) throw new DatasetFault('malformed', 'an item goes beyond the end of its sequence');
    return items;
  }

  private explicitLength(): { vr: string; length: number } {
    const vrStart = this.take(2);
    const vr = this.bytes.toString('latin1', vrStart, vrStart + 2);
    if (longVrs.has(vr)) {
      this.take(2);
      return { vr, length: this.uint32() };
    }
    if (!/^[A-Z]{2}$/.test(vr)) throw new DatasetFault('malformed', 'an element has no value representation');
    return { vr, length: this.bytes.readUInt16LE(this.take(2)) };
  }

  private bounded(length: number): number {
    const end = this.position + length;
    if (end > this.bytes.length) throw new DatasetFault('malformed', 'a length goes beyond the end of the data');
    return end;
  }

  private peekTag(): number {
    const at = this.position;
    this.bounded(8);
    return this.bytes.readUInt16LE(at) * 0x10000 + this.bytes.readUInt16LE(at + 2);
  }

  private tag(): number {
    const at = this.take(4);
    return this.bytes.readUInt16LE(at) * 0x10000 + this.bytes.readUInt16LE(at + 2);
  }

  private uint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  /** Steps over `length` bytes and returns where they began. */
  private take(length: number): number {
    const at = this.position;
    this.position = this.bounded(length);
    return at;
  }
}
