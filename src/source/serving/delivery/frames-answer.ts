import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { InstanceHeader, InstanceSink, RetrievalOutcome } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import type { Transcoder } from '../../../platform/transcoding';
import { DicomRefusal, Frames, framesOf, type InsToInsert } from '../../../standards/dicom';
import { chooseFrameMediaType, chooseTransferSyntax, WishList } from '../../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { servingErrors } from '../serving.errors';
import { BodyWriter } from './body-writer';
import type { HeldShare } from './held-bytes';
import { conversionTargets, imageFacts } from './image-facts';
import { refuseOtherPatient } from './patient-check';
import { refusedObject } from './refused-object';
import { joinedBytes, SingleInstance } from './single-instance';
import { refuseUndelivered } from './undelivered';

export interface FramesAnswerOptions {
  readonly response: ServerResponse;
  readonly wishes: WishList;
  /** The patient of the manifest: an object that says another one is refused. */
  readonly ins: InsToInsert | undefined;
  readonly transcoder: Transcoder;
  readonly objectBytesMax: number;
  /** This request's part of the memory for whole objects. */
  readonly held?: HeldShare;
  readonly abort: AbortController;
  /** From 1, in the order asked for. */
  readonly frames: readonly number[];
}

interface FramesToSend {
  readonly frames: Frames;
  readonly transferSyntaxUid: string;
}

/** A `multipart/related` answer of frames (PS3.18 8.7.3.3): the object is held whole, since its tables say where frames are. */
export class FramesAnswer implements InstanceSink {
  private readonly instance: SingleInstance;
  private readonly multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(24)) });
  private body: BodyWriter | undefined;
  parts = 0;

  constructor(private readonly options: FramesAnswerOptions) {
    this.instance = new SingleInstance(options.objectBytesMax, options.abort, options.held);
  }

  get bytes(): number {
    return this.body?.bytes ?? 0;
  }

  get failed(): GatewayError | undefined {
    return this.instance.failed;
  }

  begin(header: InstanceHeader): void {
    this.instance.begin(header);
  }
  write(chunk: Buffer): boolean {
    return this.instance.write(chunk);
  }
  drained(): Promise<void> {
    return this.instance.drained();
  }
  end(): void {
    this.instance.end();
  }
  cut(reason: Error): void {
    this.instance.cut(reason);
  }

  /** @throws GatewayError 404 for a frame that does not exist, 406, 410, or 502 when the object cannot be read */
  async finish(outcome: RetrievalOutcome, beforeLastByte: () => Promise<void>): Promise<void> {
    refuseUndelivered(outcome);
    const whole = this.instance.joined();
    if (!whole) throw this.failed ?? new GatewayError(servingErrors.incomplete);
    const { frames, transferSyntaxUid } = await this.framesToSend(whole.header, whole.dataset);
    const { mediaType } = chooseFrameMediaType(this.options.wishes, frames.mediaType);
    const body = new BodyWriter(this.options.response, () => ({
      'Content-Type': `multipart/related; type="${mediaType}"; boundary=${this.multipart.boundary}`,
      'Cache-Control': 'no-store',
    }));
    this.body = body;
    for (const views of this.options.frames.map((number) => frames.frame(number))) {
      body.write(this.multipart.partStart({ 'Content-Type': `${mediaType}; transfer-syntax=${transferSyntaxUid}` }));
      for (const view of views) await body.send(view);
      this.parts++;
    }
    body.flush();
    await beforeLastByte();
    await body.end(this.multipart.close());
  }

  private async framesToSend(header: InstanceHeader, dataset: Buffer): Promise<FramesToSend> {
    const { ins, transcoder, wishes } = this.options;
    const stored = header.transferSyntaxUid;
    try {
      refuseOtherPatient({ dataset: [dataset], transferSyntaxUid: stored, ins });
      const found = framesOf(dataset, { transferSyntaxUid: stored });
      const absent = this.options.frames.find((number) => number > found.numberOfFrames);
      if (absent !== undefined)
        throw new GatewayError(servingErrors.frameAbsent, { detail: `frame ${absent} of ${found.numberOfFrames}` });
      const targets = conversionTargets(transcoder, stored, imageFacts([dataset], stored));
      const choice = chooseTransferSyntax({ stored, canEncodeTo: targets, wishes });
      if (choice === 'not-acceptable')
        throw new GatewayError(servingErrors.notAcceptable, { detail: `stored as ${stored}` });
      if (choice === 'as-is') return { frames: found, transferSyntaxUid: frameSyntax(stored, found) };
      return await this.converted(dataset, stored, choice.convertTo);
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      if (error.reason !== 'frames-absent') throw refusedObject(header.sopInstanceUid, error);
      throw new GatewayError(servingErrors.frameAbsent, {
        cause: error,
        detail: `${header.sopInstanceUid}: ${error.reason}`,
      });
    }
  }

  /** What the conversion gave takes the place of the stored object, in the memory for whole objects too. */
  private async converted(dataset: Buffer, from: string, to: string): Promise<FramesToSend> {
    const { transcoder, abort, held } = this.options;
    const parts = await transcoder.convert({ dataset: [dataset], from, to }, abort.signal);
    this.instance.forget();
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (held?.take(bytes) === false) throw new GatewayError(servingErrors.busy, { detail: `${bytes} bytes converted` });
    return { frames: framesOf(joinedBytes(parts), { transferSyntaxUid: to }), transferSyntaxUid: to };
  }
}

/** Native frames leave in little endian whatever the stored byte order: those of explicit VR little endian (PS3.18 8.7.3.3). */
function frameSyntax(stored: string, frames: Frames): string {
  return frames.mediaType === 'application/octet-stream' ? '1.2.840.10008.1.2.1' : stored;
}
