import { checkedBoundary } from './media-type';
import { MultipartRefusal } from './multipart-refusal';
import type { MultipartHandlers } from './multipart.types';
import { PartHeaderReader } from './part-header-reader';

export interface MultipartReaderOptions {
  /** As in the Content-Type, without the leading dashes (see `boundaryOf`). */
  readonly boundary: string;
  /** Longest header block of one part; 16 KiB unless told. */
  readonly headerBytesMax?: number;
  /** Most parts; 100 000 unless told. */
  readonly partsMax?: number;
  /** Longest text before the first part; 64 KiB unless told. */
  readonly preambleBytesMax?: number;
}

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
/** Spaces and tabs that may follow a boundary on its line (RFC 2046 5.1.1, transport padding). */
const PADDING_BYTES_MAX = 64;

type State = 'preamble' | 'data' | 'delimiter-line' | 'headers' | 'epilogue';

/**
 * Reads a multipart body (RFC 2046 5.1) from chunks cut anywhere. Part data are handed over as views of the chunks.
 * Lines may end by LF alone: how the line of a delimiter ends says how the next delimiter begins, so that a body whose
 * last byte is CR keeps it. Throws `MultipartRefusal`; after that, or after an error of a handler, the reader is of no use.
 */
export class MultipartReader {
  private state: State = 'preamble';
  /** Delimiters, beginning with the line end before them. None can begin within itself: CR and LF occur only first. */
  private readonly crlfDelimiter: Buffer;
  private readonly lfDelimiter: Buffer;
  private delimiter: Buffer;
  /** Bytes of the delimiter matched at the end of what was pushed; at first as if a line had just ended. */
  private matched = 1;
  /** How many of those bytes are a line end that belongs to the preamble or to the header, not to part data. */
  private notData = 1;
  /** What followed a delimiter on its line, while it is not known to be one. */
  private readonly lineTail: number[] = [];
  private readonly headers: PartHeaderReader;
  private insidePart = false;
  private parts = 0;
  private preambleBytes = 0;
  private readonly partsMax: number;
  private readonly preambleBytesMax: number;

  constructor(
    options: MultipartReaderOptions,
    private readonly handlers: MultipartHandlers,
  ) {
    const boundary = checkedBoundary(options.boundary);
    this.crlfDelimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.lfDelimiter = this.crlfDelimiter.subarray(1);
    this.delimiter = this.lfDelimiter;
    this.headers = new PartHeaderReader(options.headerBytesMax ?? 16 * 1024);
    this.partsMax = options.partsMax ?? 100_000;
    this.preambleBytesMax = options.preambleBytesMax ?? 64 * 1024;
  }

  /** True once the closing delimiter was read; what follows is ignored. */
  get closed(): boolean {
    return this.state === 'epilogue';
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.state !== 'epilogue') {
      if (this.state === 'delimiter-line') at = this.delimiterLine(chunk, at);
      else if (this.state === 'headers') at = this.header(chunk, at);
      else at = this.data(chunk, at);
    }
  }

  /** The stream ended; refuses a body without its closing delimiter. */
  end(): void {
    if (this.state !== 'epilogue') throw new MultipartRefusal('truncated');
  }

  /** Preamble or part data, up to a delimiter. */
  private data(chunk: Buffer, from: number): number {
    if (this.matched > 0) return this.goOnMatching(chunk, from);
    const found = chunk.indexOf(this.delimiter, from);
    if (found >= 0) {
      this.emit(chunk.subarray(from, found));
      this.beginDelimiterLine();
      return found + this.delimiter.length;
    }
    this.matched = endMatch(chunk, from, this.delimiter);
    this.emit(chunk.subarray(from, chunk.length - this.matched));
    return chunk.length;
  }

  private goOnMatching(chunk: Buffer, from: number): number {
    const wanted = this.delimiter.length - this.matched;
    const length = Math.min(wanted, chunk.length - from);
    const same = chunk.compare(this.delimiter, this.matched, this.matched + length, from, from + length) === 0;
    if (!same) {
      const held = this.delimiter.subarray(this.notData, Math.max(this.matched, this.notData));
      this.matched = 0;
      this.notData = 0;
      this.emit(held);
      return from;
    }
    this.matched += length;
    if (this.matched === this.delimiter.length) this.beginDelimiterLine();
    return from + length;
  }

  private beginDelimiterLine(): void {
    this.matched = 0;
    this.lineTail.length = 0;
    this.state = 'delimiter-line';
  }

  /** After a boundary: "--" closes, an end of line opens a part, anything else means that it was data. */
  private delimiterLine(chunk: Buffer, at: number): number {
    const byte = chunk[at];
    const last = this.lineTail.at(-1);
    if (byte === DASH && last === DASH && this.lineTail.length === 1) {
      this.close();
    } else if (byte === LF && last !== DASH) {
      this.delimiter = last === CR ? this.crlfDelimiter : this.lfDelimiter;
      this.beginPart();
    } else if (this.mayGoOn(byte, last)) {
      this.lineTail.push(byte);
    } else {
      this.notADelimiter();
      return at;
    }
    return at + 1;
  }

  private mayGoOn(byte: number, last: number | undefined): boolean {
    if (last === CR || last === DASH || this.lineTail.length >= PADDING_BYTES_MAX) return false;
    return byte === CR || byte === 0x20 || byte === 0x09 || (byte === DASH && this.lineTail.length === 0);
  }

  private notADelimiter(): void {
    this.state = this.insidePart ? 'data' : 'preamble';
    const held = this.delimiter.subarray(this.notData);
    this.notData = 0;
    this.emit(Buffer.concat([held, Buffer.from(this.lineTail)]));
  }

  private beginPart(): void {
    this.endPart();
    this.parts += 1;
    if (this.parts > this.partsMax) throw new MultipartRefusal('too-many-parts');
    this.headers.reset();
    this.state = 'headers';
  }

  private header(chunk: Buffer, at: number): number {
    const next = this.headers.push(chunk, at);
    if (!this.headers.done) return next;
    this.state = 'data';
    this.insidePart = true;
    // The empty line may at once be the one before a delimiter (a part without data).
    this.matched = this.delimiter === this.crlfDelimiter ? 2 : 1;
    this.notData = this.matched;
    this.handlers.onPartStart(this.headers.fields());
    return next;
  }

  private close(): void {
    this.endPart();
    this.state = 'epilogue';
    this.handlers.onEnd();
  }

  private endPart(): void {
    if (!this.insidePart) return;
    this.insidePart = false;
    this.handlers.onPartEnd();
  }

  private emit(bytes: Buffer): void {
    if (this.state === 'preamble') {
      this.preambleBytes += bytes.length;
      if (this.preambleBytes > this.preambleBytesMax) throw new MultipartRefusal('preamble-too-long');
      return;
    }
    if (bytes.length > 0) this.handlers.onData(bytes);
  }
}

/** How many bytes at the end of the chunk are a beginning of the delimiter; CR or LF is only its first (or second) byte. */
function endMatch(chunk: Buffer, from: number, delimiter: Buffer): number {
  const first = Math.max(from, chunk.length - delimiter.length + 1);
  for (let at = chunk.indexOf(delimiter[0], first); at >= 0; at = chunk.indexOf(delimiter[0], at + 1)) {
    if (chunk.compare(delimiter, 0, chunk.length - at, at) === 0) return chunk.length - at;
  }
  return 0;
}
