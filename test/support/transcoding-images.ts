/** Small uncompressed images of every shape, written element by element (explicit little endian), and Part 10 wrapping. */

type Bytes = Buffer;

function element(tag: number, vr: string, value: Bytes): Bytes {
  const padded =
    value.length % 2 ? Buffer.concat([value, Buffer.from([vr === 'UI' || vr === 'OB' ? 0 : 0x20])]) : value;
  const long = ['OB', 'OW', 'UN', 'SQ', 'UT'].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}
const text = (tag: number, vr: string, value: string) => element(tag, vr, Buffer.from(value, 'latin1'));
const us = (tag: number, value: number) => element(tag, 'US', Buffer.from([value & 0xff, value >> 8]));

interface Shape {
  name: string;
  bitsAllocated: 8 | 16;
  bitsStored: number;
  signed?: boolean;
  samples?: 1 | 3;
  planar?: 0 | 1;
  frames?: number;
  photometric?: string;
  /** Sets a bit above BitsStored, as overlays embedded in the pixel cells do. */
  highBits?: boolean;
  rows: number;
  columns: number;
}

export interface GeneratedImage {
  name: string;
  dataset: Bytes;
  /** Pixel bytes an independent decoder is expected to give, colour by pixel. */
  expected(): Bytes;
  /** The data set expected back in explicit little endian. */
  interleaved(via: string): Bytes;
}

const rle = '1.2.840.10008.1.2.5';

export function generatedImages(size: { rows?: number; columns?: number; shape?: string } = {}): GeneratedImage[] {
  const rows = size.rows ?? 37;
  const columns = size.columns ?? 41;
  const shapes: Omit<Shape, 'rows' | 'columns'>[] = [
    { name: '12 bits', bitsAllocated: 16, bitsStored: 12 },
    { name: '8 bits, odd length', bitsAllocated: 8, bitsStored: 8 },
    { name: '10 bits', bitsAllocated: 16, bitsStored: 10 },
    { name: '16 bits', bitsAllocated: 16, bitsStored: 16 },
    { name: '16 bits signed', bitsAllocated: 16, bitsStored: 16, signed: true },
    { name: '8 bits in 16', bitsAllocated: 16, bitsStored: 8 },
    { name: '12 bits with an overlay in the high bits', bitsAllocated: 16, bitsStored: 12, highBits: true },
    { name: 'RGB by pixel', bitsAllocated: 8, bitsStored: 8, samples: 3, photometric: 'RGB' },
    { name: 'RGB by plane', bitsAllocated: 8, bitsStored: 8, samples: 3, planar: 1, photometric: 'RGB' },
    { name: 'YBR_FULL', bitsAllocated: 8, bitsStored: 8, samples: 3, photometric: 'YBR_FULL' },
    { name: 'three frames', bitsAllocated: 16, bitsStored: 12, frames: 3 },
    {
      name: 'three RGB frames by plane',
      bitsAllocated: 8,
      bitsStored: 8,
      samples: 3,
      planar: 1,
      frames: 3,
      photometric: 'RGB',
    },
  ];
  return shapes
    .filter(({ name }) => !size.shape || name === size.shape)
    .map((shape) => build({ ...shape, rows, columns }));
}

/** A smooth picture with some texture, different in each frame and sample; deterministic. */
function samplesOf(shape: Shape, planar: 0 | 1): Bytes {
  const { rows, columns, samples = 1, frames = 1, bitsStored, bitsAllocated } = shape;
  const count = rows * columns * samples * frames;
  const cell = bitsAllocated / 8;
  const bytes = Buffer.alloc(count * cell);
  const range = 2 ** bitsStored;
  let seed = 12345;
  for (let f = 0; f < frames; f++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        for (let s = 0; s < samples; s++) {
          seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
          const wave = Math.sin((x + s * 5) / 9 + f) * Math.cos(y / 7 - s) * 0.45 + 0.5;
          let value = Math.min(range - 1, Math.floor(wave * range * 0.96) + ((seed >>> 16) % Math.max(2, range / 64)));
          if (shape.signed) value -= range / 2;
          if (shape.highBits && (x + y) % 11 === 0) value |= 0x8000;
          const pixel = y * columns + x;
          const within = planar ? s * rows * columns + pixel : pixel * samples + s;
          const at = (f * rows * columns * samples + within) * cell;
          if (cell === 2) bytes.writeUInt16LE(value & 0xffff, at);
          else bytes[at] = value;
        }
  return bytes;
}

function datasetOf(shape: Shape, planar: 0 | 1): Bytes {
  const { rows, columns, samples = 1, frames = 1, bitsStored, bitsAllocated } = shape;
  const sop = '1.2.840.10008.5.1.4.1.1.7';
  const item = Buffer.concat([
    text(0x00080100, 'SH', 'T1'),
    text(0x00080102, 'SH', '99TEST'),
    text(0x00080104, 'LO', 'Élan'),
  ]);
  const itemHead = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
  const itemEnd = Buffer.from([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]);
  return Buffer.concat([
    text(0x00080005, 'CS', 'ISO_IR 100'),
    text(0x00080016, 'UI', sop),
    text(0x00080018, 'UI', '2.25.4711'),
    text(0x00080060, 'CS', 'OT'),
    element(0x00081032, 'SQ', Buffer.concat([itemHead, item, itemEnd])),
    text(0x00090010, 'LO', 'DRIMBOX TEST'),
    element(0x00091001, 'UN', Buffer.from([1, 2, 3, 4])),
    text(0x00100010, 'PN', 'TEST^ÉLODIE'),
    text(0x0020000d, 'UI', '2.25.1'),
    text(0x0020000e, 'UI', '2.25.2'),
    text(0x00200013, 'IS', '001'),
    us(0x00280002, samples),
    text(0x00280004, 'CS', shape.photometric ?? 'MONOCHROME2'),
    ...(samples > 1 ? [us(0x00280006, planar)] : []),
    ...(frames > 1 ? [text(0x00280008, 'IS', String(frames))] : []),
    us(0x00280010, rows),
    us(0x00280011, columns),
    text(0x00280030, 'DS', '0.50000000\\0.5'),
    us(0x00280100, bitsAllocated),
    us(0x00280101, bitsStored),
    us(0x00280102, bitsStored - 1),
    us(0x00280103, shape.signed ? 1 : 0),
    element(0x7fe00010, bitsAllocated === 8 ? 'OB' : 'OW', samplesOf(shape, planar)),
    element(0xfffcfffc, 'OB', Buffer.alloc(6)),
  ]);
}

function build(shape: Shape): GeneratedImage {
  const stored = shape.planar ?? 0;
  const even = (bytes: Bytes) => (bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes);
  return {
    name: shape.name,
    dataset: datasetOf(shape, stored),
    expected: () => even(samplesOf(shape, 0)),
    interleaved: (via) => datasetOf(shape, via === rle ? stored : 0),
  };
}

/** A data set as a Part 10 file (PS3.10 section 7.1). */
export function partTen(syntax: string, dataset: Bytes): Bytes {
  const rest = Buffer.concat([
    element(0x00020001, 'OB', Buffer.from([0, 1])),
    text(0x00020002, 'UI', '1.2.840.10008.5.1.4.1.1.7'),
    text(0x00020003, 'UI', '2.25.4711'),
    text(0x00020010, 'UI', syntax),
    text(0x00020012, 'UI', '2.25.99'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rest.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x00020000, 'UL', length), rest, dataset]);
}

/** Transfer syntax and data set of a Part 10 file. */
export function splitPartTen(file: Bytes): { syntax: string; dataset: Bytes } {
  if (file.toString('latin1', 128, 132) !== 'DICM') return { syntax: '1.2.840.10008.1.2', dataset: file };
  let at = 132;
  let syntax = '1.2.840.10008.1.2';
  while (at + 8 <= file.length && file.readUInt16LE(at) === 2) {
    const long = ['OB', 'UN'].includes(file.toString('latin1', at + 4, at + 6));
    const length = long ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6);
    const value = at + (long ? 12 : 8);
    if (file.readUInt16LE(at + 2) === 0x10) syntax = file.toString('latin1', value, value + length).replace(/\0+$/, '');
    at = value + length;
  }
  return { syntax, dataset: file.subarray(at) };
}
