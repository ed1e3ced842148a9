import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { livingProcesses, Presence } from '../presence';
import { ImportEnd, ImportTrail, LeftImport } from './import-trail';
import { transferErrors } from './transfer.errors';
import { underWay } from './transfer.repository';
import type { ImportRequest, TransferState } from './transfer.types';

interface RawLeft {
  id: string;
  state: TransferState;
  study_instance_uid: string;
  manifest_uid: string;
  pacs_id: string;
  subject: Buffer | null;
}

interface RawCounts {
  transfer_id: string;
  stored: string;
  failed: string;
  converted: string;
  bytes: string;
}

/**
 * Ends of imports, each in one transaction with its line in the trail, and told once: by the process that ran the import, or by
 * another when that one lives no more.
 */
@Injectable()
export class TransferEnds {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: Presence,
    private readonly trail: ImportTrail,
  ) {}

  /** Only by the process that runs it, and once: one that was taken for dead tells nothing that was told already. */
  async end(work: { id: string; exam: ImportRequest['exam']; pacsId: string }, ended: ImportEnd): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const [, count] = await manager.query<[unknown, number]>(
        `UPDATE consumer_transfer SET state = $2, error_code = $3, ended_at = now(), subject = NULL
         WHERE id = $1 AND owner = $4 AND subject IS NOT NULL`,
        [work.id, ended.state, ended.failure?.code ?? null, this.presence.id],
      );
      if (count === 1) await this.trail.ended(work, ended, manager);
    });
  }

  /**
   * What a process that lives no more had under way can be taken up again; its end is told with what the tables know.
   * @param held imports of this process that have not ended
   * @returns how many
   */
  interruptAbandoned(held: readonly string[]): Promise<number> {
    const isLeft = `(owner IS NULL OR owner NOT IN (${livingProcesses}) OR (owner = $1 AND NOT id = ANY($2)))`;
    const condition = `(${underWay} OR subject IS NOT NULL) AND ${isLeft}`;
    return this.dataSource.transaction((manager) => this.tellLeft(condition, [this.presence.id, held], manager));
  }

  /** One that was stopped, and whose process has not told it yet: before it is taken up again. */
  async tellStopped(id: string, manager: EntityManager): Promise<void> {
    await this.tellLeft(`id = $1 AND NOT ${underWay} AND subject IS NOT NULL`, [id], manager);
  }

  private async tellLeft(condition: string, values: unknown[], manager: EntityManager): Promise<number> {
    const [rows] = await manager.query<[RawLeft[], number]>(
      `UPDATE consumer_transfer AS t SET owner = NULL, subject = NULL, ended_at = coalesce(t.ended_at, now()),
         state = CASE WHEN t.${underWay} THEN 'interrupted' ELSE t.state END,
         error_code = CASE WHEN t.${underWay} THEN '${transferErrors.interrupted.code}' ELSE t.error_code END
       FROM (SELECT id, subject FROM consumer_transfer WHERE ${condition} FOR UPDATE SKIP LOCKED) AS before
       WHERE before.id = t.id
       RETURNING t.id, t.state, t.study_instance_uid, t.manifest_uid, t.pacs_id, before.subject`,
      values,
    );
    if (rows.length === 0) return 0;
    const counts = await this.countsOf(rows, manager);
    for (const row of rows) await this.trail.left(leftOf(row, counts.get(row.id)), manager);
    return rows.length;
  }

  /** Of the last run: what was stored before it has been told. */
  private async countsOf(rows: readonly RawLeft[], manager: EntityManager): Promise<Map<string, RawCounts>> {
    const counts = await manager.query<RawCounts[]>(
      `SELECT transfer_id, count(*) FILTER (WHERE result = 'stored') AS stored,
         count(*) FILTER (WHERE result = 'failed') AS failed, count(converted_to) AS converted,
         coalesce(sum(run_bytes), 0) AS bytes
       FROM consumer_transfer_object WHERE transfer_id = ANY($1) AND (result = 'failed' OR run_bytes IS NOT NULL)
       GROUP BY transfer_id`,
      [rows.map(({ id }) => id)],
    );
    return new Map(counts.map((each) => [each.transfer_id, each]));
  }
}

function leftOf(row: RawLeft, counts?: RawCounts): LeftImport {
  return {
    id: row.id,
    state: row.state,
    studyInstanceUid: row.study_instance_uid,
    manifestUid: row.manifest_uid,
    pacsId: row.pacs_id,
    subject: row.subject ?? undefined,
    stored: Number(counts?.stored ?? 0),
    failed: Number(counts?.failed ?? 0),
    converted: Number(counts?.converted ?? 0),
    bytes: Number(counts?.bytes ?? 0),
  };
}
