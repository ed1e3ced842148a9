import charls from '@cornerstonejs/codec-charls/wasmjs';
import openjpeg from '@cornerstonejs/codec-openjpeg/wasmjs';
import openjph from '@cornerstonejs/codec-openjph';
import { codecMessage, ConversionError } from '../conversion-error';
import { ImageFacts } from '../dataset/image';
import { noteDiscard } from './discards';
import type {
  CharlsModule,
  CodecDecoder,
  CodecFactory,
  CodecFrameInfo,
  OpenJpegModule,
  OpenJphModule,
} from '../../../../types/cornerstone-codec-shapes';

/** Modules stay loaded between frames; one that threw is replaced, since its memory cannot be trusted any more. */
class Loaded<M> {
  private loading: Promise<M> | undefined;

  constructor(private readonly factory: CodecFactory<M>) {}

  async use<T>(work: (codec: M) => T): Promise<T> {
    this.loading ??= this.factory({ print: () => undefined, printErr: () => undefined });
    const codec = await this.loading;
    try {
      return work(codec);
    } catch (cause) {
      this.loading = undefined;
      noteDiscard();
      throw cause instanceof ConversionError
        ? cause
        : new ConversionError('corrupt-code-stream', codecMessage(cause), { cause });
    }
  }
}

const charlsModule = new Loaded<CharlsModule>(charls);
const openjpegModule = new Loaded<OpenJpegModule>(openjpeg);
const openjphModule = new Loaded<OpenJphModule>(openjph);

export interface CodecSamples {
  readonly samples: Buffer;
  readonly precision: number;
  readonly signed: boolean;
}

function decodeWith(decoder: CodecDecoder, stream: Buffer, facts: ImageFacts): CodecSamples {
  try {
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    const info = decoder.getFrameInfo();
    sameShape(info, facts);
    return {
      samples: Buffer.from(decoder.getDecodedBuffer()),
      precision: info.bitsPerSample,
      signed: info.isSigned ?? false,
    };
  } finally {
    decoder.delete();
  }
}

/** A code stream of another size than the data set says is refused: its pixels would be laid out wrongly. */
function sameShape(info: CodecFrameInfo, facts: ImageFacts): void {
  const same =
    info.width === facts.columns &&
    info.height === facts.rows &&
    info.componentCount === facts.samplesPerPixel &&
    info.bitsPerSample <= facts.bitsAllocated;
  if (same) return;
  const text = `${info.width}x${info.height}x${info.componentCount}, ${info.bitsPerSample} bits`;
  throw new ConversionError('pixel-data-length-mismatch', `the code stream holds ${text}`);
}

export const decodeJpegLs = (stream: Buffer, facts: ImageFacts): Promise<CodecSamples> => {
  sanityOf(stream, 0xd8);
  return charlsModule.use((codec) => decodeWith(new codec.JpegLSDecoder(), stream, facts));
};

export const decodeJpeg2000 = (stream: Buffer, facts: ImageFacts): Promise<CodecSamples> => {
  sanityOf(stream, 0x4f);
  return openjpegModule.use((codec) => decodeWith(new codec.J2KDecoder(), stream, facts));
};

export const decodeHtj2k = (stream: Buffer, facts: ImageFacts): Promise<CodecSamples> => {
  sanityOf(stream, 0x4f);
  return openjphModule.use((codec) => decodeWith(new codec.HTJ2KDecoder(), stream, facts));
};

/** The codecs read outside their memory when given something else: look at the first marker before they do. */
function sanityOf(stream: Buffer, second: number): void {
  const jp2 = second === 0x4f && stream.length > 12 && stream.readUInt32BE(4) === 0x6a502020;
  if (jp2 || (stream.length > 20 && stream[0] === 0xff && stream[1] === second)) return;
  throw new ConversionError('corrupt-code-stream', 'the start marker is missing');
}

/** JPEG-LS lossless, samples of a pixel interleaved (PS3.5 section 8.2.3). */
export const encodeJpegLs = (cells: Buffer, facts: ImageFacts, precision: number): Promise<Buffer> =>
  charlsModule.use((codec) => {
    const encoder = new codec.JpegLSEncoder();
    try {
      const { rows: height, columns: width, samplesPerPixel: componentCount } = facts;
      encoder.getDecodedBuffer({ width, height, bitsPerSample: precision, componentCount }).set(cells);
      encoder.setNearLossless(0);
      encoder.setInterleaveMode(componentCount === 1 ? 0 : 2);
      encoder.encode();
      return Buffer.from(encoder.getEncodedBuffer());
    } finally {
      encoder.delete();
    }
  });

/** Whether `encodeReversible` takes these cells: its wrapper always transforms three samples, and reads colour only in bytes. */
export function reversibleHolds(facts: ImageFacts): boolean {
  return facts.samplesPerPixel === 1 || (facts.photometric === 'RGB' && facts.bitsAllocated === 8 && !facts.signed);
}

/** Reversible JPEG 2000, one quality layer, LRCP; three samples go through the reversible colour transform (PS3.5 section 8.2.4). */
export const encodeReversible = (cells: Buffer, facts: ImageFacts, precision: number): Promise<Buffer> =>
  openjpegModule.use((codec) => {
    const encoder = new codec.J2KEncoder();
    // The wrapper reads cells of one byte without their sign: they are lifted here, the sign is announced afterwards.
    const lifted = facts.signed && precision <= 8;
    try {
      const { rows: height, columns: width, samplesPerPixel: componentCount } = facts;
      encoder
        .getDecodedBuffer({
          ...{ width, height, componentCount, bitsPerSample: precision },
          isSigned: facts.signed && !lifted,
        })
        .set(lifted ? cells.map((value) => (value + 2 ** (precision - 1)) & (2 ** precision - 1)) : cells);
      encoder.setDecompositions(Math.min(5, Math.floor(Math.log2(Math.min(width, height)))));
      encoder.setQuality(true, 1);
      encoder.setCompressionRatio(0, 0);
      encoder.setProgressionOrder(0);
      encoder.encode();
      const stream = Buffer.from(encoder.getEncodedBuffer());
      if (lifted) stream[componentDepthAt] |= 0x80;
      return stream;
    } finally {
      encoder.delete();
    }
  });

/** Ssiz of the first component in a code stream that starts with SOC and SIZ (ISO/IEC 15444-1 section A.5.1); its high bit is the sign. */
const componentDepthAt = 42;
