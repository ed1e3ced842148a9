import type { InstanceHeader, InstanceSink } from '../../../connectors/pacs';

/** Keeps the data sets of small objects in memory; an object beyond the limit is dropped and counts as not read. */
export class BytesSink implements InstanceSink {
  readonly objects = new Map<string, Buffer>();
  private chunks: Buffer[] = [];
  private size = 0;
  private sopInstanceUid = '';

  constructor(private readonly bytesMax: number) {}

  begin({ sopInstanceUid }: InstanceHeader): void {
    this.sopInstanceUid = sopInstanceUid;
    this.chunks = [];
    this.size = 0;
  }

  write(chunk: Buffer): boolean {
    this.size += chunk.length;
    if (this.size <= this.bytesMax) this.chunks.push(chunk);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    if (this.size <= this.bytesMax) this.objects.set(this.sopInstanceUid, Buffer.concat(this.chunks));
    this.chunks = [];
  }

  cut(): void {
    this.chunks = [];
  }
}
