import type { ServerResponse } from 'node:http';
import { ChunkFrames } from './chunk-frames';

/** Bytes gathered before one write: fewer, larger TLS writes; small enough not to delay a first image. */
const gatherBytes = ChunkFrames.contentBytes;
/** Bytes waiting in the response above which the source is asked for silence. */
const highWaterBytes = 1024 * 1024;

/**
 * Writes an answer body with back-pressure. The status line leaves with the first bytes, so an error found before them
 * can still be told as an error. What is gathered is copied once, into memory that is used again (see `ChunkFrames`).
 */
export class BodyWriter {
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private flushIsDue = false;
  private readonly frames: ChunkFrames;
  private draining: Promise<void> | undefined;
  /** Body bytes handed over so far. */
  bytes = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly head: () => Record<string, string>,
  ) {
    this.frames = new ChunkFrames(response);
  }

  /** `false` asks for silence until `drained()`. */
  write(chunk: Buffer): boolean {
    let rest = chunk;
    while (this.gatheredBytes + rest.length >= gatherBytes) {
      const room = gatherBytes - this.gatheredBytes;
      this.gather(rest.subarray(0, room));
      this.flush();
      rest = rest.subarray(room);
    }
    this.gather(rest);
    return !this.isFull;
  }

  /** Writes what may be large at the caller's pace: never more of it waits in the response than of what streams through. */
  async send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += gatherBytes) {
      if (!this.write(bytes.subarray(at, at + gatherBytes))) await this.drained();
    }
  }

  /** Hands over what is gathered. */
  flush(): boolean {
    if (this.gatheredBytes > 0 && !this.isOver) {
      if (!this.response.headersSent) this.response.writeHead(200, this.head());
      this.bytes += this.gatheredBytes;
      this.frames.write(this.gathered, this.gatheredBytes);
    }
    this.discard();
    return !this.isFull;
  }

  /** Hands over what is gathered once the bytes that have already arrived have been looked at: they may fill the write. */
  flushSoon(): void {
    if (this.flushIsDue) return;
    this.flushIsDue = true;
    setImmediate(() => {
      this.flushIsDue = false;
      this.flush();
    });
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

  /** Resolves when the caller has taken what was written, or has left. Those who wait at the same time wait together. */
  drained(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    this.draining ??= this.drain().finally(() => (this.draining = undefined));
    return this.draining;
  }

  private drain(): Promise<void> {
    const { response, frames } = this;
    return new Promise((resolve) => {
      let socket = response.socket;
      const look = () => {
        // An answer that waited its turn behind another is told to go on when its bytes are only just on their way.
        if (!socket && response.socket) socket = response.socket.on('drain', look);
        if (this.isFull) return;
        response.off('drain', look).off('close', look);
        socket?.off('drain', look);
        frames.onWritten = undefined;
        resolve();
      };
      frames.onWritten = look;
      socket?.on('drain', look);
      response.on('drain', look).on('close', look);
    });
  }

  /** Ends the body; resolves when the last byte has been handed to the network, or the caller has left. */
  end(last?: Buffer): Promise<void> {
    const whole = last ? [...this.gathered, last] : this.gathered;
    const chunk = whole.length === 1 ? whole[0] : Buffer.concat(whole);
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

  /** The answer was ended (as an error, perhaps) or cut: nothing may be added to it. */
  private get isOver(): boolean {
    return this.response.writableEnded || this.response.destroyed;
  }

  private gather(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.gathered.push(chunk);
    this.gatheredBytes += chunk.length;
  }
}
