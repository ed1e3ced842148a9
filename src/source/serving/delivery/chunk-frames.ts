import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Frames kept for use again: as many as may wait before the source is asked for silence. */
const keptMax = 4;
const frameBytes = 256 * 1024;
/** `0003fff4` and its line end (RFC 9112 7.1), always of this length; and the line end behind the content. */
const sizeDigits = 8;
const headBytes = sizeDigits + 2;
const tailBytes = 2;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Writes large pieces of a chunked body. Node frames a chunk by four writes, which TLS joins by a copy into fresh memory
 * each time; here the content is copied once into a frame that already holds room for the size line, is handed to the
 * socket as one write, and is used again once the socket has taken it. The frames belong to one answer: bytes of two
 * patients never share one. Where the socket is not ours to write to (an answer that waits its turn, HTTP/1.0), node writes.
 */
export class ChunkFrames {
  /** Most content of one frame. */
  static readonly contentBytes = frameBytes - headBytes - tailBytes;
  private readonly free: Buffer[] = [];
  /** The first chunk goes by node, with the head. */
  private isBegun = false;
  /** Told whenever the socket has taken a frame. */
  onWritten: (() => void) | undefined;

  constructor(private readonly response: ServerResponse) {}

  /** Writes the pieces, `length` bytes in all (at most `contentBytes`), as one chunk. The head must have been written. */
  write(pieces: readonly Buffer[], length: number): void {
    const socket = this.socketIfOurs();
    if (!socket) {
      this.response.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, length));
      return;
    }
    const frame = this.free.pop() ?? Buffer.allocUnsafeSlow(frameBytes);
    frame.write(length.toString(16).padStart(sizeDigits, '0'), 0, 'latin1');
    frame[sizeDigits] = CR;
    frame[sizeDigits + 1] = LF;
    let at = headBytes;
    for (const piece of pieces) at += piece.copy(frame, at);
    frame[at] = CR;
    frame[at + 1] = LF;
    socket.write(frame.subarray(0, at + tailBytes), () => {
      if (this.free.length < keptMax) this.free.push(frame);
      this.onWritten?.();
    });
  }

  /** Node has handed the head over, sends chunks, and holds nothing back. */
  private socketIfOurs(): Socket | undefined {
    const { response } = this;
    const { socket } = response;
    const hasHead = response.headersSent && this.isBegun;
    this.isBegun = response.headersSent;
    if (!hasHead || !socket || socket.destroyed || !response.chunkedEncoding) return undefined;
    return response.writableLength === socket.writableLength ? socket : undefined;
  }
}
