import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes beside then renames, so that a reader never sees half a file. */
export async function writeBytes(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
  await writeFile(draft, bytes, { mode });
  await rename(draft, path);
}

export const writeText = (path: string, text: string, mode?: number): Promise<void> => writeBytes(path, text, mode);
