import type { InstanceHeader, InstanceSink } from '../../../connectors/pacs';
import { HeadWalker } from '../../../standards/dicom';
import type { ReadHead } from './metadata-reader';

const FLOAT_PIXEL_DATA = 0x7fe00008;
/** A longer head is not gathered on the way: the images go first. */
const headBytesMax = 1024 * 1024;

/** Passes a retrieval on to its sink untouched, and tells the head of each complete object that goes by. */
export class PassingHeads implements InstanceSink {
  private header: InstanceHeader | undefined;
  private walker: HeadWalker | undefined;
  private read: ReadHead | undefined;

  constructor(
    private readonly sink: InstanceSink,
    private readonly told: (read: ReadHead) => void,
  ) {}

  begin(header: InstanceHeader): void {
    this.header = header;
    this.read = undefined;
    this.walker = undefined;
    this.walk(() => {
      const { transferSyntaxUid } = header;
      this.walker = new HeadWalker({ transferSyntaxUid, stopAt: FLOAT_PIXEL_DATA, headBytesMax });
    });
    this.sink.begin(header);
  }

  write(chunk: Buffer): boolean {
    const { walker } = this;
    if (walker) this.walk(() => walker.push(chunk) && this.take(walker, true));
    return this.sink.write(chunk);
  }

  drained(): Promise<void> {
    return this.sink.drained();
  }

  end(): void {
    const { walker } = this;
    if (walker)
      this.walk(() => {
        walker.end();
        this.take(walker, false);
      });
    this.sink.end();
    if (this.read) this.told(this.read);
    this.read = undefined;
  }

  cut(reason: Error): void {
    this.walker = undefined;
    this.read = undefined;
    this.sink.cut(reason);
  }

  /** A copy: a view would hold the images in memory for as long as the head. */
  private take(walker: HeadWalker, pixelDataFollows: boolean): void {
    this.walker = undefined;
    if (this.header) this.read = { header: this.header, head: Buffer.from(walker.head()), pixelDataFollows };
  }

  /** What cannot be walked is not gathered; the sink judges for itself. */
  private walk(work: () => void): void {
    try {
      work();
    } catch {
      this.walker = undefined;
    }
  }
}
