import type { InstanceHeader, InstanceSink } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import { DicomRefusal, HeadWalker } from '../../../standards/dicom';
import { servingErrors } from '../serving.errors';

const FLOAT_PIXEL_DATA = 0x7fe00008;
/** Heads with long private elements or many frames' functional groups exist; beyond this it is not a head any more. */
const headBytesMax = 64 * 1024 * 1024;

export interface ReadHead {
  readonly header: InstanceHeader;
  /** The data set up to its pixel data (inflated when it was deflated). */
  readonly head: Buffer;
  readonly pixelDataFollows: boolean;
}

/** What takes the heads, or what is made of them. */
export interface Room {
  readonly isFull: boolean;
  drained(): Promise<void>;
}

/** A sink that keeps only what stands before the pixel data and lets the rest fall. */
export class MetadataReader implements InstanceSink {
  readonly heads: ReadHead[] = [];
  failed: GatewayError | undefined;
  private header: InstanceHeader | undefined;
  private walker: HeadWalker | undefined;

  constructor(
    private readonly abort: AbortController,
    private readonly onHead: (read: ReadHead) => void,
    private readonly room?: Room,
  ) {}

  begin(header: InstanceHeader): void {
    this.header = header;
    this.guard(() => {
      this.walker = new HeadWalker({
        transferSyntaxUid: header.transferSyntaxUid,
        stopAt: FLOAT_PIXEL_DATA,
        headBytesMax,
      });
    });
  }

  write(chunk: Buffer): boolean {
    const { walker } = this;
    if (walker)
      this.guard(() => {
        if (walker.push(chunk)) this.keep(walker, true);
      });
    return this.room?.isFull !== true;
  }

  drained(): Promise<void> {
    return this.room?.drained() ?? Promise.resolve();
  }

  end(): void {
    const { walker } = this;
    if (walker)
      this.guard(() => {
        walker.end();
        this.keep(walker, false);
      });
  }

  cut(reason: Error): void {
    this.walker = undefined;
    this.failed ??= new GatewayError(servingErrors.incomplete, { cause: reason });
  }

  private keep(walker: HeadWalker, pixelDataFollows: boolean): void {
    this.walker = undefined;
    if (this.header) this.onHead({ header: this.header, head: walker.head(), pixelDataFollows });
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      // Never thrown into the retrieval, which other readers may share.
      this.walker = undefined;
      this.failed ??= this.failureOf(error);
      this.abort.abort(this.failed);
    }
  }

  private failureOf(error: unknown): GatewayError {
    if (!(error instanceof DicomRefusal))
      return GatewayError.of(error) ?? new GatewayError(servingErrors.failed, { cause: error });
    const detail = `${this.header?.sopInstanceUid}: ${error.reason}`;
    return new GatewayError(servingErrors.objectUnreadable, { cause: error, detail });
  }
}
