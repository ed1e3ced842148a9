import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RetrievedHead, RetrievedInstance } from '../retrieval.types';
import { InstanceFileCodec } from './instance-file';

const unfinished = '.part';
const headStartBytes = 64 * 1024;

/** Encrypted objects of one exam, one file each. The folder is its own index: a file that is there is whole. */
export class ExamFolder {
  private readonly codec: InstanceFileCodec;
  private readonly sizes = new Map<string, number>();
  private total = 0;
  private readonly writing = new Set<Promise<void>>();
  private removed = false;

  private constructor(
    readonly path: string,
    key: Buffer,
  ) {
    this.codec = new InstanceFileCodec(key);
  }

  /** Makes the folder, or lists what it already holds; what was left unfinished goes. */
  static async open(path: string, key: Buffer): Promise<ExamFolder> {
    const folder = new ExamFolder(path, key);
    await mkdir(path, { recursive: true, mode: 0o700 });
    for (const name of await readdir(path)) {
      const file = join(path, name);
      if (name.endsWith(unfinished)) await rm(file, { force: true });
      else folder.note(name, (await stat(file)).size);
    }
    return folder;
  }

  get bytes(): number {
    return this.total;
  }

  has(sopInstanceUid: string): boolean {
    return this.sizes.has(this.codec.nameOf(sopInstanceUid));
  }

  /** Durable only as far as a cache has to be: a file appears whole or not at all. Rejects with the system's error. */
  async put(sopInstanceUid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    if (this.removed) return;
    const written = this.write(sopInstanceUid, instance, head);
    this.writing.add(written);
    try {
      await written;
    } finally {
      this.writing.delete(written);
    }
  }

  private async write(sopInstanceUid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    const name = this.codec.nameOf(sopInstanceUid);
    const file = join(this.path, name);
    const pieces = this.codec.encode(sopInstanceUid, instance, head);
    try {
      await writeFile(file + unfinished, pieces, { mode: 0o600 });
      await rename(file + unfinished, file);
    } catch (error) {
      await rm(file + unfinished, { force: true }).catch(() => undefined);
      throw error;
    }
    if (this.removed) await rm(file, { force: true });
    else
      this.note(
        name,
        pieces.reduce((sum, piece) => sum + piece.length, 0),
      );
  }

  /** Undefined when it is not there, or is not what was put there. */
  async instance(sopInstanceUid: string): Promise<RetrievedInstance | undefined> {
    const name = this.codec.nameOf(sopInstanceUid);
    if (!this.sizes.has(name)) return undefined;
    const file = await readFile(join(this.path, name)).catch(() => undefined);
    const kept = file && this.codec.decode(sopInstanceUid, file);
    if (!kept) await this.drop(name);
    return kept?.instance;
  }

  async head(sopInstanceUid: string): Promise<RetrievedHead | undefined> {
    const name = this.codec.nameOf(sopInstanceUid);
    if (!this.sizes.has(name)) return undefined;
    const bytes = await this.startOf(join(this.path, name)).catch(() => undefined);
    const head = bytes && this.codec.decodeHead(sopInstanceUid, bytes);
    if (!head) await this.drop(name);
    return head;
  }

  async remove(): Promise<void> {
    this.removed = true;
    this.sizes.clear();
    this.total = 0;
    // A file that is being written would come back after its folder was emptied.
    await Promise.allSettled(this.writing);
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }

  private async startOf(path: string): Promise<Buffer | undefined> {
    const file = await open(path, 'r');
    try {
      const start = Buffer.alloc(headStartBytes);
      const { bytesRead } = await file.read(start, 0, headStartBytes, 0);
      const end = this.codec.headEnd(start.subarray(0, bytesRead));
      if (end === undefined) return undefined;
      if (end <= bytesRead) return start.subarray(0, end);
      const { size } = await file.stat();
      if (end > size) return undefined;
      const whole = Buffer.alloc(end);
      await file.read(whole, 0, end, 0);
      return whole;
    } finally {
      await file.close();
    }
  }

  private async drop(name: string): Promise<void> {
    this.total -= this.sizes.get(name) ?? 0;
    this.sizes.delete(name);
    await rm(join(this.path, name), { force: true }).catch(() => undefined);
  }

  private note(name: string, size: number): void {
    this.total += size - (this.sizes.get(name) ?? 0);
    this.sizes.set(name, size);
  }
}
