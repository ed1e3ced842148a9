import { Context, NativeCodecs } from 'dcmjs-codecs';
import { codecMessage, ConversionError } from '../conversion-error';
import { ImageFacts } from '../dataset/image';
import { noteDiscard } from './discards';

/** The WebAssembly library of dcmjs-codecs (libijg, CharLS, OpenJPEG): loaded on first use, thrown away after a failure. */
let ready: Promise<void> | undefined;

/** The library prints its warnings; a worker has no console, and a code stream's text belongs in no log. */
const silent = { logCodecsInfo: false, logCodecsTrace: false };

export function prepareNativeCodecs(): Promise<void> {
  ready ??= NativeCodecs.initializeAsync(silent);
  return ready;
}

/** After an exception the C++ stack of the module is not unwound: its memory cannot be trusted any more. */
function discard(): void {
  NativeCodecs.release();
  ready = undefined;
  noteDiscard();
}

type Operation = (context: Context, parameters?: Record<string, unknown>) => Context;

interface Call {
  readonly facts: ImageFacts;
  /** Bits of a sample in the code stream. */
  readonly precision: number;
  readonly photometric?: string;
  readonly parameters?: Record<string, unknown>;
}

function contextOf({ facts, precision, photometric }: Call, buffers: { encoded?: Buffer; decoded?: Buffer }): Context {
  return new Context({
    width: facts.columns,
    height: facts.rows,
    bitsAllocated: facts.bitsAllocated,
    bitsStored: precision,
    samplesPerPixel: facts.samplesPerPixel,
    pixelRepresentation: facts.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: photometric ?? facts.photometric,
    encodedBuffer: buffers.encoded,
    decodedBuffer: buffers.decoded,
  });
}

async function run(operation: Operation, context: Context, parameters?: Record<string, unknown>): Promise<Context> {
  await prepareNativeCodecs();
  try {
    return operation.call(NativeCodecs, context, parameters);
  } catch (cause) {
    discard();
    throw new ConversionError('corrupt-code-stream', codecMessage(cause), { cause });
  }
}

export async function nativeDecode(operation: Operation, encoded: Buffer, call: Call) {
  const result = await run(operation, contextOf(call, { encoded }), call.parameters);
  const pixels = result.getDecodedBuffer();
  if (!pixels) throw new ConversionError('corrupt-code-stream', 'the codec returned nothing');
  return {
    pixels: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength),
    photometric: result.getPhotometricInterpretation() ?? call.facts.photometric,
    planar: result.getPlanarConfiguration() ?? 0,
  };
}

export async function nativeEncode(operation: Operation, decoded: Buffer, call: Call) {
  const result = await run(operation, contextOf(call, { decoded }), call.parameters);
  const stream = result.getEncodedBuffer();
  if (!stream || stream.length === 0)
    throw new ConversionError('unsupported-pixel-format', 'the codec returned nothing');
  return {
    stream: Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength),
    photometric: result.getPhotometricInterpretation() ?? call.facts.photometric,
  };
}
