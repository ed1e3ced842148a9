import { vrOf } from './dictionary';
import {
  elementAt,
  explicitLittle,
  ElementSpan,
  hasLongForm,
  implicitLittle,
  itemAt,
  Layout,
  undefinedLength,
} from './elements';

/** What a data set says about its own values that the layout change needs. */
interface Context {
  readonly from: Layout;
  readonly to: Layout;
  readonly depth: number;
  /** (0028,0103), inherited by items: decides between US and SS (PS3.6 "US or SS"). */
  readonly signed: boolean;
  /** (0028,0100): pixel data of at most 8 bits may be OB, more is OW (PS3.5 section A.2). */
  readonly bitsAllocated: number;
}

const pixelRepresentation = 0x00280103;
const bitsAllocatedTag = 0x00280100;
const pixelData = 0x7fe00010;

/**
 * Writes a data set in another layout: implicit little or explicit big to explicit little, explicit little to the two others.
 * Values keep their bytes (swapped when the byte order changes); group lengths (gggg,0000) are left out, since they would lie.
 */
export function reencode(data: Buffer, from: Layout, to: Layout): Buffer[] {
  return writeElements(data, 0, data.length, { from, to, depth: 0, signed: false, bitsAllocated: 16 });
}

function writeElements(data: Buffer, start: number, end: number, outer: Context): Buffer[] {
  const chunks: Buffer[] = [];
  let context = outer;
  for (let at = start; at < end;) {
    const span = elementAt(data, at, end, context.from, context.depth);
    if (span.tag === pixelRepresentation) context = { ...context, signed: value16(data, span, context.from) === 1 };
    if (span.tag === bitsAllocatedTag) context = { ...context, bitsAllocated: value16(data, span, context.from) ?? 16 };
    if ((span.tag & 0xffff) !== 0) chunks.push(...writeElement(data, span, context));
    at = span.end;
  }
  return chunks;
}

function value16(data: Buffer, span: ElementSpan, layout: Layout): number | undefined {
  if (span.length !== 2) return undefined;
  return layout.bigEndian ? data.readUInt16BE(span.valueStart) : data.readUInt16LE(span.valueStart);
}

function writeElement(data: Buffer, span: ElementSpan, context: Context): Buffer[] {
  const vr = context.from.explicit ? span.vr : implicitVr(span, context);
  if (vr === 'SQ') return writeSequence(data, span, context);
  if (span.length === undefinedLength) {
    // UN of undefined length (already implicit inside, PS3.5 6.2.2) or fragments: the value travels as it is.
    return [header(span.tag, vr, undefinedLength, context.to), data.subarray(span.valueStart, span.end)];
  }
  const value = data.subarray(span.valueStart, span.valueEnd);
  return [header(span.tag, vr, span.length, context.to), isTurned(context) ? swapped(value, vr) : value];
}

const isTurned = ({ from, to }: Context): boolean => from.bigEndian !== to.bigEndian;

function implicitVr(span: ElementSpan, context: Context): string {
  if (span.length === undefinedLength) return span.tag === pixelData ? 'OB' : 'SQ';
  const vr = vrOf(span.tag);
  if (vr === 'xs') return context.signed ? 'SS' : 'US';
  if (vr === 'ox') return span.tag === pixelData && context.bitsAllocated <= 8 ? 'OB' : 'OW';
  // PS3.5 section 6.2.2 note 1: what does not fit a 16-bit length field is written as UN.
  return span.length > 0xffff && !hasLongForm(vr) ? 'UN' : vr;
}

/** A sequence keeps its way of ending (length or delimiter); lengths are counted again. */
function writeSequence(data: Buffer, span: ElementSpan, context: Context): Buffer[] {
  const body: Buffer[] = [];
  // A sequence of known length inside explicit UN never comes here: it stays UN.
  for (let at = span.valueStart; at < span.valueEnd;) {
    const item = itemAt(data, at, span.valueEnd, context.from, context.depth);
    const inside = writeElements(data, item.valueStart, item.valueEnd, { ...context, depth: context.depth + 1 });
    const open = item.length === undefinedLength;
    body.push(delimiter(0xe000, open ? undefinedLength : sizeOf(inside), context.to), ...inside);
    if (open) body.push(delimiter(0xe00d, 0, context.to));
    at = item.end;
  }
  const open = span.length === undefinedLength;
  const head = header(span.tag, 'SQ', open ? undefinedLength : sizeOf(body), context.to);
  return open ? [head, ...body, delimiter(0xe0dd, 0, context.to)] : [head, ...body];
}

const sizeOf = (chunks: Buffer[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

function delimiter(element: number, length: number, layout: Layout): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  write16(bytes, 0xfffe, 0, layout);
  write16(bytes, element, 2, layout);
  write32(bytes, length, 4, layout);
  return bytes;
}

/** Header of an element. */
export function header(tag: number, vr: string, length: number, layout: Layout = explicitLittle): Buffer {
  const short = layout.explicit && !hasLongForm(vr) && length <= 0xffff;
  const bytes = Buffer.alloc(layout.explicit && !short ? 12 : 8);
  write16(bytes, tag >>> 16, 0, layout);
  write16(bytes, tag & 0xffff, 2, layout);
  if (!layout.explicit) {
    write32(bytes, length, 4, layout);
    return bytes;
  }
  bytes.write(vr, 4, 'latin1');
  if (short) write16(bytes, length, 6, layout);
  else write32(bytes, length, 8, layout);
  return bytes;
}

const write16 = (bytes: Buffer, value: number, at: number, { bigEndian }: Layout): number =>
  bigEndian ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at);
const write32 = (bytes: Buffer, value: number, at: number, { bigEndian }: Layout): number =>
  bigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);

const widths: Record<string, 2 | 4 | 8> = {
  US: 2,
  SS: 2,
  OW: 2,
  AT: 2,
  UL: 4,
  SL: 4,
  FL: 4,
  OF: 4,
  OL: 4,
  FD: 8,
  OD: 8,
  SV: 8,
  UV: 8,
  OV: 8,
};

/** Byte order of each number of the value turned round (PS3.5 section 7.3); texts, OB and UN stay. */
function swapped(value: Buffer, vr: string): Buffer {
  const width = widths[vr];
  if (!width || value.length < width) return value;
  const copy = Buffer.from(value);
  const whole = copy.subarray(0, copy.length - (copy.length % width));
  if (width === 2) whole.swap16();
  else if (width === 4) whole.swap32();
  else whole.swap64();
  return copy;
}

export { implicitLittle };
