import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { InstanceHeader, InstanceSink, RetrievalOutcome } from '../../../connectors/pacs';
import { describeCause, GatewayError } from '../../../platform/errors';
import type { Transcoder } from '../../../platform/transcoding';
import { DicomRefusal, Frames, framesOf } from '../../../standards/dicom';
import { chooseFrameMediaType, chooseTransferSyntax, WishList } from '../../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { servingErrors } from '../serving.errors';
import { BodyWriter } from './body-writer';
import type { HeldShare } from './held-bytes';
import { conversionTargets, imageFacts } from './image-facts';
import { SingleInstance, WholeInstance } from './single-instance';
import { refuseUndelivered } from './undelivered';

export interface FramesAnswerOptions {
  readonly response: ServerResponse;
  readonly wishes: WishList;
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
    const whole = this.instance.whole;
    if (!whole) throw this.failed ?? new GatewayError(servingErrors.incomplete);
    const { frames, transferSyntaxUid } = await this.framesToSend(whole);
    const { mediaType } = chooseFrameMediaType(this.options.wishes, frames.mediaType);
    const body = new BodyWriter(this.options.response, () => ({
      'Content-Type': `multipart/related; type="${mediaType}"; boundary=${this.multipart.boundary}`,
      'Cache-Control': 'no-store',
    }));
    this.body = body;
    for (const views of this.options.frames.map((number) => frames.frame(number))) {
      body.write(this.multipart.partStart({ 'Content-Type': `${mediaType}; transfer-syntax=${transferSyntaxUid}` }));
      for (const view of views) if (!body.write(view)) await body.drained();
      this.parts++;
    }
    body.flush();
    await beforeLastByte();
    await body.end(this.multipart.close());
  }

  private async framesToSend({ header, chunks }: WholeInstance): Promise<FramesToSend> {
    try {
      const stored = header.transferSyntaxUid;
      const found = framesOf(Buffer.concat(chunks), { transferSyntaxUid: stored });
      const absent = this.options.frames.find((number) => number > found.numberOfFrames);
      if (absent !== undefined)
        throw new GatewayError(servingErrors.frameAbsent, { detail: `frame ${absent} of ${found.numberOfFrames}` });
      const targets = conversionTargets(this.options.transcoder, stored, imageFacts(chunks, stored));
      const choice = chooseTransferSyntax({ stored, canEncodeTo: targets, wishes: this.options.wishes });
      if (choice === 'not-acceptable')
        throw new GatewayError(servingErrors.notAcceptable, { detail: `stored as ${stored}` });
      if (choice === 'as-is') return { frames: found, transferSyntaxUid: frameSyntax(stored, found) };
      const converted = await this.options.transcoder.convert(
        { dataset: chunks, from: stored, to: choice.convertTo },
        this.options.abort.signal,
      );
      return {
        frames: framesOf(Buffer.concat(converted), { transferSyntaxUid: choice.convertTo }),
        transferSyntaxUid: choice.convertTo,
      };
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      const entry = error.reason === 'frames-absent' ? servingErrors.frameAbsent : servingErrors.objectUnreadable;
      throw new GatewayError(entry, { cause: error, detail: `${header.sopInstanceUid}: ${describeCause(error)}` });
    }
  }
}

/** Native frames leave in little endian whatever the stored byte order: those of explicit VR little endian (PS3.18 8.7.3.3). */
function frameSyntax(stored: string, frames: Frames): string {
  return frames.mediaType === 'application/octet-stream' ? '1.2.840.10008.1.2.1' : stored;
}
