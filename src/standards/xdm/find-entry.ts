import { createHash } from 'node:crypto';
import type { DocumentEntry } from '../xds';
import { folderOf } from './layout';
import type { XdmFile } from './xdm.types';

/** The entries of one METADATA.XML, and its path in the archive. */
export interface XdmMetadata {
  readonly name: string;
  readonly entries: readonly DocumentEntry[];
}

export type FoundEntry =
  | { readonly ok: true; readonly entry: DocumentEntry | undefined }
  | { readonly ok: false; readonly reason: 'hash' | 'size'; readonly entry: DocumentEntry };

const comparable = (path: string): string => path.toUpperCase();
const plain = (uri: string): string => uri.replace(/^(\.?\/)+/, '');

/**
 * The entry of a file of the archive: by its URI, relative to METADATA.XML (ITI TF-3 4.2.3.2.27) or to the folder above it (as the
 * published sample has it), else by its hash. Hash and size of an entry must be those of the file.
 */
export function findEntry(file: XdmFile, all: readonly XdmMetadata[]): FoundEntry {
  const hash = createHash('sha1').update(file.bytes).digest('hex');
  const path = comparable(file.name);
  const named = all.flatMap(({ name, entries }) => {
    const bases = [folderOf(name), folderOf(folderOf(name).slice(0, -1))];
    return entries.filter(
      ({ uri }) => uri !== undefined && bases.some((base) => comparable(base + plain(uri)) === path),
    );
  })[0];
  const entry =
    named ?? all.flatMap(({ entries }) => entries).find((one) => one.hash?.toLowerCase() === hash.toLowerCase());
  if (!entry) return { ok: true, entry: undefined };
  if (entry.hash !== undefined && entry.hash.toLowerCase() !== hash) return { ok: false, reason: 'hash', entry };
  if (entry.size !== undefined && entry.size !== file.bytes.length) return { ok: false, reason: 'size', entry };
  return { ok: true, entry };
}
