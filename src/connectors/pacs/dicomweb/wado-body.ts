import { GatewayError } from '../../../platform/errors';
import { DicomRefusal, FileMeta, Part10Splitter } from '../../../standards/dicom';
import { boundaryOf, MultipartReader, parseMediaType } from '../../../standards/multipart';
import { pacsErrors } from '../pacs.errors';
import { InstanceHeader } from '../pacs.port';
import { DicomWebSettings } from './dicomweb-settings';
import { AnswerHead, AnswerReader } from './http-client';
import { InstanceName } from './instance-name';

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
  /** Whether this instance is expected, even if no longer wanted. */
  readonly knows: (sopInstanceUid: string) => boolean;
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
  /** Parts that are no DICOM file. */
  unreadable = 0;
  private multipart: MultipartReader | undefined;
  private isBareFile = false;
  private splitter: Part10Splitter | undefined;
  private name: InstanceName | undefined;
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
    this.name = undefined;
    this.splitter = new Part10Splitter();
  }

  private partData(bytes: Buffer): void {
    this.partBytes += bytes.length;
    if (this.partBytes > this.options.settings.partBytesMax) {
      throw new GatewayError(pacsErrors.malformed, { detail: 'a part is longer than allowed' });
    }
    if (this.target) return this.give(this.target, bytes);
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
      if (isNew && splitter.meta) this.recognise(splitter.meta);
      for (const piece of pieces) this.take(piece);
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      this.unreadable += 1;
      this.splitter = undefined;
    }
  }

  private recognise(meta: FileMeta): void {
    const { mediaStorageSopInstanceUid: sopInstanceUid = '', mediaStorageSopClassUid: sopClassUid = '' } = meta;
    const { transferSyntaxUid } = meta;
    if (!this.options.knows(sopInstanceUid)) this.name = new InstanceName(transferSyntaxUid);
    else this.begin({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  }

  private begin(header: InstanceHeader): void {
    this.target = this.options.open(header);
    // Nobody's: what follows is read past.
    if (!this.target) this.splitter = undefined;
  }

  private take(piece: Buffer): void {
    const { name } = this;
    if (this.target) this.give(this.target, piece);
    if (!name?.push(piece)) return;
    this.name = undefined;
    const { sopClassUid, sopInstanceUid } = name;
    const transferSyntaxUid = this.splitter?.meta?.transferSyntaxUid ?? '';
    this.begin({ sopClassUid, sopInstanceUid, transferSyntaxUid });
    if (this.target) for (const held of name.pieces) this.give(this.target, held);
  }

  private give(target: InstanceTarget, piece: Buffer): void {
    if (!target.write(piece)) this.full = target;
  }
}
