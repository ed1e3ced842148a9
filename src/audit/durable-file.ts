import { FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file in one step: a reader, or a start after a power cut, sees what was there before or all of what is written. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await inFolder(dirname(file), async () => {
    const draft = `${file}.new`;
    await written(draft, 'w', (handle) => handle.writeFile(text));
    await rename(draft, file);
  });
}

/** Adds to a file; resolves when it is on the disk. */
export async function addToFile(file: string, text: string): Promise<void> {
  await inFolder(dirname(file), () => written(file, 'a', (handle) => handle.appendFile(text)));
}

async function written(file: string, flags: 'w' | 'a', work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await work(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What was renamed or made in a folder is durable once the folder is. */
async function inFolder(folder: string, work: () => Promise<void>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await work();
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
