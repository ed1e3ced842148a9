import { fromBuffer, type Entry, type ZipFile } from 'yauzl';

export interface ArchivedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface ArchiveLimits {
  readonly entriesMax: number;
  readonly fileBytesMax: number;
  readonly totalBytesMax: number;
}

export const archiveLimits: ArchiveLimits = {
  entriesMax: 2_000,
  fileBytesMax: 16 * 1024 * 1024,
  totalBytesMax: 64 * 1024 * 1024,
};

/** Why an archive is not read. The message names no file of it. */
export class ArchiveRefusal extends Error {}

const open = (bytes: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    // strictFileNames: backslashes are not silently turned into folders; names with `..` or an absolute path are refused
    fromBuffer(bytes, { lazyEntries: true, strictFileNames: true, validateEntrySizes: true }, (error, zip) =>
      error ? reject(new ArchiveRefusal('not a readable zip archive', { cause: error })) : resolve(zip),
    );
  });

const nextEntry = (zip: ZipFile): Promise<Entry | undefined> =>
  new Promise((resolve, reject) => {
    const done = (act: () => void) => {
      zip.removeAllListeners();
      act();
    };
    zip.once('entry', (entry: Entry) => done(() => resolve(entry)));
    zip.once('end', () => done(() => resolve(undefined)));
    zip.once('error', (error: Error) =>
      done(() => reject(new ArchiveRefusal('a damaged or unsafe zip archive', { cause: error }))),
    );
    zip.readEntry();
  });

function contentOf(zip: ZipFile, entry: Entry, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(new ArchiveRefusal('a damaged zip archive', { cause }));
    zip.openReadStream(entry, (error, stream) => {
      if (error) return fail(error);
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > bytesMax) stream.destroy(new ArchiveRefusal('a file of the archive is longer than it says'));
        else chunks.push(chunk);
      });
      stream.once('error', fail);
      stream.once('end', () => resolve(Buffer.concat(chunks)));
    });
  });
}

/**
 * The wanted files of a zip archive, in memory: nothing is ever written to disk, so a name cannot lead anywhere. Limits hold for
 * what is unpacked, whatever the archive announces.
 * @throws ArchiveRefusal
 */
export async function readArchive(
  bytes: Buffer,
  isWanted: (name: string) => boolean,
  limits: ArchiveLimits = archiveLimits,
): Promise<ArchivedFile[]> {
  const zip = await open(bytes);
  const files: ArchivedFile[] = [];
  let total = 0;
  if (zip.entryCount > limits.entriesMax) throw new ArchiveRefusal('more files than accepted');
  for (let entry = await nextEntry(zip); entry; entry = await nextEntry(zip)) {
    const name = entry.fileName;
    if (name.endsWith('/') || !isWanted(name)) continue;
    if (entry.isEncrypted()) throw new ArchiveRefusal('an encrypted file');
    if (entry.uncompressedSize > limits.fileBytesMax) throw new ArchiveRefusal('a file longer than accepted');
    const content = await contentOf(zip, entry, Math.min(limits.fileBytesMax, entry.uncompressedSize));
    total += content.length;
    if (total > limits.totalBytesMax) throw new ArchiveRefusal('more bytes than accepted');
    files.push({ name, bytes: content });
  }
  return files;
}
