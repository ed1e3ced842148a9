import { ConversionError } from '../conversion-error';
import { ImageFacts } from '../dataset/image';

/** RLE Lossless (PS3.5 annex G): one segment per byte plane, most significant first, sample by sample. */

const headerBytes = 64;

export function decodeRle(stream: Buffer, facts: ImageFacts): Buffer {
  const cellBytes = facts.bitsAllocated / 8;
  const count = facts.samplesPerPixel * cellBytes;
  if (stream.length < headerBytes || stream.readUInt32LE(0) !== count) {
    throw new ConversionError('corrupt-code-stream', `the RLE header does not announce ${count} segments`);
  }
  const pixels = facts.rows * facts.columns;
  const frame = Buffer.alloc(pixels * count);
  for (let segment = 0; segment < count; segment++) {
    const start = stream.readUInt32LE(4 + segment * 4);
    const end = segment + 1 < count ? stream.readUInt32LE(8 + segment * 4) : stream.length;
    if (start < headerBytes || end < start || end > stream.length) {
      throw new ConversionError('corrupt-code-stream', `RLE segment ${segment + 1} lies outside the frame`);
    }
    const sample = Math.floor(segment / cellBytes);
    const byte = cellBytes - 1 - (segment % cellBytes);
    unpack(stream.subarray(start, end), frame, { at: sample * cellBytes + byte, step: count, pixels });
  }
  return frame;
}

interface Stride {
  at: number;
  step: number;
  pixels: number;
}

/** PackBits of one segment into every `step`-th byte (PS3.5 section G.3.2). */
function unpack(segment: Buffer, frame: Buffer, { at, step, pixels }: Stride): void {
  let written = 0;
  let read = 0;
  while (written < pixels && read < segment.length) {
    const control = segment[read++];
    if (control < 128) {
      for (let run = 0; run <= control && written < pixels && read < segment.length; run++, written++, at += step) {
        frame[at] = segment[read++];
      }
    } else if (control > 128) {
      const value = segment[read++];
      for (let run = 257 - control; run > 0 && written < pixels; run--, written++, at += step) frame[at] = value;
    }
  }
  if (written < pixels) throw new ConversionError('corrupt-code-stream', 'an RLE segment ends before its last pixel');
}

export function encodeRle(frame: Buffer, facts: ImageFacts): Buffer {
  const cellBytes = facts.bitsAllocated / 8;
  const count = facts.samplesPerPixel * cellBytes;
  if (count > 15) throw new ConversionError('unsupported-pixel-format', 'RLE has at most 15 segments');
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32LE(count, 0);
  const parts: Buffer[] = [head];
  let offset = headerBytes;
  for (let segment = 0; segment < count; segment++) {
    const sample = Math.floor(segment / cellBytes);
    const byte = cellBytes - 1 - (segment % cellBytes);
    const packed = packPlane(frame, sample * cellBytes + byte, count, facts);
    head.writeUInt32LE(offset, 4 + segment * 4);
    parts.push(packed);
    offset += packed.length;
  }
  return Buffer.concat(parts);
}

/** Each row is packed on its own (PS3.5 section G.3.1), the segment padded to even length. */
function packPlane(frame: Buffer, first: number, step: number, { rows, columns }: ImageFacts): Buffer {
  const row = Buffer.alloc(columns);
  const out = Buffer.alloc(rows * (columns + Math.ceil(columns / 128)) + 1);
  let at = 0;
  let source = first;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, source += step) row[x] = frame[source];
    at = packRow(row, out, at);
  }
  return out.subarray(0, at + (at % 2));
}

function packRow(row: Buffer, out: Buffer, at: number): number {
  let x = 0;
  while (x < row.length) {
    let run = 1;
    while (run < 128 && x + run < row.length && row[x + run] === row[x]) run++;
    if (run > 2 || (run === 2 && x + 2 >= row.length)) {
      out[at++] = 257 - run;
      out[at++] = row[x];
      x += run;
      continue;
    }
    const start = x;
    while (x < row.length && x - start < 128) {
      if (x + 2 < row.length && row[x] === row[x + 1] && row[x] === row[x + 2]) break;
      x++;
    }
    out[at++] = x - start - 1;
    at += row.copy(out, at, start, x);
  }
  return at;
}
