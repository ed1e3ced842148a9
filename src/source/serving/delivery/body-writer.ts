import type { ServerResponse } from 'node:http';

/** Bytes gathered before one write: fewer, larger TLS writes; small enough not to delay a first image. */
const gatherBytes = 256 * 1024;
/** Bytes waiting in the response above which the source is asked for silence. */
const highWaterBytes = 1024 * 1024;

/**
 * Writes an answer body with back-pressure. The status line leaves with the first bytes, so an error found before them
 * can still be told as an error.
 */
export class BodyWriter {
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  /** Body bytes handed over so far. */
  bytes = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly head: () => Record<string, string>,
  ) {}

  /** `false` asks for silence until `drained()`. */
  write(chunk: Buffer): boolean {
    if (chunk.length > 0) {
      this.gathered.push(chunk);
      this.gatheredBytes += chunk.length;
    }
    return this.gatheredBytes >= gatherBytes ? this.flush() : !this.isFull;
  }

  /** Hands over what is gathered. */
  flush(): boolean {
    if (this.gatheredBytes > 0) {
      if (!this.response.headersSent) this.response.writeHead(200, this.head());
      this.bytes += this.gatheredBytes;
      const chunk = this.gathered.length === 1 ? this.gathered[0] : Buffer.concat(this.gathered, this.gatheredBytes);
      this.gathered = [];
      this.gatheredBytes = 0;
      this.response.write(chunk);
    }
    return !this.isFull;
  }

  /** Hands over what is gathered, unless nothing has left yet: a small answer then leaves whole, in one write. */
  flushIfBegun(): void {
    if (this.response.headersSent) this.flush();
  }

  /** Bytes gathered and not yet handed over. */
  get pendingBytes(): number {
    return this.gatheredBytes;
  }

  /** Forgets what is gathered and not yet handed over. */
  discard(): void {
    this.gathered = [];
    this.gatheredBytes = 0;
  }

  get isFull(): boolean {
    return this.response.writableLength >= highWaterBytes && !this.response.destroyed;
  }

  /** Resolves when the caller has taken what was written, or has left. */
  drained(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.response.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      this.response.once('drain', done);
      this.response.once('close', done);
    });
  }

  /** Ends the body; resolves when the last byte has been handed to the network, or the caller has left. */
  end(last?: Buffer): Promise<void> {
    const whole = last ? [...this.gathered, last] : this.gathered;
    const chunk = Buffer.concat(whole);
    this.discard();
    this.bytes += chunk.length;
    if (!this.response.headersSent) {
      this.response.writeHead(200, { ...this.head(), 'Content-Length': String(chunk.length) });
    }
    return new Promise((resolve) => {
      this.response.once('close', resolve);
      this.response.end(chunk, resolve);
    });
  }
}
