import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Words that begin each file; another number when the content of the texts or of the file changes. */
const format = 'drimbox-metadata/1';
/** Text compressed together: small enough to have one instance quickly, large enough to compress well. */
const blockCharacters = 256 * 1024;
const headLineBytesMax = 128;
const headerBytesMax = 1024 * 1024;
const newLine = 0x0a;

interface Block {
  readonly instances: number;
  /** Length of its text, and of its compressed form, in bytes. */
  readonly bytes: number;
  readonly packedBytes: number;
}

interface Header {
  readonly fingerprint: string;
  readonly blocks: readonly Block[];
}

/** The bytes are not what was written: cut, altered, or another program's. */
export class DamagedFile extends Error {}

/** What makes the texts failed: nothing is wrong with the disk. */
export class TextsFailed extends Error {}

/** Texts as they are made: a whole series is never in memory. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/** Some instances in a row: their texts, with a line break between two of them. */
export interface Piece {
  readonly instances: number;
  readonly text: Buffer;
}

/**
 * The file of one series: what it is, where its blocks are, the blocks (gzip, which detects damage).
 * @param texts DICOM JSON of each instance, without a line break, in the order of the manifest
 * @param bytesMax nothing is given back, and no more texts are asked for, when the file would be longer
 * @throws TextsFailed with the fault of `texts` as its cause
 */
export async function packSeries(texts: Texts, fingerprint: string, bytesMax: number): Promise<Buffer | undefined> {
  const blocks: Block[] = [];
  const packed: Buffer[] = [];
  let packedBytes = 0;
  for await (const lines of inBlocks(texts)) {
    const text = Buffer.from(lines.join('\n'));
    const bytes = await pack(text, { level: 4 });
    blocks.push({ instances: lines.length, bytes: text.length, packedBytes: bytes.length });
    packed.push(bytes);
    packedBytes += bytes.length;
    if (packedBytes > bytesMax) return undefined;
  }
  const header = Buffer.from(JSON.stringify({ fingerprint, blocks } satisfies Header));
  const file = Buffer.concat([Buffer.from(`${format} ${header.length} ${sha256(header)}\n`), header, ...packed]);
  return file.length > bytesMax ? undefined : file;
}

async function* inBlocks(texts: Texts): AsyncGenerator<string[], void, void> {
  let lines: string[] = [];
  let characters = 0;
  for await (const text of told(texts)) {
    lines.push(text);
    characters += text.length;
    if (characters < blockCharacters) continue;
    yield lines;
    [lines, characters] = [[], 0];
  }
  if (lines.length > 0) yield lines;
}

async function* told(texts: Texts): AsyncGenerator<string, void, void> {
  try {
    yield* texts;
  } catch (cause) {
    throw new TextsFailed('the texts of a series cannot be made', { cause });
  }
}

/** Kept metadata of one series, in the order of the manifest; a block is unpacked only when asked for. */
export class KeptSeries {
  private readonly starts: readonly number[];

  private constructor(
    private readonly file: Buffer,
    private readonly header: Header,
    blocksAt: number,
  ) {
    let at = blocksAt;
    this.starts = header.blocks.map(({ packedBytes }) => (at += packedBytes) - packedBytes);
    if (at !== file.length) throw new DamagedFile('the length is not the announced one');
  }

  /** @throws DamagedFile */
  static read(file: Buffer): KeptSeries {
    const lineEnd = file.subarray(0, headLineBytesMax).indexOf(newLine);
    const [name, length, digest] = file.toString('latin1', 0, Math.max(lineEnd, 0)).split(' ');
    const headerBytes = Number(length);
    if (name !== format || !(headerBytes > 0 && headerBytes <= headerBytesMax)) throw new DamagedFile('no such file');
    const header = file.subarray(lineEnd + 1, lineEnd + 1 + headerBytes);
    if (sha256(header) !== digest) throw new DamagedFile('the header is altered');
    return new KeptSeries(file, JSON.parse(header.toString()) as Header, lineEnd + 1 + headerBytes);
  }

  /** What the texts were made for: see `fingerprintOf`. */
  get fingerprint(): string {
    return this.header.fingerprint;
  }

  /**
   * Texts of `count` instances from the one at `first`, the next block being unpacked while one is used.
   * @throws DamagedFile when a block is not what was written; what was given before is sound
   */
  async *pieces(first: number, count: number): AsyncGenerator<Piece, void, void> {
    const wanted = this.blocksOf(first, count);
    let next = wanted.length > 0 ? this.unpack(wanted[0].block) : undefined;
    for (const [at, { skip, take }] of wanted.entries()) {
      const text = await (next as Promise<Buffer>);
      next = at + 1 < wanted.length ? this.unpack(wanted[at + 1].block) : undefined;
      // Whoever leaves before asking for it does not wait for it either.
      next?.catch(() => undefined);
      yield { instances: take, text: linesOf(text, skip, take) };
    }
  }

  private blocksOf(first: number, count: number): { block: number; skip: number; take: number }[] {
    const wanted: { block: number; skip: number; take: number }[] = [];
    let before = 0;
    for (const [block, { instances }] of this.header.blocks.entries()) {
      const skip = Math.max(0, first - before);
      const take = Math.min(instances, first + count - before) - skip;
      if (take > 0) wanted.push({ block, skip, take });
      before += instances;
    }
    return wanted;
  }

  private async unpack(block: number): Promise<Buffer> {
    const { bytes, packedBytes, instances } = this.header.blocks[block];
    const start = this.starts[block];
    try {
      const text = await unpack(this.file.subarray(start, start + packedBytes), { maxOutputLength: bytes });
      if (text.length === bytes && instances > 0) return text;
    } catch (cause) {
      throw new DamagedFile('a block is altered', { cause });
    }
    throw new DamagedFile('a block has another length');
  }
}

/** `take` lines after the first `skip` ones. */
function linesOf(text: Buffer, skip: number, take: number): Buffer {
  let from = 0;
  for (let line = 0; line < skip; line++) from = text.indexOf(newLine, from) + 1;
  let to = from - 1;
  for (let line = 0; line < take; line++) {
    const end = text.indexOf(newLine, to + 1);
    to = end < 0 ? text.length : end;
  }
  return text.subarray(from, to);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
