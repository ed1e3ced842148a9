import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { AuditKey } from '../audit-key';
import { canonicalJson, canonicalRecord, ChainableRecord } from '../canonical';
import { Seal, sealJson, sealOfJson } from '../seal';
import type { PlacedLine } from '../verify/line-verifier';

export const archiveFormat = 'drimbox-audit-archive-1';
/** Longest line that is read: the facts of an event are short. */
const lineCharactersMax = 4 * 1024 * 1024;

/** First line of a file: where its lines belong. */
export interface ArchiveHeader {
  readonly format: typeof archiveFormat;
  readonly fromSeal: string;
  readonly toSeal: string;
  readonly fromSequence: string;
  readonly toSequence: string;
  /** Hash of the line before the first, hexadecimal. */
  readonly previousHash: string;
}

/** Last line of a file: how much there was, signed. */
export interface ArchiveEnd {
  readonly lines: number;
  /** Over every byte before this line, uncompressed. */
  readonly sha256: string;
  readonly keyId: string;
  readonly signature: string;
}

export type ArchiveItem =
  | { readonly header: ArchiveHeader }
  | { readonly line: PlacedLine }
  | { readonly seal: Seal }
  | { readonly end: ArchiveEnd; readonly sha256: string };

export function endText(header: ArchiveHeader, end: Omit<ArchiveEnd, 'signature'>): string {
  return canonicalJson({ ...header, lines: end.lines, sha256: end.sha256, keyId: end.keyId });
}

/**
 * Writes lines and seals, each seal after the last line of its period, compressed; the file appears under its name only when
 * it is whole and on the disk.
 * @returns SHA-256 of the file
 */
export async function writeArchive(
  file: string,
  header: ArchiveHeader,
  items: AsyncIterable<{ readonly line: PlacedLine } | { readonly seal: Seal }>,
  key: AuditKey,
): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  const digest = createHash('sha256');
  async function* compressed(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      digest.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(
      Readable.from(texts(header, items, key)),
      createGzip(),
      compressed,
      createWriteStream(draft, { mode: 0o600 }),
    );
    const handle = await open(draft, 'r');
    await handle.sync().finally(() => handle.close());
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return digest.digest();
}

async function* texts(
  header: ArchiveHeader,
  items: AsyncIterable<{ readonly line: PlacedLine } | { readonly seal: Seal }>,
  key: AuditKey,
): AsyncGenerator<string> {
  const digest = createHash('sha256');
  let lines = 0;
  const counted = (text: string) => {
    digest.update(`${text}\n`);
    return `${text}\n`;
  };
  yield counted(JSON.stringify(header));
  for await (const item of items) {
    if ('seal' in item) yield counted(JSON.stringify({ seal: sealJson(item.seal) }));
    else {
      lines += 1;
      yield counted(lineText(item.line));
    }
  }
  const end = { lines, sha256: digest.digest('hex'), keyId: key.id };
  const signature = key.sign(endText(header, end)).toString('base64');
  yield `${JSON.stringify({ end: { ...end, signature } })}\n`;
}

function lineText({ sequence, chainedAt, hash, record }: PlacedLine): string {
  if (!record) throw new Error(`the line at place ${sequence} is missing: the trail is not whole`);
  return `{"sequence":"${sequence}","chainedAt":"${chainedAt}","hash":"${hash.toString('hex')}","record":${canonicalRecord(record)}}`;
}

/**
 * Reads an archive file line by line.
 * @throws Error in a sentence when it is none, damaged or cut
 */
export async function* readArchive(file: string): AsyncGenerator<ArchiveItem> {
  const digest = createHash('sha256');
  let isFirst = true;
  let isEnded = false;
  for await (const text of linesOf(file)) {
    if (isEnded) throw new Error('something follows the end of the archive');
    const json = parsed(text);
    if (isFirst) {
      if (json.format !== archiveFormat) throw new Error('the file is no archive of an audit trail');
      yield { header: json as unknown as ArchiveHeader };
    } else if (json.seal) yield { seal: sealOfJson(json.seal) };
    else if (json.end) {
      isEnded = true;
      yield { end: json.end as ArchiveEnd, sha256: digest.copy().digest('hex') };
    } else yield { line: lineOf(json) };
    isFirst = false;
    digest.update(`${text}\n`);
  }
  if (!isEnded) throw new Error('the archive is cut off: its end is missing');
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unpacked = source.pipe(createGunzip());
  source.once('error', (error) => unpacked.destroy(error));
  unpacked.setEncoding('utf8');
  let rest = '';
  for await (const chunk of unpacked as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > lineCharactersMax) throw new Error('the archive has a line that is too long');
    yield* parts;
  }
  if (rest !== '') throw new Error('the archive is cut off in the middle of a line');
}

function parsed(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (json !== null && typeof json === 'object') return json as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new Error('the archive has a line that cannot be read');
}

function lineOf(json: Record<string, unknown>): PlacedLine {
  const { sequence, chainedAt, hash, record } = json as { [name in keyof PlacedLine]?: unknown };
  const isLine = typeof sequence === 'string' && /^\d{1,18}$/.test(sequence) && typeof chainedAt === 'string';
  if (!isLine || typeof hash !== 'string' || record === null || typeof record !== 'object')
    throw new Error('the archive has a line that cannot be read');
  const line = record as ChainableRecord;
  return { sequence: BigInt(sequence), chainedAt, hash: Buffer.from(hash, 'hex'), recordId: line.id, record: line };
}
