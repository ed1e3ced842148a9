import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { livingProcesses, Presence } from '../../presence';

/** An exam whose images are on disk. */
export interface KeptExamRow {
  readonly id: string;
  /** Says which exam it is only to who can compute it again. */
  readonly exam: Buffer;
  /** Key of the folder, sealed. */
  readonly sealedKey: Buffer;
  readonly usedAt: Date;
}

interface RawRow {
  id: string;
  exam_digest: Buffer;
  sealed_key: Buffer;
  used_at: Date;
}

const columns = 'id, exam_digest, sealed_key, used_at';
const toRow = (raw: RawRow): KeptExamRow => ({
  id: raw.id,
  exam: raw.exam_digest,
  sealedKey: raw.sealed_key,
  usedAt: raw.used_at,
});

/**
 * Tables `consumer_kept_exam` (the index of the cache) and `consumer_kept_exam_context` (for which patients they stay). A row
 * belongs to one process and one folder.
 */
@Injectable()
export class KeptExamsRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: Presence,
  ) {}

  /** Exams in this folder whose process lives no more. */
  async abandoned(folder: string): Promise<KeptExamRow[]> {
    const rows = await this.dataSource.query<RawRow[]>(
      `SELECT ${columns} FROM consumer_kept_exam WHERE folder = $1 AND owner NOT IN (${livingProcesses}) ORDER BY used_at`,
      [folder],
    );
    return rows.map(toRow);
  }

  /** Makes it this process's own. @returns false when another one was faster, or this one has the exam already */
  async takeOver(id: string): Promise<boolean> {
    const answer = await this.dataSource.query<[unknown, number]>(
      `UPDATE consumer_kept_exam AS k SET owner = $2 WHERE id = $1 AND owner NOT IN (${livingProcesses})
         AND NOT EXISTS (SELECT 1 FROM consumer_kept_exam o WHERE o.owner = $2 AND o.exam_digest = k.exam_digest)`,
      [id, this.presence.id],
    );
    return answer[1] === 1;
  }

  /** Rows that dead processes left in other folders, for patients who are no longer open: their keys go. */
  async forgetElsewhere(folder: string): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM consumer_kept_exam k WHERE folder <> $1 AND owner NOT IN (${livingProcesses})
         AND NOT EXISTS (SELECT 1 FROM consumer_kept_exam_context c JOIN consumer_context p ON p.id = c.context_id
                         WHERE c.exam_id = k.id AND p.ends_at > now())`,
      [folder],
    );
  }

  /** Every exam of this folder, whoever keeps it. */
  async idsIn(folder: string): Promise<Set<string>> {
    const rows = await this.dataSource.query<{ id: string }[]>('SELECT id FROM consumer_kept_exam WHERE folder = $1', [
      folder,
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  async add({ id, exam, sealedKey, folder }: Omit<KeptExamRow, 'usedAt'> & { folder: string }): Promise<void> {
    await this.dataSource.query(
      'INSERT INTO consumer_kept_exam (id, exam_digest, sealed_key, owner, folder) VALUES ($1, $2, $3, $4, $5)',
      [id, exam, sealedKey, this.presence.id, folder],
    );
  }

  async touch(id: string): Promise<void> {
    await this.dataSource.query('UPDATE consumer_kept_exam SET used_at = now() WHERE id = $1', [id]);
  }

  async keepFor(id: string, contextId: string): Promise<void> {
    await this.dataSource.query(
      'INSERT INTO consumer_kept_exam_context (exam_id, context_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [id, contextId],
    );
  }

  /** Contexts by exam. */
  async contexts(): Promise<Map<string, Set<string>>> {
    const rows = await this.dataSource.query<{ exam_id: string; context_id: string }[]>(
      'SELECT exam_id, context_id FROM consumer_kept_exam_context',
    );
    const found = new Map<string, Set<string>>();
    for (const { exam_id, context_id } of rows) found.set(exam_id, (found.get(exam_id) ?? new Set()).add(context_id));
    return found;
  }

  async releaseContext(contextId: string): Promise<void> {
    await this.dataSource.query('DELETE FROM consumer_kept_exam_context WHERE context_id = $1', [contextId]);
  }

  async remove(id: string): Promise<void> {
    await this.dataSource.query('DELETE FROM consumer_kept_exam WHERE id = $1', [id]);
  }

  /** Which of these contexts are still open. */
  async openContexts(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM consumer_context WHERE id = ANY($1) AND ends_at > now()',
      [ids],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
