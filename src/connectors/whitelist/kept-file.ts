import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { whiteListBytesMax } from '../../standards/whitelist';
import { sha256Of } from './list-in-force';

export interface KeptList {
  readonly bytes: Buffer;
  /** When the authority last confirmed this list: the modification time of the file. */
  readonly confirmedAt: Date;
  /** The operator accepted this list although a newer one was in force. */
  readonly isOlderAccepted: boolean;
}

/** Names, by its SHA-256, the older list that was accepted: other processes on the same disk take it for that. */
const acceptedName = 'older-accepted.sha256';

/** The list kept on disk; undefined when there is none. */
export async function readKept(file: string): Promise<KeptList | undefined> {
  const modified = await keptModified(file);
  if (modified === undefined) return undefined;
  const bytes = await readFile(file);
  return { bytes, confirmedAt: modified, isOlderAccepted: (await acceptedOlder(file)) === sha256Of(bytes) };
}

/** Modification time of the kept list; undefined when absent or too large to be one. */
export async function keptModified(file: string): Promise<Date | undefined> {
  try {
    const { mtime, size } = await stat(file);
    return size > whiteListBytesMax ? undefined : mtime;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function acceptedOlder(file: string): Promise<string | undefined> {
  return readFile(join(dirname(file), acceptedName), 'utf8').catch(() => undefined);
}

/** Replaces the list in one step: a reader, or a restart after a power cut, sees the old one or the new one. */
export async function writeKept(file: string, { bytes, confirmedAt, isOlderAccepted }: KeptList): Promise<void> {
  const marker = join(dirname(file), acceptedName);
  const sha256 = sha256Of(bytes);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (isOlderAccepted) await replace(marker, sha256, new Date());
  await replace(file, bytes, confirmedAt);
  if ((await acceptedOlder(file)) !== sha256) await rm(marker, { force: true });
}

async function replace(file: string, content: Buffer | string, modifiedAt: Date): Promise<void> {
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await utimes(temporary, modifiedAt, modifiedAt);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
