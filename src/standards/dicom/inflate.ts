import { Deflate, Inflate } from 'fflate';
import { DicomRefusal } from './dicom-refusal';
import type { ChunkTransformer } from './dicom.types';

/** Input is fed in pieces of this many bytes, so that a bomb inflates to at most 1032 times that before a limit is seen. */
const PIECE_BYTES = 4096;
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Raw inflate (PS3.5 A.5, RFC 1951) of chunks, synchronous. Bytes after the final block (the pad to an even length)
 * are dropped. Refuses garbage, a stream without its final block, and more than `inflatedBytesMax` bytes.
 */
export class InflateStream implements ChunkTransformer {
  private out: Buffer[] = [];
  private inflatedBytes = 0;
  private readonly inflate = new Inflate((bytes) => {
    if (bytes.length > 0) this.out.push(view(bytes));
  });

  constructor(private readonly inflatedBytesMax: number) {}

  push(chunk: Buffer): Buffer[] {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) this.feed(chunk.subarray(at, at + PIECE_BYTES));
    return this.take();
  }

  end(): Buffer[] {
    if (!this.isComplete()) throw new DicomRefusal('truncated', 'deflated data set');
    return this.take();
  }

  private feed(piece: Buffer): void {
    if (this.isComplete()) return;
    const before = this.out.length;
    try {
      this.inflate.push(piece, false);
    } catch (error) {
      throw Object.assign(new DicomRefusal('deflate-malformed'), { cause: error });
    }
    for (const bytes of this.out.slice(before)) this.inflatedBytes += bytes.length;
    if (this.inflatedBytes > this.inflatedBytesMax) throw new DicomRefusal('inflated-too-long');
  }

  /** fflate tells nobody that the final block was read: its state does (`f`: final block begun, `l`: block still open). */
  private isComplete(): boolean {
    const { s } = this.inflate as unknown as { s: { f?: number; l?: unknown } };
    return Boolean(s.f) && !s.l;
  }

  private take(): Buffer[] {
    const taken = this.out;
    this.out = [];
    return taken;
  }
}

/** Raw deflate of chunks, synchronous, padded with one NUL to an even length (PS3.5 A.5). */
export class DeflateStream implements ChunkTransformer {
  private out: Buffer[] = [];
  private deflatedBytes = 0;
  private readonly deflate = new Deflate({ level: 6 }, (bytes) => {
    if (bytes.length === 0) return;
    this.deflatedBytes += bytes.length;
    this.out.push(view(bytes));
  });

  push(chunk: Buffer): Buffer[] {
    this.deflate.push(chunk, false);
    return this.take();
  }

  end(): Buffer[] {
    this.deflate.push(new Uint8Array(0), true);
    const last = this.take();
    if (this.deflatedBytes % 2 === 1) last.push(Buffer.alloc(1));
    return last;
  }

  private take(): Buffer[] {
    const taken = this.out;
    this.out = [];
    return taken;
  }
}

/** A whole deflated data set, inflated. */
export function inflateDataSet(deflated: Buffer, { inflatedBytesMax }: { inflatedBytesMax: number }): Buffer {
  const stream = new InflateStream(inflatedBytesMax);
  return Buffer.concat([...stream.push(deflated), ...stream.end()]);
}
