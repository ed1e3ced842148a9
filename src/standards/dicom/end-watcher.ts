import { DicomRefusal } from './dicom-refusal';
import type { DataSetEncoding } from './dicom.types';
import {
  contentEncoding,
  emptyHeader,
  readElementHeader,
  TAG_ITEM,
  TAG_ITEM_END,
  TAG_SEQUENCE_END,
  UNDEFINED_LENGTH,
} from './element-header';
import { transferSyntax } from './transfer-syntaxes';

const HEADER_BYTES_MAX = 12;
const DEPTH_MAX = 64;

/**
 * Watches a data set go by, in chunks cut anywhere, and says at its end whether it was cut short: in the middle of a value
 * or inside a sequence (PS3.5 section 7). It keeps the bytes of one element header at most. A structure that it does not
 * understand makes it look away rather than refuse: being odd is not being cut. Deflated data sets are not watched.
 */
export class EndWatcher {
  private readonly encoding: DataSetEncoding | undefined;
  /** Encodings inside the open containers of undefined length. */
  private readonly stack: DataSetEncoding[] = [];
  private readonly header = emptyHeader();
  private held: Buffer = Buffer.alloc(0);
  private toSkip = 0;
  private isBlind = false;

  constructor(transferSyntaxUid: string) {
    const syntax = transferSyntax(transferSyntaxUid);
    this.encoding = syntax;
    this.isBlind = !syntax || syntax.deflated;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (!this.isBlind && at < chunk.length) {
      if (this.toSkip > 0) {
        const skipped = Math.min(this.toSkip, chunk.length - at);
        this.toSkip -= skipped;
        at += skipped;
      } else at = this.readAt(chunk, at);
    }
  }

  /** @throws DicomRefusal `truncated` */
  end(): void {
    if (this.isBlind) return;
    const isCut = this.toSkip > 0 || this.stack.length > 0 || this.held.some((byte) => byte !== 0);
    if (isCut) throw new DicomRefusal('truncated', 'at the end of the data set');
  }

  /** Reads one header, or keeps what there is of it; answers where to go on. */
  private readAt(chunk: Buffer, at: number): number {
    const encoding = this.stack.at(-1) ?? this.encoding;
    if (!encoding) return chunk.length;
    const before = this.held.length;
    const bytes = before > 0 ? Buffer.concat([this.held, chunk.subarray(at, at + HEADER_BYTES_MAX)]) : chunk;
    const offset = before > 0 ? 0 : at;
    try {
      if (!readElementHeader(bytes, offset, bytes.length, encoding, this.header)) {
        this.held = Buffer.from(bytes.subarray(offset));
        return chunk.length;
      }
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      this.isBlind = true;
      return chunk.length;
    }
    this.held = Buffer.alloc(0);
    this.isBlind = isGuess(bytes, offset, this.header.vr, encoding);
    this.take(encoding);
    return at + this.header.valueOffset - offset - before;
  }

  private take(encoding: DataSetEncoding): void {
    const { tag, vr, length } = this.header;
    const isDelimiter = tag === TAG_ITEM_END || tag === TAG_SEQUENCE_END;
    if (isDelimiter) {
      if (!this.stack.pop()) this.isBlind = true;
    } else if (length !== UNDEFINED_LENGTH) this.toSkip = length;
    else if (this.stack.length >= DEPTH_MAX) this.isBlind = true;
    else this.stack.push(tag === TAG_ITEM ? encoding : contentEncoding(vr, encoding));
  }
}

/** Two letters that are no VR of today: their long form is a guess, on which no refusal is built. */
function isGuess(bytes: Buffer, offset: number, vr: string, { explicitVr }: DataSetEncoding): boolean {
  return explicitVr && vr === 'UN' && bytes.toString('latin1', offset + 4, offset + 6) !== 'UN';
}
