import type { InstanceHeader, InstanceSink } from '../../src/connectors/pacs';

/** A sink that keeps what it is given and checks the order of the calls. */
export class RecordingSink implements InstanceSink {
  readonly received = new Map<string, { header: InstanceHeader; dataSet: Buffer }>();
  readonly faults: string[] = [];
  cutReason: Error | undefined;
  private open: { header: InstanceHeader; chunks: Buffer[] } | undefined;

  constructor(private readonly pace: { fullEvery?: number; pauseMs?: number } = {}) {}

  private chunks = 0;

  begin(header: InstanceHeader): void {
    if (this.open || this.cutReason) this.faults.push('begin inside an instance or after a cut');
    this.open = { header, chunks: [] };
  }

  write(chunk: Buffer): boolean {
    if (!this.open) this.faults.push('write outside of an instance');
    this.open?.chunks.push(chunk);
    this.chunks += 1;
    return !this.pace.fullEvery || this.chunks % this.pace.fullEvery !== 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.pace.pauseMs ?? 1));
  }

  end(): void {
    if (!this.open) return void this.faults.push('end outside of an instance');
    const { header, chunks } = this.open;
    if (this.received.has(header.sopInstanceUid)) this.faults.push('an instance came twice');
    this.received.set(header.sopInstanceUid, { header, dataSet: Buffer.concat(chunks) });
    this.open = undefined;
  }

  cut(reason: Error): void {
    if (!this.open) this.faults.push('cut outside of an instance');
    this.cutReason = reason;
    this.open = undefined;
  }
}
