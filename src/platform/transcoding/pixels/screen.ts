import { ConversionError } from '../conversion-error';
import { DatasetView, ImageFacts, tags } from '../dataset/image';
import { DecodedFrame } from './cells';

/** Samples of one grey frame to 8 bits: rescale, then linear window (PS3.3 sections C.11.1 and C.11.2.1.2.1). */
export function greyOf(
  view: DatasetView,
  facts: ImageFacts,
  frame: DecodedFrame,
  asked?: { center: number; width: number },
): Buffer {
  const slope = view.decimal(tags.rescaleSlope) || 1;
  const intercept = view.decimal(tags.rescaleIntercept) ?? 0;
  const count = facts.rows * facts.columns;
  const values = new Float64Array(count);
  const read = cellReader(frame.pixels, facts);
  for (let index = 0; index < count; index++) values[index] = read(index) * slope + intercept;
  const { center, width } = windowOf(view, values, asked);
  const inverse = frame.photometric === 'MONOCHROME1';
  const bytes = Buffer.alloc(count);
  const range = Math.max(width - 1, Number.EPSILON);
  for (let index = 0; index < count; index++) {
    const level = ((values[index] - (center - 0.5)) / range + 0.5) * 255;
    const shown = Math.max(0, Math.min(255, Math.round(level)));
    bytes[index] = inverse ? 255 - shown : shown;
  }
  return bytes;
}

function windowOf(view: DatasetView, values: Float64Array, asked?: { center: number; width: number }) {
  if (asked && asked.width >= 1) return asked;
  const center = view.decimal(tags.windowCenter);
  const width = view.decimal(tags.windowWidth);
  if (center !== undefined && width !== undefined && width >= 1) return { center, width };
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { center: (low + high + 1) / 2, width: Math.max(high - low + 1, 1) };
}

/** Reads the sample of a cell: BitsStored bits below HighBit (PS3.5 section 8.1.1), with its sign. */
function cellReader(pixels: Buffer, facts: ImageFacts): (index: number) => number {
  const { bitsAllocated, bitsStored, highBit, signed } = facts;
  if (bitsAllocated === 32) return (index) => (signed ? pixels.readInt32LE(index * 4) : pixels.readUInt32LE(index * 4));
  if (bitsAllocated > 16) throw new ConversionError('unsupported-pixel-format', `${bitsAllocated} bits are not shown`);
  const shift = highBit + 1 - bitsStored;
  const mask = 2 ** bitsStored - 1;
  const lift = 32 - bitsStored;
  return (index) => {
    const cell = bitsAllocated === 16 ? pixels.readUInt16LE(index * 2) : pixels[index];
    const value = (cell >> shift) & mask;
    return signed ? (value << lift) >> lift : value;
  };
}

/** Colour frame to RGB, 8 bits: palette looked up (PS3.3 section C.7.6.3.1.5), YBR_FULL turned into RGB. */
export function colourOf(view: DatasetView, facts: ImageFacts, frame: DecodedFrame): Buffer {
  if (frame.photometric === 'PALETTE COLOR') return paletteOf(view, facts, frame);
  const count = facts.rows * facts.columns * 3;
  const bytes = Buffer.alloc(count);
  const step = facts.bitsAllocated / 8;
  const shift = Math.max(0, facts.bitsStored - 8);
  for (let index = 0; index < count; index++) {
    bytes[index] = step === 1 ? frame.pixels[index] : frame.pixels.readUInt16LE(index * step) >> shift;
  }
  if (frame.photometric === 'YBR_FULL') ybrToRgb(bytes);
  return bytes;
}

/** PS3.3 section C.7.6.3.1.2, YBR_FULL. */
function ybrToRgb(bytes: Buffer): void {
  const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
  for (let at = 0; at + 2 < bytes.length; at += 3) {
    const y = bytes[at];
    const cb = bytes[at + 1] - 128;
    const cr = bytes[at + 2] - 128;
    bytes[at] = clamp(y + 1.402 * cr);
    bytes[at + 1] = clamp(y - 0.344136 * cb - 0.714136 * cr);
    bytes[at + 2] = clamp(y + 1.772 * cb);
  }
}

const paletteTags = [0x00281101, 0x00281102, 0x00281103] as const;

function paletteOf(view: DatasetView, facts: ImageFacts, frame: DecodedFrame): Buffer {
  const tables = paletteTags.map((tag) => lookupTable(view, tag));
  const read = cellReader(frame.pixels, facts);
  const count = facts.rows * facts.columns;
  const bytes = Buffer.alloc(count * 3);
  for (let index = 0; index < count; index++) {
    const value = read(index);
    tables.forEach((table, channel) => (bytes[index * 3 + channel] = table(value)));
  }
  return bytes;
}

function lookupTable(view: DatasetView, tag: number): (value: number) => number {
  const descriptor = view.value(tag);
  const data = view.value(tag + 0x100);
  if (!descriptor || descriptor.length < 6 || !data) {
    throw new ConversionError('unsupported-pixel-format', 'the palette has no plain lookup table');
  }
  const entries = descriptor.readUInt16LE(0) || 65_536;
  const first = descriptor.readUInt16LE(2);
  const wide = descriptor.readUInt16LE(4) === 16 || data.length >= entries * 2;
  const last = Math.min(entries, Math.floor(data.length / (wide ? 2 : 1))) - 1;
  return (value) => {
    const index = Math.max(0, Math.min(last, value - first));
    return wide ? data[index * 2 + 1] : data[index];
  };
}
