import { readDataSet, type ReadElement } from './data-set-reader';
import { DicomRefusal } from './dicom-refusal';
import { inflateDataSet } from './inflate';
import { transferSyntax } from './transfer-syntaxes';
import { decimal, littleEndianValue, readNumbers, readTexts } from './values';

const NUMBER_OF_FRAMES = 0x00280008;
const SAMPLES_PER_PIXEL = 0x00280002;
const PHOTOMETRIC_INTERPRETATION = 0x00280004;
const ROWS = 0x00280010;
const COLUMNS = 0x00280011;
const BITS_ALLOCATED = 0x00280100;
const EXTENDED_OFFSET_TABLE = 0x7fe00001;
const EXTENDED_OFFSET_TABLE_LENGTHS = 0x7fe00002;
const FLOAT_PIXEL_DATA = 0x7fe00008;
const DOUBLE_FLOAT_PIXEL_DATA = 0x7fe00009;
const PIXEL_DATA = 0x7fe00010;
const FRAMES_MAX = 1_000_000;

/** Frames of one object; a frame is a list of views of the data set, to be sent one after the other. */
export interface Frames {
  readonly numberOfFrames: number;
  /** Of the bytes of one frame: `image/jls`…, `application/octet-stream` (little endian) when not encapsulated. */
  readonly mediaType: string;
  /** `number` counts from 1; refuses one that does not exist. */
  frame(number: number): Buffer[];
}

export interface FramesToFind {
  readonly transferSyntaxUid: string;
  /** Of a deflated data set: most bytes once inflated; 1 GiB unless told. */
  readonly inflatedBytesMax?: number;
}

/** The frames of a whole data set (PS3.5 A.4, PS3.3 C.7.6.3, C.7.6.6): native by offset, encapsulated by their tables. */
export function framesOf(bytes: Buffer, { transferSyntaxUid, inflatedBytesMax }: FramesToFind): Frames {
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  const dataSet = syntax.deflated ? inflateDataSet(bytes, { inflatedBytesMax: inflatedBytesMax ?? 1024 ** 3 }) : bytes;
  const { elements, cut } = readDataSet(dataSet, { encoding: syntax });
  if (cut) throw new DicomRefusal('truncated', 'pixel data');
  const object = new PixelObject(dataSet, elements);
  return { mediaType: syntax.frameMediaType, ...(object.pixelData.fragments ? encapsulated(object) : native(object)) };
}

/** An object with the attributes that say where its frames are. */
class PixelObject {
  readonly pixelData: ReadElement;
  readonly numberOfFrames: number;

  constructor(
    readonly bytes: Buffer,
    private readonly elements: readonly ReadElement[],
  ) {
    const pixelData = [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA]
      .map((tag) => this.find(tag))
      .find(Boolean);
    if (!pixelData || pixelData.length === 0) throw new DicomRefusal('frames-absent');
    this.pixelData = pixelData;
    const told = this.text(NUMBER_OF_FRAMES);
    const frames = told === undefined ? 1 : decimal(told);
    if (typeof frames !== 'number' || !Number.isInteger(frames) || frames < 1 || frames > FRAMES_MAX) {
      throw new DicomRefusal('frames-unresolvable', '(0028,0008)');
    }
    this.numberOfFrames = frames;
  }

  find(wanted: number): ReadElement | undefined {
    return this.elements.find(({ tag }) => tag === wanted);
  }

  text(tag: number): string | undefined {
    const element = this.find(tag);
    return (element && readTexts(this.bytes, element.valueOffset, element.length, 'CS', () => '')[0]) ?? undefined;
  }

  number(tag: number): number {
    const element = this.find(tag);
    const value =
      element && readNumbers(this.bytes, element.valueOffset, element.length, 'US', element.littleEndian)?.[0];
    if (typeof value !== 'number' || value === 0) throw new DicomRefusal('frames-unresolvable', 'image pixel module');
    return value;
  }

  /** 64-bit offsets or lengths (PS3.3 C.7.6.3.1.8); undefined when absent or beyond 2^53. */
  longs(tag: number): number[] | undefined {
    const element = this.find(tag);
    if (!element || element.length !== this.numberOfFrames * 8) return undefined;
    const values = readNumbers(this.bytes, element.valueOffset, element.length, 'UV', element.littleEndian) ?? [];
    return values.every((value) => typeof value === 'number') ? values : undefined;
  }
}

type FrameAccess = Pick<Frames, 'numberOfFrames' | 'frame'>;

function checkNumber(number: number, numberOfFrames: number): number {
  if (!Number.isInteger(number) || number < 1 || number > numberOfFrames) throw new DicomRefusal('frame-out-of-range');
  return number - 1;
}

function native(object: PixelObject): FrameAccess {
  const { pixelData, numberOfFrames, bytes } = object;
  const bitsAllocated =
    pixelData.tag === FLOAT_PIXEL_DATA
      ? 32
      : pixelData.tag === DOUBLE_FLOAT_PIXEL_DATA
        ? 64
        : object.number(BITS_ALLOCATED);
  const pixels = object.number(ROWS) * object.number(COLUMNS);
  // YBR_FULL_422 has half the chrominance samples: two bytes per pixel where others have three (PS3.3 C.7.6.3.1.2).
  const samples = object.text(PHOTOMETRIC_INTERPRETATION) === 'YBR_FULL_422' ? 2 : object.number(SAMPLES_PER_PIXEL);
  const frameBits = pixels * samples * bitsAllocated;
  if (Math.ceil((frameBits * numberOfFrames) / 8) > pixelData.length) throw new DicomRefusal('truncated', 'pixel data');
  const value = bytes.subarray(pixelData.valueOffset, pixelData.valueOffset + pixelData.length);
  // Byte order follows the VR (OB is never swapped) and, in OW, the word: eight bits allocated are packed in words too.
  const vr = pixelData.vr === 'ox' ? 'OW' : pixelData.vr;
  return {
    numberOfFrames,
    frame(number) {
      const index = checkNumber(number, numberOfFrames);
      if (frameBits % 8 !== 0) return [bitFrame(value, index * frameBits, frameBits)];
      const size = frameBits / 8;
      if (pixelData.littleEndian) return [value.subarray(index * size, (index + 1) * size)];
      const from = index * size;
      const wordStart = from - (from % 8);
      const wordEnd = Math.min(value.length, Math.ceil((from + size) / 8) * 8);
      const swapped = littleEndianValue(value.subarray(wordStart, wordEnd), vr, false);
      return [swapped.subarray(from - wordStart, from - wordStart + size)];
    },
  };
}

/** Single-bit frames follow each other without padding (PS3.5 8.1.1): shifted so that this one begins at a byte. */
function bitFrame(value: Buffer, firstBit: number, bits: number): Buffer {
  const frame = Buffer.alloc(Math.ceil(bits / 8));
  for (let bit = 0; bit < bits; bit++) {
    const from = firstBit + bit;
    if ((value[from >> 3] >> (from & 7)) & 1) frame[bit >> 3] |= 1 << (bit & 7);
  }
  return frame;
}

function encapsulated(object: PixelObject): FrameAccess {
  const { bytes, numberOfFrames } = object;
  const [table, ...fragments] = object.pixelData.fragments ?? [];
  if (!table || fragments.length === 0) throw new DicomRefusal('frames-absent');
  const views = fragments.map(({ offset, length }) => bytes.subarray(offset, offset + length));
  // Offsets count from the item tag of the first fragment (PS3.5 A.4).
  const starts = fragments.map(({ offset }) => offset - fragments[0].offset);
  const lengths = object.longs(EXTENDED_OFFSET_TABLE_LENGTHS);
  const firsts =
    firstFragments(object.longs(EXTENDED_OFFSET_TABLE), starts) ??
    firstFragments(basicOffsets(bytes.subarray(table.offset, table.offset + table.length), numberOfFrames), starts) ??
    guessedFragments(views, numberOfFrames);
  return {
    numberOfFrames,
    frame(number) {
      const index = checkNumber(number, numberOfFrames);
      const parts = views.slice(firsts[index], firsts[index + 1]);
      const exact = lengths?.[index];
      return parts.length === 1 && exact !== undefined && exact <= parts[0].length
        ? [parts[0].subarray(0, exact)]
        : parts;
    },
  };
}

function basicOffsets(table: Buffer, numberOfFrames: number): number[] | undefined {
  if (table.length !== numberOfFrames * 4) return undefined;
  return Array.from({ length: numberOfFrames }, (_, index) => table.readUInt32LE(index * 4));
}

/** Index of the first fragment of each frame; undefined when an offset points to no fragment: such a table is not used. */
function firstFragments(offsets: readonly number[] | undefined, starts: readonly number[]): number[] | undefined {
  if (!offsets) return undefined;
  const indexes = new Map(starts.map((start, index) => [start, index]));
  const firsts = offsets.map((offset) => indexes.get(offset) ?? -1);
  const ascending = firsts.every((first, index) => first > (index === 0 ? -1 : firsts[index - 1]));
  return ascending && firsts[0] === 0 ? firsts : undefined;
}

/** No usable table: one frame, one fragment per frame, or a frame wherever a codestream begins. */
function guessedFragments(views: readonly Buffer[], numberOfFrames: number): number[] {
  if (numberOfFrames === 1) return [0];
  if (views.length === numberOfFrames) return views.map((_, index) => index);
  const firsts = views.flatMap((view, index) => (beginsCodestream(view) ? [index] : []));
  if (firsts.length !== numberOfFrames || firsts[0] !== 0) throw new DicomRefusal('frames-unresolvable');
  return firsts;
}

/** JPEG and JPEG-LS begin with SOI, JPEG 2000 with SOC then SIZ. */
const beginsCodestream = (view: Buffer): boolean =>
  (view[0] === 0xff && view[1] === 0xd8) ||
  (view[0] === 0xff && view[1] === 0x4f && view[2] === 0xff && view[3] === 0x51);
