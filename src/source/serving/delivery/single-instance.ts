import type { InstanceHeader, InstanceSink } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';

export interface WholeInstance {
  readonly header: InstanceHeader;
  readonly chunks: readonly Buffer[];
}

/** A sink that holds one instance whole, up to a limit: for frames, which need all of it. */
export class SingleInstance implements InstanceSink {
  private header: InstanceHeader | undefined;
  private chunks: Buffer[] = [];
  private bytesHeld = 0;
  private isWhole = false;
  failed: GatewayError | undefined;

  constructor(
    private readonly bytesMax: number,
    private readonly abort: AbortController,
  ) {}

  get whole(): WholeInstance | undefined {
    return this.isWhole && this.header ? { header: this.header, chunks: this.chunks } : undefined;
  }

  begin(header: InstanceHeader): void {
    this.header = header;
  }

  write(chunk: Buffer): boolean {
    this.bytesHeld += chunk.length;
    if (this.bytesHeld <= this.bytesMax) this.chunks.push(chunk);
    else if (!this.failed) {
      this.chunks = [];
      this.failed = new GatewayError(servingErrors.objectTooLarge, { detail: this.header?.sopInstanceUid });
      this.abort.abort(this.failed);
    }
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.isWhole = true;
  }

  cut(reason: Error): void {
    this.chunks = [];
    this.failed ??= new GatewayError(servingErrors.incomplete, { cause: reason });
  }
}
