import { decodeFrame as decodeStream } from './codecs/decode';
import { encodeFrame } from './codecs/encode';
import { ConversionError } from './conversion-error';
import { ConversionLimits, nativeFrames, readDataset } from './convert';
import { DatasetView, imageFacts, ImageFacts } from './dataset/image';
import { framesOf } from './pixels/encapsulation';
import { DecodedFrame } from './pixels/cells';
import { colourOf, greyOf } from './pixels/screen';
import { fitWithin } from './pixels/resize';
import { png } from './pixels/png';
import { syntaxes, syntaxFacts } from './syntaxes';

/** One uncompressed frame with what is needed to understand it. */
export interface DecodedImage {
  readonly pixels: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly photometric: string;
}

export interface RenderOptions {
  /** Counted from 1; the middle frame when left out. */
  readonly frame?: number;
  /** The picture fits within this box, in pixels, keeping its proportions; never enlarged. */
  readonly width?: number;
  readonly height?: number;
  /** Window in the units of the image after rescaling; the image's own first window, else its full range, when left out. */
  readonly window?: { readonly center: number; readonly width: number };
  readonly mediaType?: 'image/png' | 'image/jpeg';
}

export interface RenderedFrame {
  readonly mediaType: 'image/png' | 'image/jpeg';
  readonly body: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Largest side of a picture asked for, in pixels. */
const sideLimit = 8192;

async function openFrame(data: Buffer, from: string, limits: ConversionLimits, wanted?: number) {
  const source = syntaxFacts(from);
  if (!source) throw new ConversionError('unsupported-transfer-syntax', `${from} is not read`);
  const view = readDataset(data, from, limits);
  if (!view.pixelData) throw new ConversionError('no-pixel-data', 'there is no (7FE0,0010)');
  const facts = imageFacts(view);
  const number = wanted ?? Math.ceil(facts.frames / 2);
  if (number < 1 || number > facts.frames) {
    throw new ConversionError('pixel-data-length-mismatch', `frame ${number} of ${facts.frames}`);
  }
  if (!view.encapsulated) return { view, facts, frame: await nativeFrame(view, facts, number) };
  const fragments = framesOf(view, facts.frames)[number - 1];
  return { view, facts, frame: await decodeStream(source.codec, Buffer.concat(fragments), facts) };
}

async function nativeFrame(view: DatasetView, facts: ImageFacts, number: number): Promise<DecodedFrame> {
  let at = 0;
  for await (const frame of nativeFrames(view, facts)) if (++at === number) return frame;
  throw new ConversionError('pixel-data-length-mismatch', `frame ${number} is missing`);
}

export async function decodeOneFrame(
  data: Buffer,
  from: string,
  number: number,
  limits: ConversionLimits,
): Promise<DecodedImage> {
  const { facts, frame } = await openFrame(data, from, limits, number);
  const { rows, columns, frames, samplesPerPixel, bitsAllocated, bitsStored, signed } = facts;
  return {
    pixels: new Uint8Array(frame.pixels),
    photometric: frame.photometric,
    ...{ rows, columns, frames, samplesPerPixel, bitsAllocated, bitsStored, signed },
  };
}

/** A screen picture of one frame. */
export async function renderFrame(
  data: Buffer,
  from: string,
  options: RenderOptions,
  limits: ConversionLimits,
): Promise<RenderedFrame> {
  const { view, facts, frame } = await openFrame(data, from, limits, options.frame);
  const colour = facts.samplesPerPixel === 3 || frame.photometric === 'PALETTE COLOR';
  const full = {
    width: facts.columns,
    height: facts.rows,
    samples: colour ? 3 : 1,
    bytes: colour ? colourOf(view, facts, frame) : greyOf(view, facts, frame, options.window),
  };
  const box = { width: bounded(options.width), height: bounded(options.height) };
  const picture = fitWithin(full, box);
  const mediaType = options.mediaType ?? 'image/png';
  const body = mediaType === 'image/png' ? png(picture) : await jpeg(picture);
  return { mediaType, body: new Uint8Array(body), width: picture.width, height: picture.height };
}

const bounded = (side: number | undefined) => Math.max(1, Math.min(sideLimit, Math.floor(side ?? sideLimit)));

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bytes: Buffer;
}

async function jpeg(picture: Picture): Promise<Buffer> {
  const facts: ImageFacts = {
    rows: picture.height,
    columns: picture.width,
    frames: 1,
    samplesPerPixel: picture.samples,
    ...{ bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false, planar: 0 },
    photometric: picture.samples === 3 ? 'RGB' : 'MONOCHROME2',
  };
  return (await encodeFrame(syntaxes.jpegBaseline, picture.bytes, facts)).stream;
}
