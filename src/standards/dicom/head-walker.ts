import { DicomRefusal } from './dicom-refusal';
import type { DataSetEncoding, Tag } from './dicom.types';
import { tagText } from './dictionary';
import {
  contentEncoding,
  emptyHeader,
  readElementHeader,
  TAG_ITEM,
  TAG_ITEM_END,
  TAG_SEQUENCE_END,
  UNDEFINED_LENGTH,
} from './element-header';
import { InflateStream } from './inflate';
import { transferSyntax } from './transfer-syntaxes';

/** An element of the outermost level that was walked; offsets are in `HeadWalker.bytes()`. */
export interface WalkedElement {
  readonly tag: Tag;
  readonly vr: string;
  readonly offset: number;
  readonly valueOffset: number;
  /** As announced: may be UNDEFINED_LENGTH. */
  readonly length: number;
  /** First byte after the element, its delimiter included. */
  readonly endOffset: number;
}

export interface HeadWalkerOptions {
  readonly transferSyntaxUid: string;
  /** The head ends before the first element of the outermost level whose tag is at or after this one. */
  readonly stopAt: Tag;
  /** Longest head, in bytes after inflation; 1 MiB unless told. */
  readonly headBytesMax?: number;
  /** The only elements worth remembering; all unless told. */
  readonly keep?: ReadonlySet<Tag>;
  /** Deepest nesting of sequences of undefined length; 64 unless told. */
  readonly depthMax?: number;
}

/** An undefined-length container that is open: `items` (a sequence), `fragments` (pixel data) or `elements` (an item). */
interface Container {
  readonly kind: 'items' | 'fragments' | 'elements';
  readonly encoding: DataSetEncoding;
}

/** While the head is gathered from several chunks, they are copied in pieces of this size, to copy little beyond its end. */
const GATHER_BYTES = 8192;
/** A deflated data set is inflated in pieces of this size, no further than the end of the head. */
const INFLATED_PIECE_BYTES = 1024;

/**
 * Finds the end of the head of a data set that arrives in chunks cut anywhere, in any transfer syntax (PS3.5 section 7,
 * annex A). Values are skipped by their length; only containers of undefined length are entered, with a stack and no
 * recursion. When the head is in the first chunk, nothing is copied.
 */
export class HeadWalker {
  private readonly inflate?: InflateStream;
  private readonly encoding: DataSetEncoding;
  private readonly headBytesMax: number;
  private readonly depthMax: number;
  private buffer: Buffer = Buffer.alloc(0);
  private bufferIsOurs = false;
  private used = 0;
  private position = 0;
  private readonly stack: Container[] = [];
  private readonly header = emptyHeader();
  private open?: Omit<WalkedElement, 'endOffset'>;
  private after: Buffer[] = [];
  private finished = false;
  /** Elements of the outermost level, in the order of the data set: those to be kept. */
  readonly elements: WalkedElement[] = [];

  constructor(private readonly options: HeadWalkerOptions) {
    const syntax = transferSyntax(options.transferSyntaxUid);
    if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
    this.encoding = syntax;
    this.headBytesMax = options.headBytesMax ?? 1024 * 1024;
    this.depthMax = options.depthMax ?? 64;
    if (syntax.deflated) this.inflate = new InflateStream(this.headBytesMax + 8 * 1024 * 1024);
  }

  /** True once the end of the head is known. */
  get done(): boolean {
    return this.finished;
  }

  /** Length of the head, in bytes after inflation; meaningful once done. */
  get headLength(): number {
    return this.position;
  }

  /** Bytes gathered so far: the head, then possibly some of what follows. Inflated when the data set is deflated. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  /** The head alone; meaningful once done. */
  head(): Buffer {
    return this.buffer.subarray(0, this.position);
  }

  /**
   * What was pushed after the head, as views of the chunks where possible; meaningful once done. Of a deflated data set,
   * only what had to be inflated.
   */
  rest(): Buffer[] {
    const gathered = this.buffer.subarray(this.position, this.used);
    return gathered.length > 0 ? [gathered, ...this.after] : this.after;
  }

  /** Takes one chunk; true once the head is complete. Not to be called any more then. */
  push(chunk: Buffer): boolean {
    if (!this.inflate) return this.take(chunk);
    for (let at = 0; at < chunk.length && !this.finished; at += INFLATED_PIECE_BYTES) {
      for (const inflated of this.inflate.push(chunk.subarray(at, at + INFLATED_PIECE_BYTES))) this.take(inflated);
    }
    return this.finished;
  }

  /** The data set ends here: the head is all of it, unless it is cut. */
  end(): void {
    if (this.finished) return;
    if (this.inflate) for (const inflated of this.inflate.end()) this.take(inflated);
    if (this.finished) return;
    if (this.position !== this.used || this.stack.length > 0)
      throw new DicomRefusal('truncated', `after byte ${this.used}`);
    this.finished = true;
  }

  private take(chunk: Buffer): boolean {
    if (this.finished) {
      this.after.push(chunk);
      return true;
    }
    if (this.used === 0) {
      this.buffer = chunk;
      this.used = chunk.length;
      this.walk();
      return this.finished;
    }
    for (let at = 0; at < chunk.length; at += GATHER_BYTES) {
      this.gather(chunk.subarray(at, at + GATHER_BYTES));
      this.walk();
      if (!this.finished) continue;
      if (at + GATHER_BYTES < chunk.length) this.after.push(chunk.subarray(at + GATHER_BYTES));
      return true;
    }
    return false;
  }

  private gather(piece: Buffer): void {
    const needed = this.used + piece.length;
    if (!this.bufferIsOurs || needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2, GATHER_BYTES));
      this.buffer.copy(grown, 0, 0, this.used);
      this.buffer = grown;
      this.bufferIsOurs = true;
    }
    piece.copy(this.buffer, this.used);
    this.used = needed;
  }

  private walk(): void {
    while (this.position <= this.headBytesMax) {
      const container = this.stack.at(-1);
      const encoding = container?.encoding ?? this.encoding;
      if (!readElementHeader(this.buffer, this.position, this.used, encoding, this.header)) break;
      if (container === undefined) this.outermostElement();
      else if (container.kind === 'elements') this.nestedElement(container);
      else this.itemOrEnd(container);
      if (this.finished) return;
    }
    if (this.position > this.headBytesMax) throw new DicomRefusal('head-too-long');
  }

  private outermostElement(): void {
    const { tag, vr, length, valueOffset } = this.header;
    if (tag >= this.options.stopAt) {
      this.finished = true;
      return;
    }
    const { keep } = this.options;
    this.open = keep?.has(tag) === false ? undefined : { tag, vr, offset: this.position, valueOffset, length };
    this.enterOrSkip(this.encoding);
  }

  private nestedElement(container: Container): void {
    if (this.header.tag === TAG_ITEM_END) this.leave();
    else if (this.header.tag >>> 16 === 0xfffe) throw this.malformed();
    else this.enterOrSkip(container.encoding);
  }

  private itemOrEnd(container: Container): void {
    const { tag, length } = this.header;
    if (tag === TAG_SEQUENCE_END) this.leave();
    else if (tag !== TAG_ITEM) throw this.malformed();
    else if (length !== UNDEFINED_LENGTH) this.skip();
    else if (container.kind === 'fragments')
      throw new DicomRefusal('length-invalid', `fragment at byte ${this.position}`);
    else this.enter({ kind: 'elements', encoding: container.encoding });
  }

  private enterOrSkip(encoding: DataSetEncoding): void {
    const { vr, length, tag } = this.header;
    if (length !== UNDEFINED_LENGTH) this.skip();
    else if (vr === 'SQ' || vr === 'UN' || !encoding.explicitVr) {
      this.enter({ kind: 'items', encoding: contentEncoding(vr, encoding) });
    } else if (vr === 'OB' || vr === 'OW') this.enter({ kind: 'fragments', encoding });
    else throw new DicomRefusal('length-invalid', tagText(tag));
  }

  private enter(container: Container): void {
    if (this.stack.length >= this.depthMax) throw new DicomRefusal('nesting-too-deep');
    this.stack.push(container);
    this.position = this.header.valueOffset;
  }

  private leave(): void {
    this.stack.pop();
    this.position = this.header.valueOffset;
    this.closeElement();
  }

  private skip(): void {
    this.position = this.header.valueOffset + this.header.length;
    this.closeElement();
  }

  private closeElement(): void {
    if (this.stack.length > 0 || !this.open) return;
    this.elements.push({ ...this.open, endOffset: this.position });
    this.open = undefined;
  }

  private malformed(): DicomRefusal {
    return new DicomRefusal('sequence-malformed', `at byte ${this.position}`);
  }
}
