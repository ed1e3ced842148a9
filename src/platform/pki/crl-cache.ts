import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Revocation lists on disk, one file for each address; replaced as a whole. */
export class CrlCache {
  constructor(private readonly folder: string) {}

  async read(url: string, bytesMax: number): Promise<Buffer | undefined> {
    try {
      const file = this.fileOf(url);
      return (await stat(file)).size > bytesMax ? undefined : await readFile(file);
    } catch {
      return undefined;
    }
  }

  async write(url: string, bytes: Buffer): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = this.fileOf(url);
    const draft = `${file}.${randomUUID()}.part`;
    try {
      await writeFile(draft, bytes, { mode: 0o600, flush: true });
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  private fileOf(url: string): string {
    return join(this.folder, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.crl`);
  }
}
