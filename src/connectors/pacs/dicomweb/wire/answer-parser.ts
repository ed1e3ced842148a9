import { AnswerHead, parseAnswerHead } from './answer-head';
import { WireFault } from './wire-fault';

export interface AnswerEvents {
  head(head: AnswerHead): void;
  /** A view of the bytes pushed. */
  data(piece: Buffer): void;
  /** The body is whole. */
  end(): void;
}

/** Answers of status 1xx before the one that counts. */
const interimMax = 8;
/** The line with the size of a chunk, its extensions included. */
const chunkLineMax = 256;
/** Twelve digits: beyond any body, and exact as a number. */
const chunkSize = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

type State = 'head' | 'length' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'done';

/**
 * Reads one answer to a GET (RFC 9112) from bytes cut anywhere. What is ambiguous is refused rather than guessed: lengths
 * that contradict each other, lines folded or ended otherwise than by CR LF. Throws `WireFault`, and is then spent.
 */
export class AnswerParser {
  private state: State = 'head';
  private held: Buffer = Buffer.alloc(0);
  /** Bytes left of the body or of the chunk. */
  private left = 0;
  private interim = 0;
  private trailerBytes = 0;

  constructor(
    private readonly headerBytesMax: number,
    private readonly events: AnswerEvents,
  ) {}

  get isDone(): boolean {
    return this.state === 'done';
  }

  /** Takes bytes; answers how many of them belonged to this answer. */
  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.state !== 'done') at = this.read(chunk, at);
    return at;
  }

  /** The server closed: the end of a body without a length, a cut of any other. */
  close(): void {
    if (this.state === 'done') return;
    if (this.state !== 'until-close') throw new WireFault('cut');
    this.finish();
  }

  private read(chunk: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.readHead(chunk, at);
      case 'length':
      case 'chunk':
        return this.readCounted(chunk, at);
      case 'until-close':
        this.events.data(chunk.subarray(at));
        return chunk.length;
      default:
        return this.readLine(chunk, at);
    }
  }

  private readHead(chunk: Buffer, at: number): number {
    const before = this.held.length;
    const bytes = before === 0 ? chunk.subarray(at) : Buffer.concat([this.held, chunk.subarray(at)]);
    const end = bytes.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
    if ((end < 0 ? bytes.length : end) > this.headerBytesMax) throw new WireFault('head-too-long');
    if (end < 0) {
      this.held = bytes;
      return chunk.length;
    }
    this.held = Buffer.alloc(0);
    this.begin(parseAnswerHead(bytes.toString('latin1', 0, end)));
    return at + end + 4 - before;
  }

  private begin(head: AnswerHead): void {
    if (head.status < 200) {
      if (head.status === 101 || ++this.interim > interimMax) throw new WireFault('head-malformed');
      return;
    }
    this.state = head.framing === 'chunked' ? 'chunk-size' : head.framing;
    this.left = head.length;
    this.events.head(head);
    if (head.framing === 'length' && head.length === 0) this.finish();
  }

  private readCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.left);
    this.left -= end - at;
    this.events.data(chunk.subarray(at, end));
    if (this.left > 0) return end;
    if (this.state === 'chunk') this.state = 'chunk-end';
    else this.finish();
    return end;
  }

  /** Lines between the chunks and after the last one. */
  private readLine(chunk: Buffer, at: number): number {
    const lf = chunk.indexOf(0x0a, at);
    const end = lf < 0 ? chunk.length : lf + 1;
    if (this.held.length + end - at > chunkLineMax && this.state !== 'trailer') throw new WireFault('chunk-malformed');
    if (this.state === 'trailer' && (this.trailerBytes += end - at) > this.headerBytesMax) {
      throw new WireFault('head-too-long');
    }
    const bytes = Buffer.concat([this.held, chunk.subarray(at, end)]);
    this.held = lf < 0 ? bytes : Buffer.alloc(0);
    if (lf >= 0) {
      if (bytes.at(-2) !== 0x0d) throw new WireFault('chunk-malformed');
      this.takeLine(bytes.toString('latin1', 0, bytes.length - 2));
    }
    return end;
  }

  private takeLine(line: string): void {
    if (this.state === 'trailer') {
      if (line === '') this.finish();
    } else if (this.state === 'chunk-end') {
      if (line !== '') throw new WireFault('chunk-malformed');
      this.state = 'chunk-size';
    } else {
      const digits = chunkSize.exec(line)?.[1];
      if (digits === undefined) throw new WireFault('chunk-malformed');
      this.left = Number.parseInt(digits, 16);
      this.state = this.left === 0 ? 'trailer' : 'chunk';
    }
  }

  private finish(): void {
    this.state = 'done';
    this.events.end();
  }
}
