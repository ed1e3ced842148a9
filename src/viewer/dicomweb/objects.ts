import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describeCause, GatewayError } from '../../platform/errors';
import type { Transcoder } from '../../platform/transcoding';
import {
  DicomRefusal,
  encodeFileMeta,
  framesOf,
  inflateDataSet,
  readDataSet,
  transferSyntax,
  TRANSFER_SYNTAX,
  type Frames,
  type ReadElement,
} from '../../standards/dicom';
import { chooseFrameMediaType, chooseTransferSyntax, parseAccept } from '../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../standards/multipart';
import { viewerErrors } from '../viewer.errors';
import type { ArrivedInstance } from './study-source';

const inflatedBytesMax = 1024 ** 3;

/** Every answer with images: never kept on disk by the browser beyond its own session cache. */
const imageHeaders = { 'Cache-Control': 'private, no-store' };

/** Runs a reading of an object; what the standard refuses becomes an error of this room. */
export function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DicomRefusal)) throw error;
    throw new GatewayError(viewerErrors.imageUnreadable, { cause: error, detail: describeCause(error) });
  }
}

interface Syntaxed {
  readonly frames: Frames;
  readonly transferSyntaxUid: string;
}

async function framesFor(
  instance: ArrivedInstance,
  accept: string | undefined,
  transcoder: Transcoder,
  signal: AbortSignal,
): Promise<Syntaxed & { mediaType: string }> {
  const stored = instance.transferSyntaxUid;
  const wishes = parseAccept(accept ?? 'multipart/related; type=application/octet-stream; transfer-syntax=*', 'frames');
  if (!wishes.ok) throw new GatewayError(viewerErrors.notAcceptable, { detail: wishes.reason });
  const canEncodeTo = [TRANSFER_SYNTAX.explicitVrLittleEndian].filter((to) => transcoder.canConvert(stored, { to }));
  const choice = chooseTransferSyntax({ stored, canEncodeTo, wishes: wishes.value });
  if (choice === 'not-acceptable')
    throw new GatewayError(viewerErrors.notAcceptable, { detail: `stored as ${stored}` });
  const { frames, transferSyntaxUid } =
    choice === 'as-is' ? asStored(instance) : await converted(instance, choice.convertTo, transcoder, signal);
  return { frames, transferSyntaxUid, mediaType: chooseFrameMediaType(wishes.value, frames.mediaType).mediaType };
}

function asStored({ dataset, transferSyntaxUid }: ArrivedInstance): Syntaxed {
  const frames = reading(() => framesOf(dataset, { transferSyntaxUid, inflatedBytesMax }));
  // Native frames leave in little endian whatever the stored byte order (PS3.18 8.7.3.3).
  const isNative = frames.mediaType === 'application/octet-stream';
  return { frames, transferSyntaxUid: isNative ? TRANSFER_SYNTAX.explicitVrLittleEndian : transferSyntaxUid };
}

async function converted(
  { dataset, transferSyntaxUid }: ArrivedInstance,
  to: string,
  transcoder: Transcoder,
  signal: AbortSignal,
): Promise<Syntaxed> {
  const parts = await transcoder.convert({ dataset, from: transferSyntaxUid, to }, signal);
  return { frames: reading(() => framesOf(Buffer.concat(parts), { transferSyntaxUid: to })), transferSyntaxUid: to };
}

export interface FramesToSend {
  readonly response: ServerResponse;
  readonly instance: ArrivedInstance;
  /** Counted from 1. */
  readonly numbers: readonly number[];
  readonly accept: string | undefined;
  readonly transcoder: Transcoder;
  readonly signal: AbortSignal;
}

/** `multipart/related` of frames (PS3.18 8.7.3.3); each part names its true transfer syntax. */
export async function sendFrames({ response, instance, numbers, accept, transcoder, signal }: FramesToSend) {
  const { frames, transferSyntaxUid, mediaType } = await framesFor(instance, accept, transcoder, signal);
  if (numbers.some((number) => number > frames.numberOfFrames))
    throw new GatewayError(viewerErrors.notThere, { detail: `the object has ${frames.numberOfFrames} frames` });
  const views = reading(() => numbers.map((number) => frames.frame(number)));
  const multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(18)) });
  const head = { 'Content-Type': `${mediaType}; transfer-syntax=${transferSyntaxUid}` };
  const chunks = views.flatMap((view) => [multipart.partStart(head), ...view]);
  sendAll(response, `multipart/related; type="${mediaType}"; boundary=${multipart.boundary}`, [
    ...chunks,
    multipart.close(),
  ]);
}

/** The whole object as a DICOM file, alone in a `multipart/related` answer, or bare when `application/dicom` is asked for. */
export function sendObject(response: ServerResponse, instance: ArrivedInstance, sopInstanceUid: string, bare: boolean) {
  const meta = encodeFileMeta({
    transferSyntaxUid: instance.transferSyntaxUid,
    mediaStorageSopClassUid: instance.sopClassUid,
    mediaStorageSopInstanceUid: sopInstanceUid,
  });
  if (bare) {
    sendAll(response, 'application/dicom', [meta, instance.dataset]);
    return;
  }
  const multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(18)) });
  const head = { 'Content-Type': `application/dicom; transfer-syntax=${instance.transferSyntaxUid}` };
  sendAll(response, `multipart/related; type="application/dicom"; boundary=${multipart.boundary}`, [
    multipart.partStart(head),
    meta,
    instance.dataset,
    multipart.close(),
  ]);
}

/** Types under which a bulk value may be shown by the browser itself; anything else is only bytes. */
const shownTypes = ['application/pdf', 'video/mp4', 'video/mpeg'];

export interface BulkToSend {
  readonly response: ServerResponse;
  readonly instance: ArrivedInstance;
  /** As in `parseFacadePath`. */
  readonly path: readonly string[];
  /** `accept` of the query, by which an address shows a document in the browser (PS3.18 8.3.3.1). */
  readonly askedType: string | undefined;
  readonly accept: string | undefined;
}

/** Ranges of an `Accept` header under which bytes without a type of their own may leave. */
const bulkRanges = ['*/*', 'multipart/*', 'multipart/related', 'application/*', 'application/octet-stream'];

function acceptsBytes(accept: string | undefined): boolean {
  const ranges = (accept ?? '*/*').split(',').map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '');
  const inner = /type="?application\/octet-stream"?/i;
  const namesType = /multipart\/related[^,]*type=/i.test(accept ?? '');
  return ranges.some((range) => bulkRanges.includes(range)) && (!namesType || inner.test(accept ?? ''));
}

/** The bytes of one attribute that its metadata give by reference (PS3.18 10.4.1.1.5). */
export function sendBulk({ response, instance, path, askedType, accept }: BulkToSend): void {
  const isShown = askedType !== undefined && shownTypes.includes(askedType);
  if (!isShown && !acceptsBytes(accept))
    throw new GatewayError(viewerErrors.notAcceptable, { detail: 'bulk data are application/octet-stream' });
  const bytes = reading(() => bulkValue(instance, path));
  if (!bytes) throw new GatewayError(viewerErrors.notThere, { detail: 'no such attribute' });
  if (isShown) {
    sendAll(response, askedType, [bytes], { 'Content-Disposition': 'inline' });
    return;
  }
  const multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(18)) });
  sendAll(response, `multipart/related; type="application/octet-stream"; boundary=${multipart.boundary}`, [
    multipart.partStart({ 'Content-Type': 'application/octet-stream' }),
    bytes,
    multipart.close(),
  ]);
}

function bulkValue({ dataset, transferSyntaxUid }: ArrivedInstance, path: readonly string[]): Buffer | undefined {
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  const bytes = syntax.deflated ? inflateDataSet(dataset, { inflatedBytesMax }) : dataset;
  let elements: readonly ReadElement[] | undefined = readDataSet(bytes, { encoding: syntax }).elements;
  let found: ReadElement | undefined;
  for (const [index, part] of path.entries()) {
    if (index % 2 === 0) found = elements?.find(({ tag }) => tag === Number.parseInt(part, 16));
    else elements = found?.items?.[Number(part)];
  }
  if (!found || found.items || found.fragments) return undefined;
  return bytes.subarray(found.valueOffset, found.valueOffset + found.length);
}

function sendAll(
  response: ServerResponse,
  contentType: string,
  chunks: readonly Buffer[],
  more: Record<string, string> = {},
): void {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': length, ...imageHeaders, ...more });
  response.cork();
  for (const chunk of chunks) response.write(chunk);
  response.end();
}
