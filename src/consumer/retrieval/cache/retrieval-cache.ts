import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCause, GatewayError } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { gauge } from '../../../platform/metrics';
import { retrievalErrors } from '../retrieval.errors';
import type { RetrievedHead, RetrievedInstance } from '../retrieval.types';
import { ExamFolder } from './exam-folder';
import type { KeptExamRow, KeptExamsRepository } from './kept-exams.repository';

/** Seals the keys of the folders (`ConsumerSeal` of consumer/context fits). */
export interface KeySeal {
  seal(bytes: Buffer, owner: string): Buffer;
  open(sealed: Buffer, owner: string): Buffer | undefined;
}

export interface RetrievalCacheOptions {
  readonly folder: string;
  readonly bytesMax: number;
  /** How long an exam stays after its last user left. */
  readonly keepMs: number;
  readonly now?: () => number;
}

/** One exam on disk. */
export interface KeptExam {
  readonly id: string;
  readonly folder: ExamFolder;
  readonly contexts: Set<string>;
  users: number;
  usedAtMs: number;
}

const metrics = { bytes: gauge('retrieval_cache_bytes', 'Encrypted images of other hospitals kept on disk') };
const keyBytes = 32;
/** Begins the name of an empty folder beside the exams: two disks may have the same path on two machines. */
const mark = '.id-';

async function folderIdOf(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const marks = async () => (await readdir(folder)).filter((name) => name.startsWith(mark)).sort();
  if ((await marks()).length === 0) await mkdir(join(folder, mark + randomBytes(12).toString('hex')), { mode: 0o700 });
  // Of two processes that start together both take the first one.
  return (await marks())[0] ?? '';
}

/**
 * Images of other hospitals on disk: bounded, encrypted under one key for each exam, whose sealed form is in the database.
 * An exam goes when its patient closes, when it has not been used for a while, or when room is needed.
 */
export class RetrievalCache {
  private readonly logger = new Logger('retrieval');
  private readonly byExam = new Map<string, Promise<KeptExam>>();
  /** With their digests, as `byExam` names them. */
  private readonly kept = new Map<KeptExam, string>();
  /** Exams on their way out: they are not opened again before they are gone. */
  private readonly leaving = new Map<string, Promise<void>>();
  private readonly now: () => number;
  private folderId = '';
  /** Bytes of files that are being written. */
  private promised = 0;

  constructor(
    private readonly options: RetrievalCacheOptions,
    private readonly repository: Pick<
      KeptExamsRepository,
      | 'abandoned'
      | 'takeOver'
      | 'forgetElsewhere'
      | 'idsIn'
      | 'add'
      | 'touch'
      | 'keepFor'
      | 'contexts'
      | 'releaseContext'
      | 'remove'
      | 'openContexts'
    >,
    private readonly seal: KeySeal,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** Takes over what a process that lives no more left for patients that are still open; the rest of it goes. */
  async start(): Promise<void> {
    this.folderId = await folderIdOf(this.options.folder);
    await this.takeOver();
    const known = await this.repository.idsIn(this.folderId);
    for (const name of await readdir(this.options.folder)) {
      if (!known.has(name) && !name.startsWith(mark))
        await rm(join(this.options.folder, name), { recursive: true, force: true });
    }
    this.tellSize();
  }

  get bytes(): number {
    let bytes = 0;
    for (const { folder } of this.kept.keys()) bytes += folder.bytes;
    return bytes;
  }

  /** Of exams that somebody looks at: they do not leave when room is needed. */
  get bytesInUse(): number {
    let bytes = 0;
    for (const { folder, users } of this.kept.keys()) if (users > 0) bytes += folder.bytes;
    return bytes;
  }

  /** Opens the exam of that digest for a user of that patient context; `leave` ends it. */
  async open(exam: Buffer, contextId: string): Promise<KeptExam> {
    const digest = exam.toString('hex');
    for (let gone = this.leaving.get(digest); gone; gone = this.leaving.get(digest)) await gone.catch(() => undefined);
    const opening = this.byExam.get(digest) ?? this.make(exam);
    this.byExam.set(digest, opening);
    const kept = await opening.catch((error: unknown) => {
      this.byExam.delete(digest);
      throw error;
    });
    if (!this.kept.has(kept)) return this.open(exam, contextId);
    kept.users += 1;
    kept.usedAtMs = this.now();
    kept.contexts.add(contextId);
    await this.repository.keepFor(kept.id, contextId);
    await this.repository.touch(kept.id);
    return kept;
  }

  leave(kept: KeptExam): void {
    kept.users = Math.max(0, kept.users - 1);
    kept.usedAtMs = this.now();
  }

  /** @throws GatewayError `cacheFull` when there is no room even without the exams that nobody looks at */
  async put(kept: KeptExam, uid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    const wanted = instance.dataset.length + 4096;
    if (!this.kept.has(kept)) return;
    this.promised += wanted;
    try {
      await this.makeRoom(this.options.bytesMax - this.promised);
      if (this.bytes + this.promised > this.options.bytesMax) {
        throw new GatewayError(retrievalErrors.cacheFull, { detail: 'limit' });
      }
      await this.write(kept, uid, instance, head);
    } finally {
      this.promised -= wanted;
    }
    this.tellSize();
  }

  /** The patient closed: what was kept for nobody else goes at once. @returns how many exams went */
  async releaseContext(contextId: string): Promise<number> {
    await this.repository.releaseContext(contextId);
    let purged = 0;
    for (const kept of [...this.kept.keys()]) {
      if (!kept.contexts.delete(contextId) || kept.contexts.size > 0) continue;
      await this.purge(kept);
      purged += 1;
    }
    return purged;
  }

  /** Which of these patients are open no more. */
  async closedAmong(contextIds: readonly string[]): Promise<string[]> {
    const open = await this.repository.openContexts(contextIds);
    return contextIds.filter((id) => !open.has(id));
  }

  /**
   * Exams that nobody has looked at for the time given in the options, and those whose patients closed in another process;
   * what a process died over is taken over.
   */
  async sweep(): Promise<void> {
    const before = this.now() - this.options.keepMs;
    for (const kept of this.unused()) if (kept.usedAtMs <= before) await this.purge(kept);
    const open = await this.repository.openContexts([
      ...new Set([...this.kept.keys()].flatMap((kept) => [...kept.contexts])),
    ]);
    for (const kept of this.unused()) {
      for (const id of kept.contexts) if (!open.has(id)) kept.contexts.delete(id);
      if (kept.contexts.size === 0) await this.purge(kept);
    }
    await this.takeOver();
  }

  private async takeOver(): Promise<void> {
    const rows = await this.repository.abandoned(this.folderId);
    const contexts = rows.length > 0 ? await this.repository.contexts() : new Map<string, Set<string>>();
    const open = await this.repository.openContexts([...new Set([...contexts.values()].flatMap((ids) => [...ids]))]);
    for (const row of rows) {
      const ours = [...(contexts.get(row.id) ?? [])].filter((id) => open.has(id));
      const key = ours.length > 0 ? this.seal.open(row.sealedKey, row.id) : undefined;
      if (!key || this.byExam.has(row.exam.toString('hex'))) {
        await this.repository.remove(row.id);
        await rm(join(this.options.folder, row.id), { recursive: true, force: true });
      } else if (await this.repository.takeOver(row.id)) await this.adopt(row, key, ours);
    }
    await this.repository.forgetElsewhere(this.folderId);
  }

  private async write(kept: KeptExam, uid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    try {
      await kept.folder.put(uid, instance, head);
    } catch (cause) {
      if (!this.kept.has(kept)) return;
      // The disk is fuller than the limit says: what nobody looks at goes, once.
      await this.makeRoom(0);
      await kept.folder.put(uid, instance, head).catch(() => {
        throw new GatewayError(retrievalErrors.cacheFull, { cause, detail: 'disk' });
      });
    }
  }

  private async make(exam: Buffer): Promise<KeptExam> {
    const id = randomBytes(16).toString('hex');
    const key = randomBytes(keyBytes);
    await this.repository.add({ id, exam, sealedKey: this.seal.seal(key, id), folder: this.folderId });
    return this.adopt({ id, exam, usedAt: new Date(this.now()) }, key, []);
  }

  private async adopt(row: Pick<KeptExamRow, 'id' | 'exam' | 'usedAt'>, key: Buffer, contexts: readonly string[]) {
    const folder = await ExamFolder.open(join(this.options.folder, row.id), key);
    const kept = { id: row.id, folder, contexts: new Set(contexts), users: 0, usedAtMs: row.usedAt.getTime() };
    const digest = row.exam.toString('hex');
    this.kept.set(kept, digest);
    this.byExam.set(digest, Promise.resolve(kept));
    return kept;
  }

  private unused(): KeptExam[] {
    return [...this.kept.keys()].filter(({ users }) => users === 0).sort((one, other) => one.usedAtMs - other.usedAtMs);
  }

  private async makeRoom(bytesMax: number): Promise<void> {
    for (const kept of this.unused()) {
      if (this.bytes <= bytesMax) return;
      await this.purge(kept);
    }
  }

  private purge(kept: KeptExam): Promise<void> {
    const digest = this.kept.get(kept);
    if (digest === undefined) return Promise.resolve();
    this.kept.delete(kept);
    this.byExam.delete(digest);
    const gone = this.remove(kept).finally(() => this.leaving.delete(digest));
    this.leaving.set(digest, gone);
    return gone;
  }

  /** The key first: without it the files are noise, whatever becomes of them. */
  private async remove(kept: KeptExam): Promise<void> {
    try {
      await this.repository.remove(kept.id);
    } finally {
      await kept.folder.remove().catch((error: unknown) => {
        this.logger.warn(
          { cause: describeCause(error) },
          'files of a closed exam could not be removed; they are unreadable',
        );
      });
    }
    this.tellSize();
  }

  private tellSize(): void {
    metrics.bytes.set(this.bytes);
  }
}
