import { FileHandle, open, rm } from 'node:fs/promises';

/** Text gathered before one write. */
const blockBytes = 256 * 1024;
/** Text waiting for the disk beyond which the source is asked for silence. */
const waitingBytesMax = 2 * 1024 * 1024;

interface Place {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Texts of one series on their way to its file, in a draft on disk in the order in which they come: memory holds where each one is,
 * and no more of the text than waits for the disk. Readable by the gateway's user alone; gone once closed.
 */
export class TextSpool {
  private readonly places = new Map<string, Place>();
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private waitingBytes = 0;
  private length = 0;
  private writing: Promise<void> = Promise.resolve();
  private failure: Error | undefined;

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws Error of the file system */
  static async open(file: string): Promise<TextSpool> {
    return new TextSpool(file, await open(file, 'wx+', 0o600));
  }

  /** Texts taken so far. */
  get count(): number {
    return this.places.size;
  }

  /** Bytes of them. */
  get bytes(): number {
    return this.length;
  }

  get isFull(): boolean {
    return this.waitingBytes > waitingBytesMax && !this.failure;
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  /** @throws Error of the file system, when a former text could not be written */
  add(name: string, text: string): void {
    if (this.failure) throw this.failure;
    const block = Buffer.from(text);
    this.places.set(name, { at: this.length, bytes: block.length });
    this.length += block.length;
    this.waitingBytes += block.length;
    this.gathered.push(block);
    this.gatheredBytes += block.length;
    if (this.gatheredBytes >= blockBytes) this.write();
  }

  /** Resolves when what was taken is on disk, or could not be written: `texts` then tells. */
  drained(): Promise<void> {
    if (this.gatheredBytes > 0) this.write();
    return this.writing;
  }

  /**
   * The texts in the order of these names.
   * @throws Error of the file system, or when a name is unknown
   */
  async *texts(names: Iterable<string>): AsyncGenerator<string, void, void> {
    await this.drained();
    for (const name of names) {
      if (this.failure) throw this.failure;
      const place = this.places.get(name);
      if (!place) throw new Error('a text was not taken');
      const { bytesRead, buffer } = await this.handle.read(Buffer.allocUnsafe(place.bytes), 0, place.bytes, place.at);
      if (bytesRead !== place.bytes) throw new Error('a draft was cut');
      yield buffer.toString();
    }
  }

  /** Removes the draft. */
  async close(): Promise<void> {
    await this.drained();
    await this.handle.close().catch(() => undefined);
    await rm(this.file, { force: true }).catch(() => undefined);
  }

  private write(): void {
    const blocks = this.gathered;
    const bytes = this.gatheredBytes;
    this.gathered = [];
    this.gatheredBytes = 0;
    this.writing = this.writing
      .then(async () => {
        if (this.failure) return;
        const { bytesWritten } = await this.handle.writev(blocks);
        if (bytesWritten < bytes) throw new Error('the disk took a part only');
      })
      .catch((error: Error) => {
        this.failure ??= error;
      })
      .finally(() => (this.waitingBytes -= bytes));
  }
}
