import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { InstanceHeader, InstanceSink, RetrievalOutcome } from '../../../connectors/pacs';
import { describeCause, GatewayError } from '../../../platform/errors';
import type { Transcoder } from '../../../platform/transcoding';
import { DicomRefusal, EndWatcher, encodeFileMeta, InsInserter, InsToInsert } from '../../../standards/dicom';
import { chooseTransferSyntax, TransferSyntaxChoice, WishList } from '../../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { servingErrors } from '../serving.errors';
import { BodyWriter } from './body-writer';
import { convertWithIns } from './convert-with-ins';
import type { HeldShare } from './held-bytes';
import { conversionTargets, imageFacts } from './image-facts';
import { PartQueue } from './part-queue';
import { refusedObject } from './refused-object';
import { refuseUndelivered } from './undelivered';

/** Objects gathered or in conversion at once: enough to keep two workers busy, few enough to bound memory. */
const conversionsMax = 4;

export interface InstancesAnswerOptions {
  readonly response: ServerResponse;
  readonly wishes: WishList;
  readonly ins: InsToInsert | undefined;
  readonly transcoder: Transcoder;
  readonly objectBytesMax: number;
  /** This request's part of the memory for whole objects. */
  readonly held?: HeldShare;
  /** Instances expected: the last of a small answer leaves with its end, in one write. */
  readonly expected?: number;
  /** Aborts the retrieval when the answer cannot go on. */
  readonly abort: AbortController;
}

/** What the instance under way needs; a conversion gathers it whole first. */
type Current =
  | {
      readonly mode: 'pass';
      readonly header: InstanceHeader;
      readonly inserter: InsInserter | undefined;
      readonly watcher: EndWatcher;
    }
  | { readonly mode: 'convert'; readonly header: InstanceHeader; readonly chunks: Buffer[]; bytes: number }
  | { readonly mode: 'discard' };

/**
 * A `multipart/related` answer of whole instances (PS3.18 8.7.3, RAD-107). Data sets pass as they arrive; only the head up
 * to (0010,1002) is looked at, to add the INS. What must be converted is gathered, converted in a worker and sent between
 * two other instances.
 */
export class InstancesAnswer implements InstanceSink {
  private readonly multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(24)) });
  private readonly body: BodyWriter;
  private current: Current = { mode: 'discard' };
  private failure: GatewayError | undefined;
  /** Conversions, each until the caller has taken what came of it. */
  private readonly conversions = new Set<Promise<void>>();
  private readonly converted: PartQueue;
  private readonly choices = new Map<string, TransferSyntaxChoice>();
  /** Instances begun. */
  parts = 0;

  constructor(private readonly options: InstancesAnswerOptions) {
    this.body = new BodyWriter(options.response, () => ({
      'Content-Type': `multipart/related; type="application/dicom"; boundary=${this.multipart.boundary}`,
      'Cache-Control': 'no-store',
    }));
    this.converted = new PartQueue(this.body, () => this.partWritten());
  }

  get bytes(): number {
    return this.body.bytes;
  }

  begin(header: InstanceHeader): void {
    if (this.failure) return;
    const choice = this.firstChoice(header.transferSyntaxUid);
    if (choice === 'not-acceptable') {
      this.fail(new GatewayError(servingErrors.notAcceptable, { detail: `stored as ${header.transferSyntaxUid}` }));
    } else if (choice === 'as-is') {
      this.guard(header, () => this.beginPass(header));
    } else {
      this.current = { mode: 'convert', header, chunks: [], bytes: 0 };
    }
  }

  private beginPass(header: InstanceHeader): void {
    const { transferSyntaxUid } = header;
    const inserter = this.inserter(transferSyntaxUid);
    this.current = { mode: 'pass', header, inserter, watcher: new EndWatcher(transferSyntaxUid) };
    this.converted.holdBack();
    for (const bytes of this.partHead(header, transferSyntaxUid)) this.body.write(bytes);
  }

  private partWritten(): void {
    if (this.parts !== this.options.expected) this.body.flushSoon();
  }

  /** A series has one stored syntax, nearly always: what could be done with it is found out once. */
  private firstChoice(stored: string): TransferSyntaxChoice {
    const known = this.choices.get(stored) ?? this.choose(stored);
    this.choices.set(stored, known);
    return known;
  }

  /** With the object's facts the choice is final; without them it is what could be for some object of that syntax. */
  private choose(stored: string, facts?: ReturnType<typeof imageFacts>): TransferSyntaxChoice {
    const { transcoder, wishes } = this.options;
    return chooseTransferSyntax({ stored, canEncodeTo: conversionTargets(transcoder, stored, facts), wishes });
  }

  write(chunk: Buffer): boolean {
    const current = this.current;
    if (current.mode === 'pass') {
      return this.pass(current, () => {
        current.watcher.push(chunk);
        return current.inserter?.push(chunk) ?? [chunk];
      });
    }
    if (current.mode === 'convert') this.gather(current, chunk);
    return this.isReady;
  }

  end(): void {
    const current = this.current;
    this.current = { mode: 'discard' };
    if (current.mode === 'pass') {
      this.pass(current, () => {
        current.watcher.end();
        return current.inserter?.end() ?? [];
      });
      if (this.failure) return;
      this.partWritten();
      this.converted.goOn();
    } else if (current.mode === 'convert') this.convert(current);
  }

  cut(reason: Error): void {
    this.current = { mode: 'discard' };
    this.failure ??= new GatewayError(servingErrors.incomplete, { cause: reason });
    this.stop();
  }

  async drained(): Promise<void> {
    while (!this.isReady) await (this.body.isFull ? this.body.drained() : Promise.race(this.conversions));
  }

  /**
   * Ends the answer when everything expected is in it.
   * @throws GatewayError when it is not: nothing may then end as if complete.
   */
  async finish(outcome: RetrievalOutcome, beforeLastByte: () => Promise<void>): Promise<void> {
    await Promise.all(this.conversions);
    if (this.failure) throw this.failure;
    refuseUndelivered(outcome);
    this.body.flushIfBegun();
    await beforeLastByte();
    await this.body.end(this.multipart.close());
  }

  /** The reason why the answer could not go on, if the answer itself stopped the retrieval. */
  get failed(): GatewayError | undefined {
    return this.failure;
  }

  private get isReady(): boolean {
    if (this.failure) return true;
    // What was converted waits for the end of the part that passes: it is never waited for before that end.
    const hasRoom = this.current.mode === 'pass' || this.conversions.size < conversionsMax;
    return hasRoom && !this.body.isFull;
  }

  private inserter(transferSyntaxUid: string): InsInserter | undefined {
    return this.options.ins ? new InsInserter({ transferSyntaxUid, ins: this.options.ins }) : undefined;
  }

  private pass(current: { header: InstanceHeader }, chunks: () => Buffer[]): boolean {
    this.guard(current.header, () => {
      for (const chunk of chunks()) this.body.write(chunk);
    });
    return this.isReady;
  }

  /** A fault ends this answer alone: thrown into the retrieval, it would end those of the other readers with it. */
  private guard(header: InstanceHeader, work: () => void): void {
    try {
      work();
    } catch (error) {
      const isRefusal = error instanceof DicomRefusal;
      this.fail(
        isRefusal
          ? refusedObject(header.sopInstanceUid, error)
          : new GatewayError(servingErrors.failed, { cause: error }),
      );
    }
  }

  private gather(current: Current & { mode: 'convert' }, chunk: Buffer): void {
    const { objectBytesMax, held } = this.options;
    const detail = current.header.sopInstanceUid;
    if (current.bytes + chunk.length > objectBytesMax) {
      this.fail(new GatewayError(servingErrors.objectTooLarge, { detail }));
    } else if (held?.take(chunk.length) === false) {
      this.fail(new GatewayError(servingErrors.busy, { detail }));
    } else {
      current.bytes += chunk.length;
      current.chunks.push(chunk);
    }
  }

  private convert(current: Current & { mode: 'convert' }): void {
    const { header } = current;
    const job = this.convertAndSend(current)
      .catch((error: unknown) => {
        if (!this.options.abort.signal.aborted) this.fail(conversionError(header, error));
      })
      .finally(() => this.conversions.delete(job));
    this.conversions.add(job);
  }

  /** The memory for whole objects holds the stored object, then in its place what came of it, until the caller has taken that. */
  private async convertAndSend({ header, chunks, bytes }: Current & { mode: 'convert' }): Promise<void> {
    const { held } = this.options;
    let counted = bytes;
    try {
      const { to, dataset } = await this.convertTo(header, chunks);
      chunks.length = 0;
      held?.give(counted);
      counted = 0;
      const bytesOut = dataset.reduce((sum, { length }) => sum + length, 0);
      if (held?.take(bytesOut) === false)
        throw new GatewayError(servingErrors.busy, {
          detail: `${header.sopInstanceUid}: ${bytesOut} bytes converted`,
        });
      counted = bytesOut;
      await this.converted.add({ head: () => this.partHead(header, to), bytes: dataset });
    } finally {
      held?.give(counted);
    }
  }

  private async convertTo(
    header: InstanceHeader,
    chunks: readonly Buffer[],
  ): Promise<{ to: string; dataset: readonly Buffer[] }> {
    const from = header.transferSyntaxUid;
    const choice = this.choose(from, imageFacts(chunks, from));
    if (choice === 'as-is' || choice === 'not-acceptable')
      throw new GatewayError(servingErrors.notAcceptable, { detail: `stored as ${from}` });
    const to = choice.convertTo;
    const { transcoder, ins, abort } = this.options;
    return { to, dataset: await convertWithIns(transcoder, { dataset: chunks, from, to }, ins, abort.signal) };
  }

  /** Of the part that is written next. */
  private partHead(header: InstanceHeader, transferSyntaxUid: string): Buffer[] {
    this.parts++;
    const contentType = `application/dicom; transfer-syntax=${transferSyntaxUid}`;
    return [this.multipart.partStart({ 'Content-Type': contentType }), fileMeta(header, transferSyntaxUid)];
  }

  private fail(error: GatewayError): void {
    if (this.failure) return;
    this.failure = error;
    this.current = { mode: 'discard' };
    this.stop();
    this.options.abort.abort(error);
  }

  /** As long as nothing has left, the error can still be told as one. */
  private stop(): void {
    this.converted.stop();
    if (!this.options.response.headersSent) this.body.discard();
  }
}

function fileMeta(header: InstanceHeader, transferSyntaxUid: string): Buffer {
  return encodeFileMeta({
    transferSyntaxUid,
    mediaStorageSopClassUid: header.sopClassUid,
    mediaStorageSopInstanceUid: header.sopInstanceUid,
  });
}

/** An object that contradicts its patient, or cannot be read, is refused as it is when it passes unchanged. */
function conversionError(header: InstanceHeader, error: unknown): GatewayError {
  if (error instanceof DicomRefusal) return refusedObject(header.sopInstanceUid, error);
  const detail = `${header.sopInstanceUid}: ${describeCause(error)}`;
  return GatewayError.of(error) ?? new GatewayError(servingErrors.conversionFailed, { cause: error, detail });
}
