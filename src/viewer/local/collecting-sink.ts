import type { InstanceHeader, InstanceSink } from '../../connectors/pacs';
import { HeadWalker } from '../../standards/dicom';
import type { ArrivedHead, ArrivedInstance } from '../dicomweb/study-source';

const FLOAT_PIXEL_DATA = 0x7fe00008;
const headBytesMax = 64 * 1024 * 1024;

export interface Collected {
  readonly sopInstanceUid: string;
  readonly instance: ArrivedInstance;
  readonly head: ArrivedHead;
}

/** Gathers each object whole and hands it over with its head. An object larger than the limit is given as a fault. */
export class CollectingSink implements InstanceSink {
  private header: InstanceHeader | undefined;
  private chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly objectBytesMax: number,
    private readonly onCollected: (collected: Collected) => void,
    private readonly onUnusable: (sopInstanceUid: string, cause: unknown) => void,
  ) {}

  begin(header: InstanceHeader): void {
    this.header = header;
    this.chunks = [];
    this.bytes = 0;
  }

  write(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (this.bytes <= this.objectBytesMax) this.chunks.push(chunk);
    else this.chunks = [];
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    const { header, chunks } = this;
    this.header = undefined;
    this.chunks = [];
    if (!header) return;
    try {
      if (this.bytes > this.objectBytesMax) throw new RangeError('the object is larger than the gateway holds');
      const { sopClassUid, transferSyntaxUid, sopInstanceUid } = header;
      const dataset = Buffer.concat(chunks);
      const head = headOf(dataset, transferSyntaxUid);
      this.onCollected({ sopInstanceUid, instance: { sopClassUid, transferSyntaxUid, dataset }, head });
    } catch (error) {
      this.onUnusable(header.sopInstanceUid, error);
    }
  }

  cut(reason: Error): void {
    if (this.header) this.onUnusable(this.header.sopInstanceUid, reason);
    this.header = undefined;
    this.chunks = [];
  }
}

/** What stands before the pixel data, as a copy that does not keep the pixels alive. */
export function headOf(dataset: Buffer, transferSyntaxUid: string): ArrivedHead {
  const walker = new HeadWalker({ transferSyntaxUid, stopAt: FLOAT_PIXEL_DATA, headBytesMax });
  const pixelDataFollows = walker.push(dataset);
  if (!pixelDataFollows) walker.end();
  return { transferSyntaxUid, head: Buffer.from(walker.head()), pixelDataFollows };
}
