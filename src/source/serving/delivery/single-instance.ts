import type { InstanceHeader, InstanceSink } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';
import type { HeldShare } from './held-bytes';

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
    private readonly held?: HeldShare,
  ) {}

  get whole(): WholeInstance | undefined {
    return this.isWhole && this.header ? { header: this.header, chunks: this.chunks } : undefined;
  }

  /** The same in one piece, the pieces being let go: they and their copy are not held side by side. */
  joined(): { header: InstanceHeader; dataset: Buffer } | undefined {
    const { whole } = this;
    if (!whole) return undefined;
    const dataset = joinedBytes(whole.chunks);
    this.chunks = [dataset];
    return { header: whole.header, dataset };
  }

  /** Lets the object go, and gives its part of the memory back. */
  forget(): void {
    this.chunks = [];
    this.isWhole = false;
    this.held?.give(this.bytesHeld);
    this.bytesHeld = 0;
  }

  begin(header: InstanceHeader): void {
    this.header = header;
  }

  write(chunk: Buffer): boolean {
    if (this.failed) return true;
    this.bytesHeld += chunk.length;
    const isTooLarge = this.bytesHeld > this.bytesMax;
    if (isTooLarge || this.held?.take(chunk.length) === false) {
      this.chunks = [];
      const entry = isTooLarge ? servingErrors.objectTooLarge : servingErrors.busy;
      this.failed = new GatewayError(entry, { detail: this.header?.sopInstanceUid });
      this.abort.abort(this.failed);
    } else this.chunks.push(chunk);
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

/** One piece of several, without a copy when there is but one. */
export function joinedBytes(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
