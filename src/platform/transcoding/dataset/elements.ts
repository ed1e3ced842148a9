import { ConversionError } from '../conversion-error';

/** How the elements of a data set are laid out (PS3.5 section 7.1). */
export interface Layout {
  readonly explicit: boolean;
  readonly bigEndian: boolean;
}

export const explicitLittle: Layout = { explicit: true, bigEndian: false };
export const implicitLittle: Layout = { explicit: false, bigEndian: false };
export const explicitBig: Layout = { explicit: true, bigEndian: true };

export const undefinedLength = 0xffffffff;

/** Where one data element lies in its buffer. */
export interface ElementSpan {
  /** Group in the high half, element in the low half. */
  readonly tag: number;
  /** Two letters; empty in an implicit layout. */
  readonly vr: string;
  readonly start: number;
  readonly valueStart: number;
  /** As written: `undefinedLength` when a delimiter ends the value. */
  readonly length: number;
  /** End of the value, before a delimiter. */
  readonly valueEnd: number;
  /** First byte after the element, delimiter included. */
  readonly end: number;
}

const itemTag = 0xfffee000;
const itemEndTag = 0xfffee00d;
const sequenceEndTag = 0xfffee0dd;
const shortForm = new Set('AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));
const nestingLimit = 32;

/** All but those of before, also those to come (PS3.5 section 7.1.2). */
export function hasLongForm(vr: string): boolean {
  return !shortForm.has(vr);
}

/** Text of a tag for a reason: `(0028,0010)`. */
export function tagText(tag: number): string {
  const hex = (tag >>> 0).toString(16).padStart(8, '0').toUpperCase();
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

export function readTag(data: Buffer, at: number, layout: Layout): number {
  const group = layout.bigEndian ? data.readUInt16BE(at) : data.readUInt16LE(at);
  const element = layout.bigEndian ? data.readUInt16BE(at + 2) : data.readUInt16LE(at + 2);
  return group * 0x10000 + element;
}

const u16 = (data: Buffer, at: number, layout: Layout) =>
  layout.bigEndian ? data.readUInt16BE(at) : data.readUInt16LE(at);
const u32 = (data: Buffer, at: number, layout: Layout) =>
  layout.bigEndian ? data.readUInt32BE(at) : data.readUInt32LE(at);

function need(at: number, bytes: number, end: number, what: string): void {
  if (at + bytes > end) throw new ConversionError('truncated-data-set', `${what} at byte ${at} is cut`);
}

/** The element that starts at `at` (PS3.5 section 7.1.2 and 7.1.3); its value must lie before `end`. */
export function elementAt(data: Buffer, at: number, end: number, layout: Layout, depth = 0): ElementSpan {
  need(at, 8, end, 'an element header');
  const tag = readTag(data, at, layout);
  let vr = '';
  let length: number;
  let valueStart = at + 8;
  if (!layout.explicit) {
    length = u32(data, at + 4, layout);
  } else {
    vr = data.toString('latin1', at + 4, at + 6);
    if (shortForm.has(vr)) length = u16(data, at + 6, layout);
    else if (/^[A-Z]{2}$/.test(vr)) {
      need(at, 12, end, 'an element header');
      length = u32(data, at + 8, layout);
      valueStart = at + 12;
    } else throw new ConversionError('malformed-data-set', `${tagText(tag)} has no value representation`);
  }
  if (length !== undefinedLength) {
    if (valueStart + length > end) {
      throw new ConversionError(
        'truncated-data-set',
        `${tagText(tag)} announces ${length} bytes, ${end - valueStart} follow`,
      );
    }
    return { tag, vr, start: at, valueStart, length, valueEnd: valueStart + length, end: valueStart + length };
  }
  // PS3.5 section 6.2.2 note 4: UN of undefined length holds a sequence in implicit little endian.
  const inner = vr === 'UN' ? implicitLittle : layout;
  const valueEnd = skipItems(data, { at: valueStart, end, layout: inner, raw: vr === 'OB' || vr === 'OW', depth });
  return { tag, vr, start: at, valueStart, length, valueEnd, end: valueEnd + 8 };
}

interface ItemsPosition {
  at: number;
  end: number;
  layout: Layout;
  /** Items are fragments of encapsulated pixel data, not data sets. */
  raw: boolean;
  depth: number;
}

/** Position of the sequence delimiter that ends a value of undefined length (PS3.5 section 7.5). */
function skipItems(data: Buffer, { at, end, layout, raw, depth }: ItemsPosition): number {
  if (depth > nestingLimit)
    throw new ConversionError('malformed-data-set', `more than ${nestingLimit} nested sequences`);
  for (;;) {
    need(at, 8, end, 'an item');
    const tag = readTag(data, at, layout);
    if (tag === sequenceEndTag) return at;
    if (tag !== itemTag)
      throw new ConversionError('malformed-data-set', `${tagText(tag)} stands where an item is expected`);
    at = raw ? rawItemEnd(data, at, end, layout) : itemAt(data, at, end, layout, depth).end;
  }
}

function rawItemEnd(data: Buffer, at: number, end: number, layout: Layout): number {
  const length = u32(data, at + 4, layout);
  need(at + 8, length, end, 'a fragment');
  return at + 8 + length;
}

/** The sequence item that starts at `at`; `length` is `undefinedLength` when a delimiter ends it. */
export function itemAt(data: Buffer, at: number, end: number, layout: Layout, depth: number): ElementSpan {
  need(at, 8, end, 'an item');
  const tag = readTag(data, at, layout);
  if (tag !== itemTag)
    throw new ConversionError('malformed-data-set', `${tagText(tag)} stands where an item is expected`);
  const length = u32(data, at + 4, layout);
  const valueStart = at + 8;
  if (length !== undefinedLength) {
    need(valueStart, length, end, 'an item');
    return { tag, vr: '', start: at, valueStart, length, valueEnd: valueStart + length, end: valueStart + length };
  }
  let next = valueStart;
  for (;;) {
    need(next, 8, end, 'an item');
    if (readTag(data, next, layout) === itemEndTag) break;
    next = elementAt(data, next, end, layout, depth + 1).end;
  }
  return { tag, vr: '', start: at, valueStart, length, valueEnd: next, end: next + 8 };
}

/** Every element of the first level, in order. */
export function elementsOf(data: Buffer, layout: Layout): ElementSpan[] {
  const spans: ElementSpan[] = [];
  for (let at = 0; at < data.length;) {
    const span = elementAt(data, at, data.length, layout);
    const before = spans.at(-1);
    if (before && span.tag <= before.tag) {
      throw new ConversionError('malformed-data-set', `${tagText(span.tag)} follows ${tagText(before.tag)}`);
    }
    spans.push(span);
    at = span.end;
  }
  return spans;
}
