import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConfigOf } from '../config';
import { GatewayError } from '../errors';
import { decodingObstacle } from './codecs/decode';
import { encodingObstacle } from './codecs/encode';
import { ImageFacts } from './dataset/image';
import { DecodedImage, RenderedFrame, RenderOptions } from './render';
import { isRelabelling, syntaxFacts } from './syntaxes';
import { transcodingConfig } from './transcoding.config';
import { transcodingErrors } from './transcoding.errors';
import { ownsItsMemory } from './worker/moving';
import { workerEntry } from './worker/worker-entry';
import { WorkerPool } from './worker/worker-pool';

/** A data set without preamble and file meta group, whole or in parts. */
export type DatasetBytes = Buffer | readonly Buffer[];

export interface ConversionRequest {
  readonly dataset: DatasetBytes;
  /** Transfer syntax UID of `dataset`. */
  readonly from: string;
  readonly to: string;
  /** The caller gives the buffers away: memory that they own alone is moved instead of copied and must not be used afterwards. */
  readonly give?: boolean;
}

/** What is known of an image before it is converted; whatever is left out is taken to be no obstacle. */
export interface ConversionTarget extends Partial<ImageFacts> {
  readonly to: string;
  /** False for reports, plans, waveforms…: only uncompressed syntaxes are possible. */
  readonly hasPixelData?: boolean;
}

/** Parts of this size are copied in one go; larger ones leave the event loop a turn in between. */
const copySliceBytes = 4 * 1024 * 1024;

/** Converts and decodes images in worker threads; the calling thread only passes memory. */
@Injectable()
export class Transcoder implements OnApplicationShutdown {
  private readonly pool: WorkerPool;
  private readonly maxObjectBytes: number;

  constructor(@Inject(transcodingConfig.token) config: ConfigOf<typeof transcodingConfig>) {
    this.maxObjectBytes = config.maxObjectBytes;
    this.pool = new WorkerPool({ ...config, entry: workerEntry() });
  }

  /** Jobs that wait and jobs under way, for the metrics. */
  get load(): { waiting: number; busy: number } {
    return { waiting: this.pool.waiting, busy: this.pool.busy };
  }

  /** Whether `convert` can be expected to succeed on an intact object. */
  canConvert(from: string, target: ConversionTarget): boolean {
    const source = syntaxFacts(from);
    const facts = syntaxFacts(target.to);
    if (!source) return from === target.to;
    if (isRelabelling(from, target.to)) return true;
    if (!facts || facts.writable === 'no') return false;
    if (target.hasPixelData === false) return facts.codec === 'native';
    const image: ImageFacts = { ...ordinaryImage, ...definedOf(target) };
    if (decodingObstacle(source.codec, image)) return false;
    if (facts.codec === 'native') return true;
    // A chrominance shared in the code stream is spread out by the decoder.
    const photometric = source.codec === 'native' ? image.photometric : image.photometric.replace(/_4..$/, '');
    return encodingObstacle(target.to, { ...image, photometric }) === undefined;
  }

  /** The data set in the wanted transfer syntax, in parts; outside the pixel data only what the conversion requires is changed. */
  async convert(request: ConversionRequest, signal?: AbortSignal): Promise<Buffer[]> {
    const parts = await this.take(request.dataset, request.give ?? false, signal);
    const task = { kind: 'convert', from: request.from, to: request.to } as const;
    const result = (await this.pool.run(task, parts, signal)) as Uint8Array[];
    return result.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  }

  /** One frame (counted from 1) uncompressed: samples interleaved by pixel, cells of `bitsAllocated` bits, little endian. */
  async decodeFrame(dataset: DatasetBytes, from: string, frame: number, signal?: AbortSignal): Promise<DecodedImage> {
    const parts = await this.take(dataset, false, signal);
    return (await this.pool.run({ kind: 'decode', from, frame }, parts, signal)) as DecodedImage;
  }

  /** One frame as a PNG or JPEG picture for a screen (PS3.4 section N.2: modality, window, then palette or grey). */
  async renderFrame(
    dataset: DatasetBytes,
    from: string,
    options: RenderOptions,
    signal?: AbortSignal,
  ): Promise<RenderedFrame> {
    const parts = await this.take(dataset, false, signal);
    return (await this.pool.run({ kind: 'render', from, options }, parts, signal)) as RenderedFrame;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  /** Parts that may be moved to a thread. */
  private async take(dataset: DatasetBytes, give: boolean, signal?: AbortSignal): Promise<Uint8Array[]> {
    const parts = Buffer.isBuffer(dataset) ? [dataset] : dataset;
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    if (total > this.maxObjectBytes)
      throw new GatewayError(transcodingErrors.objectTooLarge, { detail: `${total} bytes` });
    if (give && parts.every(ownsItsMemory)) return [...parts];
    const block = new Uint8Array(total);
    let at = 0;
    let sinceTurn = 0;
    for (const part of parts) {
      for (let from = 0; from < part.length; from += copySliceBytes) {
        const slice = part.subarray(from, from + copySliceBytes);
        block.set(slice, at);
        at += slice.length;
        sinceTurn += slice.length;
        if (sinceTurn < copySliceBytes) continue;
        sinceTurn = 0;
        await nextTurn();
        signal?.throwIfAborted();
      }
    }
    return [block];
  }
}

const ordinaryImage: ImageFacts = {
  rows: 1,
  columns: 1,
  frames: 1,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  signed: false,
  photometric: 'MONOCHROME2',
  planar: 0,
};

function definedOf(target: ConversionTarget): Partial<ImageFacts> {
  const given: Partial<ImageFacts> = Object.fromEntries(
    Object.entries(target).filter(([, value]) => value !== undefined),
  );
  // Depth given alone: the stored bits are then taken to fill the cell.
  const bitsStored = given.bitsStored ?? given.bitsAllocated ?? ordinaryImage.bitsStored;
  return { ...given, bitsStored, highBit: given.highBit ?? bitsStored - 1 };
}
