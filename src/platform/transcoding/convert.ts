import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { decodeFrame } from './codecs/decode';
import { encodeFrame, encodingObstacle } from './codecs/encode';
import { ConversionError } from './conversion-error';
import { codeString, Edits, element, splice, unsignedShort } from './dataset/edit';
import { elementsOf, explicitBig, explicitLittle, implicitLittle, undefinedLength } from './dataset/elements';
import { DatasetView, frameBytes, imageFacts, ImageFacts, tags } from './dataset/image';
import { header, reencode } from './dataset/reencode';
import { DecodedFrame, replane } from './pixels/cells';
import { encapsulate, framesOf } from './pixels/encapsulation';
import { isRelabelling, SyntaxFacts, syntaxFacts, syntaxes } from './syntaxes';

export interface ConversionLimits {
  /** Largest data set, before and after, in bytes. */
  readonly maxObjectBytes: number;
  /** Asked between two frames: true stops the work. */
  readonly cancelled: () => boolean;
}

/** Converts a data set (no file meta group) from one transfer syntax to another. Pure but for the codecs' memory. */
export async function convertDataset(
  data: Buffer,
  from: string,
  to: string,
  limits: ConversionLimits,
): Promise<Buffer[]> {
  const source = syntaxFacts(from);
  const target = syntaxFacts(to);
  if (!source) throw new ConversionError('unsupported-transfer-syntax', `${from} is not read`);
  if (isRelabelling(from, to)) return [data];
  if (!target || target.writable === 'no')
    throw new ConversionError('unsupported-transfer-syntax', `${to} is not written`);
  if (data.length > limits.maxObjectBytes) throw new ConversionError('object-too-large', `${data.length} bytes`);

  const view = readDataset(data, from, limits);
  const explicit = await convertPixels(view, source, { uid: to, facts: target }, limits);
  return fromExplicitLittle(explicit, to);
}

function fromExplicitLittle(explicit: Buffer[], to: string): Buffer[] {
  switch (to) {
    case syntaxes.implicitLittle:
      return reencode(Buffer.concat(explicit), explicitLittle, implicitLittle);
    case syntaxes.explicitBig:
      return reencode(Buffer.concat(explicit), explicitLittle, explicitBig);
    case syntaxes.deflated:
      return deflate(explicit);
    default:
      return explicit;
  }
}

/** PS3.5 section A.5: a raw deflate stream (RFC 1951), padded to even length. */
function deflate(explicit: readonly Buffer[]): Buffer[] {
  const stream = deflateRawSync(Buffer.concat(explicit));
  return stream.length % 2 ? [stream, Buffer.alloc(1)] : [stream];
}

/** The data set in explicit little endian, whatever layout it comes in; pixel data untouched when encapsulated. */
export function readDataset(data: Buffer, from: string, limits: ConversionLimits): DatasetView {
  const explicit = toExplicitLittle(data, from, limits.maxObjectBytes);
  return new DatasetView(explicit, elementsOf(explicit, explicitLittle));
}

function toExplicitLittle(data: Buffer, from: string, maxOutputLength: number): Buffer {
  switch (from) {
    case syntaxes.implicitLittle:
      return Buffer.concat(reencode(data, implicitLittle, explicitLittle));
    case syntaxes.explicitBig:
      return Buffer.concat(reencode(data, explicitBig, explicitLittle));
    case syntaxes.deflated:
      return inflate(data, maxOutputLength);
    default:
      return data;
  }
}

function inflate(data: Buffer, maxOutputLength: number): Buffer {
  try {
    return inflateRawSync(data, { maxOutputLength });
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new ConversionError(tooLarge ? 'object-too-large' : 'malformed-data-set', 'the deflated data set', { cause });
  }
}

async function convertPixels(
  view: DatasetView,
  source: SyntaxFacts,
  target: { uid: string; facts: SyntaxFacts },
  limits: ConversionLimits,
): Promise<Buffer[]> {
  const encapsulated = view.encapsulated;
  if (encapsulated !== (source.codec !== 'native') && view.pixelData) {
    throw new ConversionError('malformed-data-set', 'the pixel data do not have the form of their transfer syntax');
  }
  const wantsNative = target.facts.codec === 'native';
  if (wantsNative && !encapsulated) return [view.data];
  if (!view.pixelData) {
    if (wantsNative) return [view.data];
    throw new ConversionError('no-pixel-data', 'there is nothing to compress');
  }
  const facts = imageFacts(view);
  const size = facts.frames * (facts.rows * facts.columns * facts.samplesPerPixel * (facts.bitsAllocated / 8));
  if (size > limits.maxObjectBytes) throw new ConversionError('object-too-large', `${size} bytes of pixels`);
  if (!wantsNative) {
    const obstacle = encodingObstacle(
      target.uid,
      encapsulated ? { ...facts, photometric: facts.photometric.replace(/_4..$/, '') } : facts,
    );
    if (obstacle) throw new ConversionError('unsupported-pixel-format', obstacle);
  }
  const frames = encapsulated ? decodedFrames(view, source, facts) : nativeFrames(view, facts);
  return wantsNative
    ? writeNative(view, source, facts, frames, limits)
    : writeEncapsulated(view, target.uid, facts, frames, limits);
}

/** Frames of an encapsulated image, decoded one at a time. */
export async function* decodedFrames(
  view: DatasetView,
  source: SyntaxFacts,
  facts: ImageFacts,
): AsyncGenerator<DecodedFrame> {
  for (const fragments of framesOf(view, facts.frames)) {
    yield await decodeFrame(source.codec, fragments.length === 1 ? fragments[0] : Buffer.concat(fragments), facts);
  }
}

/** Frames of uncompressed pixel data whose cells are whole bytes, samples interleaved by pixel. */
export async function* nativeFrames(view: DatasetView, facts: ImageFacts): AsyncGenerator<DecodedFrame> {
  const value = view.value(tags.pixelData) ?? Buffer.alloc(0);
  const length = frameBytes(facts);
  const total = length * facts.frames;
  if (!Number.isInteger(length) || value.length < total || value.length > total + 1) {
    throw new ConversionError('pixel-data-length-mismatch', `${value.length} bytes of pixel data, ${total} expected`);
  }
  for (let frame = 0; frame < facts.frames; frame++) {
    const stored = value.subarray(frame * length, (frame + 1) * length);
    const pixels =
      facts.planar === 1 ? replane(stored, facts.samplesPerPixel, facts.bitsAllocated / 8, 'pixel') : stored;
    yield { pixels, photometric: facts.photometric };
  }
}

async function writeNative(
  view: DatasetView,
  source: SyntaxFacts,
  facts: ImageFacts,
  frames: AsyncGenerator<DecodedFrame>,
  limits: ConversionLimits,
): Promise<Buffer[]> {
  // RLE says how its samples are to be laid out (PS3.5 section 8.2.2); the other codecs give them by pixel.
  const planar = source.codec === 'rle' ? facts.planar : 0;
  const chunks: Buffer[] = [];
  let photometric = facts.photometric;
  for await (const frame of frames) {
    stopWhenCancelled(limits);
    photometric = frame.photometric;
    chunks.push(
      planar === 1 ? replane(frame.pixels, facts.samplesPerPixel, facts.bitsAllocated / 8, 'plane') : frame.pixels,
    );
  }
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (length % 2) chunks.push(Buffer.alloc(1));
  if (length + 1 >= undefinedLength) throw new ConversionError('object-too-large', `${length} bytes of pixels`);
  const vr = facts.bitsAllocated > 8 ? 'OW' : 'OB';
  const edits = imageEdits(facts, { photometric, planar });
  edits.set(tags.pixelData, [header(tags.pixelData, vr, length + (length % 2)), ...chunks]);
  return splice(view.data, view.spans, withoutOffsets(view, edits));
}

async function writeEncapsulated(
  view: DatasetView,
  to: string,
  facts: ImageFacts,
  frames: AsyncGenerator<DecodedFrame>,
  limits: ConversionLimits,
): Promise<Buffer[]> {
  const streams: Buffer[] = [];
  let photometric = facts.photometric;
  for await (const frame of frames) {
    stopWhenCancelled(limits);
    const encoded = await encodeFrame(to, frame.pixels, { ...facts, photometric: frame.photometric });
    photometric = encoded.photometric;
    streams.push(encoded.stream);
  }
  const edits = imageEdits(facts, { photometric, planar: to === syntaxes.rle ? facts.planar : 0 });
  if (to === syntaxes.jpegBaseline) markLossy(view, edits, facts, streams);
  edits.set(tags.pixelData, encapsulate(streams));
  return splice(view.data, view.spans, withoutOffsets(view, edits));
}

/** Only attributes whose value really changes are written again. */
function imageEdits(facts: ImageFacts, now: { photometric: string; planar: 0 | 1 }): Edits {
  const edits: Edits = new Map();
  if (now.photometric !== facts.photometric) {
    edits.set(tags.photometricInterpretation, codeString(tags.photometricInterpretation, now.photometric));
  }
  if (now.planar !== facts.planar)
    edits.set(tags.planarConfiguration, unsignedShort(tags.planarConfiguration, now.planar));
  return edits;
}

function withoutOffsets(view: DatasetView, edits: Edits): Edits {
  for (const tag of [tags.extendedOffsetTable, tags.extendedOffsetTableLengths]) {
    if (view.find(tag)) edits.set(tag, undefined);
  }
  return edits;
}

/** PS3.3 section C.7.6.1.1.5: each lossy step adds its ratio and method to those of the steps before. */
function markLossy(view: DatasetView, edits: Edits, facts: ImageFacts, streams: readonly Buffer[]): void {
  const compressed = streams.reduce((sum, stream) => sum + stream.length, 0);
  const ratio = ((frameBytes(facts) * facts.frames) / compressed).toFixed(2);
  const append = (tag: number, value: string) => [view.text(tag), value].filter(Boolean).join('\\');
  const set = (tag: number, vr: string, value: string) =>
    edits.set(tag, element(tag, vr, Buffer.from(value, 'latin1')));
  set(tags.lossyImageCompression, 'CS', '01');
  set(tags.lossyImageCompressionRatio, 'DS', append(tags.lossyImageCompressionRatio, ratio));
  set(tags.lossyImageCompressionMethod, 'CS', append(tags.lossyImageCompressionMethod, 'ISO_10918_1'));
}

function stopWhenCancelled(limits: ConversionLimits): void {
  if (limits.cancelled()) throw new ConversionError('cancelled', 'the caller left');
}
