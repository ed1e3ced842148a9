import { NativeCodecs } from 'dcmjs-codecs';
import { ConversionError } from '../conversion-error';
import { frameBytes, ImageFacts } from '../dataset/image';
import { DecodedFrame, toCells } from '../pixels/cells';
import { Codec } from '../syntaxes';
import { CodecSamples, decodeHtj2k, decodeJpeg2000, decodeJpegLs } from './cornerstone-codecs';
import { nativeDecode } from './native-codecs';
import { decodeRle } from './rle';

/** Why an encapsulated image cannot be read, or undefined when it can: the codecs would give wrong values without saying so. */
export function decodingObstacle(codec: Codec, facts: ImageFacts): string | undefined {
  const wavelet = codec === 'jpeg-2000' || codec === 'htj2k';
  if (wavelet && facts.samplesPerPixel > 1 && (facts.bitsAllocated !== 8 || facts.signed)) {
    return 'colour is read from unsigned bytes only';
  }
  if (codec !== 'rle' && codec !== 'native' && facts.bitsAllocated !== 8 && facts.bitsAllocated !== 16) {
    return 'compressed cells are read with 8 or 16 bits only';
  }
  return undefined;
}

/** Decodes one code stream into cells, samples interleaved by pixel. */
export async function decodeFrame(codec: Codec, stream: Buffer, facts: ImageFacts): Promise<DecodedFrame> {
  const obstacle = decodingObstacle(codec, facts);
  if (obstacle) throw new ConversionError('unsupported-pixel-format', obstacle);
  const frame = await decoders[codec](stream, facts);
  if (frame.pixels.length !== frameBytes(facts)) {
    throw new ConversionError(
      'pixel-data-length-mismatch',
      `a frame of ${frameBytes(facts)} bytes was decoded into ${frame.pixels.length}`,
    );
  }
  return frame;
}

type Decoder = (stream: Buffer, facts: ImageFacts) => Promise<DecodedFrame>;

const fromSamples = ({ samples, precision, signed }: CodecSamples, facts: ImageFacts): Buffer =>
  toCells(samples, precision, facts, signed && precision > 8 === facts.bitsAllocated > 8);

const decoders: Record<Codec, Decoder> = {
  native: () => Promise.reject(new ConversionError('unsupported-transfer-syntax', 'not a code stream')),
  rle: async (stream, facts) => ({ pixels: decodeRle(stream, facts), photometric: facts.photometric }),
  'jpeg-ls': async (stream, facts) => ({
    pixels: fromSamples(await decodeJpegLs(stream, facts), facts),
    photometric: facts.photometric,
  }),
  'jpeg-2000': async (stream, facts) => ({
    pixels:
      facts.signed && facts.bitsAllocated === 8
        ? await signedBytes(stream, facts)
        : fromSamples(await decodeJpeg2000(stream, facts), facts),
    photometric: withoutTransform(facts),
  }),
  htj2k: async (stream, facts) => ({
    pixels: fromSamples(await decodeHtj2k(stream, facts), facts),
    photometric: withoutTransform(facts),
  }),
  jpeg: decodeJpeg,
};

/** The faster decoder takes negative samples of one byte for zero. */
async function signedBytes(stream: Buffer, facts: ImageFacts): Promise<Buffer> {
  await decodeJpeg2000(stream, facts);
  const decode = NativeCodecs.decodeJpeg2000.bind(NativeCodecs);
  return (await nativeDecode(decode, stream, { facts, precision: facts.bitsStored, parameters: {} })).pixels;
}

/** The decoder undoes the multiple component transform (PS3.5 section 8.2.4): RCT and ICT samples come out as RGB. */
function withoutTransform({ photometric }: ImageFacts): string {
  return photometric === 'YBR_RCT' || photometric === 'YBR_ICT' ? 'RGB' : photometric;
}

/** JPEG (PS3.5 section 8.2.1): lossy YCbCr becomes RGB, as dcmtk and gdcm do; everything else keeps its meaning. */
async function decodeJpeg(stream: Buffer, facts: ImageFacts): Promise<DecodedFrame> {
  const header = jpegHeader(stream);
  const convert = !header.lossless && facts.samplesPerPixel === 3 && facts.photometric.startsWith('YBR_');
  const result = await nativeDecode((context, parameters) => NativeCodecs.decodeJpeg(context, parameters), stream, {
    facts,
    precision: facts.bitsStored,
    parameters: { convertColorspaceToRgb: convert },
  });
  const photometric = convert ? 'RGB' : facts.photometric;
  const extend = facts.signed && header.precision < facts.bitsAllocated;
  return { pixels: extend ? toCells(result.pixels, header.precision, facts, false) : result.pixels, photometric };
}

/** Process and precision from the frame header (ITU-T T.81 section B.2.2); refuses a stream of another size. */
function jpegHeader(stream: Buffer): { lossless: boolean; precision: number } {
  if (stream.length < 4 || stream[0] !== 0xff || stream[1] !== 0xd8) {
    throw new ConversionError('corrupt-code-stream', 'the JPEG start marker is missing');
  }
  for (let at = 2; at + 10 <= stream.length;) {
    const marker = stream[at + 1];
    if (stream[at] !== 0xff) break;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { lossless: marker === 0xc3 || marker === 0xc7, precision: stream[at + 4] };
    }
    at += marker === 0xff ? 1 : 2 + stream.readUInt16BE(at + 2);
  }
  throw new ConversionError('corrupt-code-stream', 'the JPEG frame header is missing');
}
