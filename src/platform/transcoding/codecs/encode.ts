import { NativeCodecs } from 'dcmjs-codecs';
import { ConversionError } from '../conversion-error';
import { ImageFacts } from '../dataset/image';
import { codeStreamPrecision, masked } from '../pixels/cells';
import { syntaxes } from '../syntaxes';
import { encodeJpegLs, encodeReversible, reversibleHolds } from './cornerstone-codecs';
import { nativeEncode } from './native-codecs';
import { encodeRle } from './rle';

export interface EncodedFrame {
  readonly stream: Buffer;
  /** Photometric interpretation to write for this code stream. */
  readonly photometric: string;
}

/** Quality (libjpeg scale) of JPEG baseline, the only lossy target. */
const lossyQuality = 92;

/** Why a target cannot hold this image, or undefined when it can. Uncompressed targets can always hold it. */
export function encodingObstacle(to: string, facts: ImageFacts): string | undefined {
  if (facts.photometric.endsWith('_422') || facts.photometric.endsWith('_420')) {
    return 'the uncompressed samples share their chrominance';
  }
  if (to === syntaxes.rle) {
    if (facts.bitsAllocated % 8 !== 0) return 'RLE needs whole bytes';
    return (facts.samplesPerPixel * facts.bitsAllocated) / 8 > 15 ? 'RLE has at most 15 segments' : undefined;
  }
  if (facts.bitsAllocated !== 8 && facts.bitsAllocated !== 16) return 'only cells of 8 or 16 bits are compressed';
  if (facts.samplesPerPixel !== 1 && facts.samplesPerPixel !== 3) return 'only 1 or 3 samples per pixel are compressed';
  if (facts.bitsStored < 2) return 'a single bit per sample is not compressed';
  if ((to === syntaxes.jpeg2000Lossless || to === syntaxes.jpeg2000) && facts.samplesPerPixel === 3) {
    if (facts.bitsAllocated !== 8 || facts.signed) return 'JPEG 2000 colour is written from unsigned bytes only';
  }
  if (to === syntaxes.jpegBaseline) {
    if (facts.bitsAllocated !== 8 || facts.bitsStored !== 8 || facts.signed)
      return 'JPEG baseline holds 8 unsigned bits';
    if (facts.photometric === 'PALETTE COLOR') return 'palette indexes do not survive a lossy compression';
  }
  return undefined;
}

/** Encodes one frame (cells interleaved by pixel) for a target syntax. */
export async function encodeFrame(to: string, cells: Buffer, facts: ImageFacts): Promise<EncodedFrame> {
  try {
    return await encodeTo(to, cells, facts);
  } catch (cause) {
    if (!(cause instanceof ConversionError) || cause.reason !== 'corrupt-code-stream') throw cause;
    // There was no code stream yet: it is the pixels that the codec refuses.
    throw new ConversionError('unsupported-pixel-format', `the codec refuses these pixels: ${cause.detail}`, { cause });
  }
}

async function encodeTo(to: string, cells: Buffer, facts: ImageFacts): Promise<EncodedFrame> {
  if (to === syntaxes.rle) return { stream: encodeRle(cells, facts), photometric: facts.photometric };
  if (to === syntaxes.jpegBaseline) return encodeBaseline(cells, facts);
  const precision = codeStreamPrecision(cells, facts);
  switch (to) {
    case syntaxes.jpegLsLossless:
    case syntaxes.jpegLsNear:
      return {
        stream: await jpegLs(masked(cells, facts.bitsAllocated, precision), facts, precision),
        photometric: facts.photometric,
      };
    case syntaxes.jpeg2000Lossless:
    case syntaxes.jpeg2000:
      return encodeJpeg2000(cells, facts, precision);
    case syntaxes.jpegLossless:
    case syntaxes.jpegLosslessSv1:
      return encodeJpegLossless(cells, facts, precision);
    default:
      throw new ConversionError('unsupported-transfer-syntax', `${to} is not written`);
  }
}

/** The fast encoder refuses frames that do not get smaller (pure noise); the slower one takes those. */
async function jpegLs(cells: Buffer, facts: ImageFacts, precision: number): Promise<Buffer> {
  try {
    return await encodeJpegLs(cells, facts, precision);
  } catch {
    const parameters = { lossy: false };
    const encode = NativeCodecs.encodeJpegLs.bind(NativeCodecs);
    return (await nativeEncode(encode, cells, { facts: { ...facts, signed: false }, precision, parameters })).stream;
  }
}

/** Reversible JPEG 2000; RGB goes through the reversible colour transform and becomes YBR_RCT (PS3.5 section 8.2.4). */
async function encodeJpeg2000(cells: Buffer, facts: ImageFacts, precision: number): Promise<EncodedFrame> {
  const transform = facts.photometric === 'RGB';
  const photometric = transform ? 'YBR_RCT' : facts.photometric;
  if (reversibleHolds(facts)) return { stream: await encodeReversible(cells, facts, precision), photometric };
  const { stream } = await nativeEncode(NativeCodecs.encodeJpeg2000.bind(NativeCodecs), cells, {
    facts,
    precision,
    parameters: { lossy: false, allowMct: transform ? 1 : 0 },
  });
  return { stream, photometric };
}

/** JPEG Lossless, first-order prediction, selection value 1 (PS3.5 section 8.2.1, ITU-T T.81 process 14). */
async function encodeJpegLossless(cells: Buffer, facts: ImageFacts, wanted: number): Promise<EncodedFrame> {
  // The codec announces 8, 12 or 16 bits whatever it is told: the sign bits must reach up to there.
  const precision = facts.bitsAllocated === 8 ? 8 : wanted <= 12 ? 12 : 16;
  const { stream } = await nativeEncode(
    NativeCodecs.encodeJpeg.bind(NativeCodecs),
    masked(cells, facts.bitsAllocated, precision),
    {
      facts: { ...facts, signed: false },
      precision,
      parameters: { lossy: false, predictor: 1, pointTransform: 0 },
    },
  );
  return { stream, photometric: facts.photometric };
}

async function encodeBaseline(cells: Buffer, facts: ImageFacts): Promise<EncodedFrame> {
  const { stream } = await nativeEncode(NativeCodecs.encodeJpeg.bind(NativeCodecs), cells, {
    facts,
    precision: 8,
    parameters: { lossy: true, quality: lossyQuality },
  });
  return { stream, photometric: facts.samplesPerPixel === 3 ? 'YBR_FULL' : facts.photometric };
}
