import { ImageFacts } from '../dataset/image';

/** One decoded frame: samples interleaved by pixel, cells of `bitsAllocated` bits, little endian. */
export interface DecodedFrame {
  readonly pixels: Buffer;
  /** Photometric interpretation of these samples (a colour transform of the code stream is undone). */
  readonly photometric: string;
}

/**
 * Bits per sample to announce in a lossless code stream. Normally BitsStored; the whole cell when some bit above it is in use
 * (overlays in the high bits, PS3.5 section 8.1.2 of older editions; signed values that are not sign-extended), so that no bit is lost.
 */
export function codeStreamPrecision(cells: Buffer, facts: ImageFacts): number {
  const { bitsAllocated, bitsStored, highBit, signed } = facts;
  if (bitsStored === bitsAllocated || highBit !== bitsStored - 1) return bitsAllocated;
  if (bitsAllocated === 16 && bitsStored <= 8) return bitsAllocated;
  return (signed ? allSignExtended(cells, bitsAllocated, bitsStored) : allBelow(cells, bitsAllocated, bitsStored))
    ? bitsStored
    : bitsAllocated;
}

function allBelow(cells: Buffer, bitsAllocated: number, bitsStored: number): boolean {
  const values = bitsAllocated === 16 ? words(cells) : cells;
  let used = 0;
  for (const value of values) used |= value;
  return used < 2 ** bitsStored;
}

function allSignExtended(cells: Buffer, bitsAllocated: number, bitsStored: number): boolean {
  const lift = 32 - bitsStored;
  const values = bitsAllocated === 16 ? new Int16Array(words(cells).buffer) : Int8Array.from(cells);
  for (const value of values) if ((value << lift) >> lift !== value) return false;
  return true;
}

/** 16-bit view of little endian bytes, copied only when not aligned. */
function words(cells: Buffer): Uint16Array {
  const copy = new Uint16Array(cells.length >> 1);
  cells.copy(Buffer.from(copy.buffer), 0, 0, copy.byteLength);
  return copy;
}

/** Cells without the bits above `precision`, as unsigned codecs want them; the same buffer when nothing changes. */
export function masked(cells: Buffer, bitsAllocated: number, precision: number): Buffer {
  if (precision === bitsAllocated) return cells;
  const mask = 2 ** precision - 1;
  if (bitsAllocated === 8) return Buffer.from(cells.map((value) => value & mask));
  const values = words(cells);
  for (let index = 0; index < values.length; index++) values[index] &= mask;
  return Buffer.from(values.buffer);
}

/** Brings samples as a codec returns them (`precision` bits in 1 or 2 bytes) into the cells of the image. */
export function toCells(samples: Buffer, precision: number, facts: ImageFacts, signExtended: boolean): Buffer {
  const sampleBytes = precision > 8 ? 2 : 1;
  const cellBytes = facts.bitsAllocated / 8;
  const extend = facts.signed && !signExtended && precision < facts.bitsAllocated;
  if (sampleBytes === cellBytes && !extend) return samples;
  const count = samples.length / sampleBytes;
  const cells = Buffer.alloc(count * cellBytes);
  const lift = 32 - precision;
  for (let index = 0; index < count; index++) {
    let value = sampleBytes === 2 ? samples.readUInt16LE(index * 2) : samples[index];
    if (facts.signed) value = (value << lift) >> lift;
    if (cellBytes === 2) cells.writeUInt16LE(value & 0xffff, index * 2);
    else cells[index] = value & 0xff;
  }
  return cells;
}

/** Samples of one frame from colour-by-plane to colour-by-pixel (PS3.3 section C.7.6.3.1.3), or back. */
export function replane(frame: Buffer, samples: number, cellBytes: number, to: 'pixel' | 'plane'): Buffer {
  if (samples === 1) return frame;
  const result = Buffer.alloc(frame.length);
  const pixels = frame.length / samples / cellBytes;
  for (let sample = 0; sample < samples; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const plane = (sample * pixels + pixel) * cellBytes;
      const mixed = (pixel * samples + sample) * cellBytes;
      const [source, target] = to === 'pixel' ? [plane, mixed] : [mixed, plane];
      for (let byte = 0; byte < cellBytes; byte++) result[target + byte] = frame[source + byte];
    }
  }
  return result;
}
