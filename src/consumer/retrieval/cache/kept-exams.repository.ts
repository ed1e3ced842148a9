import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

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

/** Tables `consumer_kept_exam` (the index of the cache) and `consumer_kept_exam_context` (for which patients they stay). */
@Injectable()
export class KeptExamsRepository {
  constructor(private readonly dataSource: DataSource) {}

  async all(): Promise<KeptExamRow[]> {
    const rows = await this.dataSource.query<RawRow[]>(`SELECT ${columns} FROM consumer_kept_exam ORDER BY used_at`);
    return rows.map(toRow);
  }

  async add({ id, exam, sealedKey }: Omit<KeptExamRow, 'usedAt'>): Promise<void> {
    await this.dataSource.query('INSERT INTO consumer_kept_exam (id, exam_digest, sealed_key) VALUES ($1, $2, $3)', [
      id,
      exam,
      sealedKey,
    ]);
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
