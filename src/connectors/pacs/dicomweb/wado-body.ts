import { GatewayError } from '../../../platform/errors';
import { DicomRefusal, isUid, Part10Splitter } from '../../../standards/dicom';
import { boundaryOf, MultipartReader, parseMediaType } from '../../../standards/multipart';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance, InstanceHeader } from '../pacs.port';
import { DicomWebSettings } from './dicomweb-settings';
import { AnswerHead, AnswerReader } from './http-client';

/** Takes the data set of one instance that was expected. */
export interface InstanceTarget {
  write(piece: Buffer): boolean;
  drained(): Promise<void>;
  /** `false` when what was received still waits for its turn: then `drained()` tells when it has left. */
  end(): boolean;
  cut(reason: Error): void;
}

export interface WadoBodyOptions {
  readonly settings: DicomWebSettings;
  readonly partsMax: number;
  /** The only instance asked for, when it is one: a file that does not name itself is taken for it. */
  readonly asked?: ExpectedInstance;
  /** Undefined for an instance that nobody wants: it is read past. */
  readonly open: (header: InstanceHeader) => InstanceTarget | undefined;
}

/**
 * The instances of one WADO-RS answer (PS3.18 10.4.3), out of `multipart/related` or out of one bare DICOM file. Data sets
 * pass untouched. A part that is no DICOM file is read past: its instance will be found missing.
 */
export class WadoBody implements AnswerReader {
  status = 0;
  retryAfter = '';
  /** Instances handed over whole. */
  complete = 0;
  private multipart: MultipartReader | undefined;
  private isBareFile = false;
  private splitter: Part10Splitter | undefined;
  private target: InstanceTarget | undefined;
  /** Said no: the last one decides, since the earlier ones have left before it. */
  private full: InstanceTarget | undefined;
  private partBytes = 0;

  constructor(private readonly options: WadoBodyOptions) {}

  head(head: AnswerHead): void {
    this.status = head.status;
    this.retryAfter = head.header('retry-after');
    // 206: some instances could not be sent (PS3.18 10.4.3.3).
    if (head.status !== 200 && head.status !== 206) return;
    const contentType = head.header('content-type');
    if (parseMediaType(contentType).type === 'application/dicom') return this.beginBareFile(head);
    this.multipart = new MultipartReader(
      {
        boundary: boundaryOf(contentType),
        partsMax: this.options.partsMax,
        headerBytesMax: this.options.settings.partHeaderBytesMax,
      },
      {
        onPartStart: (headers) => this.beginPart(headers.get('content-type')),
        onData: (bytes) => this.partData(bytes),
        onPartEnd: () => this.endPart(),
        onEnd: () => undefined,
      },
    );
  }

  data(chunk: Buffer): boolean {
    this.full = undefined;
    if (this.multipart) this.multipart.push(chunk);
    else if (this.isBareFile) this.partData(chunk);
    return this.full === undefined;
  }

  drained(): Promise<void> {
    return this.full?.drained() ?? Promise.resolve();
  }

  end(): void {
    if (this.multipart) this.multipart.end();
    else if (this.isBareFile) this.endPart();
  }

  /** The answer ended before its time. */
  cut(reason: Error): void {
    const { target } = this;
    this.target = undefined;
    this.splitter = undefined;
    target?.cut(reason);
  }

  /** Without a length of its own, a file that is cut would look whole. */
  private beginBareFile(head: AnswerHead): void {
    if (head.header('content-length') === '' && !/\bchunked$/i.test(head.header('transfer-encoding'))) {
      throw new GatewayError(pacsErrors.malformed, { detail: 'a file without a length' });
    }
    this.isBareFile = true;
    this.beginPart(undefined);
  }

  private beginPart(contentType: string | undefined): void {
    if (contentType && parseMediaType(contentType).type !== 'application/dicom') {
      throw new GatewayError(pacsErrors.malformed, { detail: 'a part that is not application/dicom' });
    }
    this.partBytes = 0;
    this.splitter = new Part10Splitter();
  }

  private partData(bytes: Buffer): void {
    this.partBytes += bytes.length;
    if (this.partBytes > this.options.settings.partBytesMax) {
      throw new GatewayError(pacsErrors.malformed, { detail: 'a part is longer than allowed' });
    }
    if (this.target && this.splitter?.meta) return this.give(this.target, bytes);
    this.split((splitter) => splitter.push(bytes));
  }

  private endPart(): void {
    this.split((splitter) => splitter.end());
    const { target } = this;
    this.target = undefined;
    this.splitter = undefined;
    if (!target) return;
    this.complete += 1;
    if (!target.end()) this.full = target;
  }

  private split(take: (splitter: Part10Splitter) => Buffer[]): void {
    const { splitter } = this;
    if (!splitter) return;
    try {
      const isNew = splitter.meta === undefined;
      const pieces = take(splitter);
      if (isNew && splitter.meta) this.target = this.openTarget(splitter.meta);
      if (this.target) for (const piece of pieces) this.give(this.target, piece);
      else if (splitter.meta) this.splitter = undefined;
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      this.splitter = undefined;
    }
  }

  private openTarget(meta: NonNullable<Part10Splitter['meta']>): InstanceTarget | undefined {
    const { asked, open } = this.options;
    const sopInstanceUid = meta.mediaStorageSopInstanceUid || asked?.sopInstanceUid;
    if (!sopInstanceUid || !isUid(meta.transferSyntaxUid)) return undefined;
    const sopClassUid = meta.mediaStorageSopClassUid ?? '';
    return open({ sopClassUid, sopInstanceUid, transferSyntaxUid: meta.transferSyntaxUid });
  }

  private give(target: InstanceTarget, piece: Buffer): void {
    if (!target.write(piece)) this.full = target;
  }
}
