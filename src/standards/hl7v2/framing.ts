/** Block format of the minimal lower layer protocol (HL7 Implementation Guide, appendix C.4): VT message FS CR. */
const startOfBlock = 0x0b;
const endOfBlock = 0x1c;
const carriageReturn = 0x0d;

/** How much of an oversized message is kept, enough for its header and so for a true acknowledgement. */
const headLength = 4096;

export type MllpEvent =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** Over the limit: reported once, when the limit is reached; the rest is skipped up to its end marker. */
  | { readonly kind: 'too-large'; readonly head: Buffer }
  /** A new block began, or the connection ended, before the end marker: the message was never complete. */
  | { readonly kind: 'unterminated'; readonly bytesRead: number }
  /** Bytes outside of any block, other than line ends and blanks. */
  | { readonly kind: 'junk'; readonly bytesRead: number };

export interface MllpFramerOptions {
  /** Largest accepted message, in bytes. */
  readonly messageBytesMax: number;
}

/**
 * Cuts a byte stream into MLLP messages, wherever the network cuts it. Keeps what it is given (no copy) until a message is whole.
 * An end marker without its CR is accepted when a new block follows; FS elsewhere is content.
 */
export class MllpFramer {
  private inside = false;
  private skipping = false;
  private pieces: Buffer[] = [];
  private length = 0;
  /** The last byte read was FS: what follows tells whether it ended the message. */
  private endPending = false;

  constructor(private readonly options: MllpFramerOptions) {}

  /** Bytes held for the message under way. */
  get bytesHeld(): number {
    return this.length;
  }

  /** True between the start of a message and its end. */
  get inMessage(): boolean {
    return this.inside;
  }

  push(chunk: Buffer): MllpEvent[] {
    const events: MllpEvent[] = [];
    let at = 0;
    while (at < chunk.length) {
      at = this.inside ? this.readInside(chunk, at, events) : this.readOutside(chunk, at, events);
    }
    return events;
  }

  /** The stream is over. */
  end(): MllpEvent[] {
    const events: MllpEvent[] = [];
    if (!this.inside) return events;
    if (this.endPending) this.finish(events);
    else this.abandon(events);
    return events;
  }

  private readOutside(chunk: Buffer, from: number, events: MllpEvent[]): number {
    const start = chunk.indexOf(startOfBlock, from);
    const until = start < 0 ? chunk.length : start;
    const junk = countJunk(chunk, from, until);
    if (junk > 0) events.push({ kind: 'junk', bytesRead: junk });
    if (start >= 0) this.begin();
    return until + 1;
  }

  private readInside(chunk: Buffer, from: number, events: MllpEvent[]): number {
    if (this.endPending) return this.resolveEnd(chunk, from, events);
    const restart = indexOfOr(chunk, startOfBlock, from);
    const end = endOfPiece(chunk, from, restart);
    this.keep(chunk.subarray(from, end), events);
    if (end < restart) this.endPending = true;
    else if (restart < chunk.length) {
      this.abandon(events);
      this.begin();
    }
    return end + 1;
  }

  private resolveEnd(chunk: Buffer, at: number, events: MllpEvent[]): number {
    const next = chunk[at];
    this.endPending = false;
    if (next === carriageReturn) {
      this.finish(events);
      return at + 1;
    }
    if (next === startOfBlock) {
      this.finish(events);
      return at;
    }
    this.keep(Buffer.from([endOfBlock]), events);
    return at;
  }

  private begin(): void {
    this.inside = true;
    this.skipping = false;
    this.endPending = false;
    this.pieces = [];
    this.length = 0;
  }

  private keep(piece: Buffer, events: MllpEvent[]): void {
    if (piece.length === 0) return;
    this.length += piece.length;
    if (this.skipping) return;
    this.pieces.push(piece);
    if (this.length <= this.options.messageBytesMax) return;
    events.push({ kind: 'too-large', head: Buffer.from(Buffer.concat(this.pieces).subarray(0, headLength)) });
    this.skipping = true;
    this.pieces = [];
  }

  private finish(events: MllpEvent[]): void {
    if (!this.skipping) {
      const bytes = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces, this.length);
      events.push({ kind: 'message', bytes });
    }
    this.close();
  }

  private abandon(events: MllpEvent[]): void {
    if (!this.skipping) events.push({ kind: 'unterminated', bytesRead: this.length });
    this.close();
  }

  private close(): void {
    this.inside = false;
    this.skipping = false;
    this.endPending = false;
    this.pieces = [];
    this.length = 0;
  }
}

/** One message as a block, ready to be sent. */
export function frameMessage(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([startOfBlock]), bytes, Buffer.from([endOfBlock, carriageReturn])]);
}

/**
 * The next FS that may end the message, or `limit`. One that is content by what follows it stays in its piece: a message full of
 * FS is no bomb.
 */
function endOfPiece(chunk: Buffer, from: number, limit: number): number {
  const part = chunk.subarray(0, limit);
  let end = indexOfOr(part, endOfBlock, from);
  while (
    end < limit &&
    end + 1 < chunk.length &&
    chunk[end + 1] !== carriageReturn &&
    chunk[end + 1] !== startOfBlock
  ) {
    end = indexOfOr(part, endOfBlock, end + 1);
  }
  return end;
}

function indexOfOr(chunk: Buffer, byte: number, from: number): number {
  const found = chunk.indexOf(byte, from);
  return found < 0 ? chunk.length : found;
}

function countJunk(chunk: Buffer, from: number, until: number): number {
  let count = 0;
  for (let at = from; at < until; at += 1) {
    const byte = chunk[at];
    if (byte !== 0x0d && byte !== 0x0a && byte !== 0x20 && byte !== 0x09) count += 1;
  }
  return count;
}
