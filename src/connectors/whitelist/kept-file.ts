import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { whiteListBytesMax } from '../../standards/whitelist';

export interface KeptList {
  readonly bytes: Buffer;
  /** When the authority last confirmed this list: the modification time of the file. */
  readonly confirmedAt: Date;
}

/** The list kept on disk; undefined when there is none. */
export async function readKept(file: string): Promise<KeptList | undefined> {
  const modified = await keptModified(file);
  if (modified === undefined) return undefined;
  return { bytes: await readFile(file), confirmedAt: modified };
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

/** Replaces the list in one step: a reader, or a restart after a power cut, sees the old one or the new one. */
export async function writeKept(file: string, { bytes, confirmedAt }: KeptList): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await utimes(temporary, confirmedAt, confirmedAt);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
