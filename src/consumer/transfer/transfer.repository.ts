import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { allErrors } from '../../platform/errors';
import { Presence } from '../presence';
import type { ObjectFate, TransferObject, TransferState, TransferView } from './transfer.types';

interface RawTransfer {
  id: string;
  exam_id: string | null;
  study_instance_uid: string;
  pacs_id: string;
  state: TransferState;
  error_code: string | null;
  created_at: Date;
  ended_at: Date | null;
  total: string;
  stored: string;
  failed: string;
  converted: string;
}

interface RawObject {
  sop_instance_uid: string;
  series_instance_uid: string;
  result: TransferObject['result'];
  status: number | null;
  error_code: string | null;
  converted_to: string | null;
}

export interface NewTransfer {
  readonly id: string;
  readonly contextId: string;
  readonly examId?: string;
  readonly loginDigest: Buffer;
  readonly studyInstanceUid: string;
  readonly manifestUid: string;
  readonly pacsId: string;
  /** Whom it concerns, sealed (`ImportTrail`). */
  readonly subject: Buffer;
  readonly objects: readonly Pick<TransferObject, 'sopInstanceUid' | 'seriesInstanceUid'>[];
}

export interface ObjectOutcome {
  readonly sopInstanceUid: string;
  readonly result: 'stored' | 'failed';
  readonly status?: number;
  readonly errorCode?: string;
  readonly convertedTo?: string;
  readonly bytes?: number;
}

const rowsMax = 1_000;
export const underWay = `state IN ('waiting', 'running')`;

const select = `SELECT t.id, t.exam_id, t.study_instance_uid, t.pacs_id, t.state, t.error_code, t.created_at, t.ended_at,
    count(o.*) AS total, count(*) FILTER (WHERE o.result = 'stored') AS stored,
    count(*) FILTER (WHERE o.result = 'failed') AS failed,
    count(*) FILTER (WHERE o.result = 'stored' AND o.converted_to IS NOT NULL) AS converted
  FROM consumer_transfer t LEFT JOIN consumer_transfer_object o ON o.transfer_id = t.id`;

/** Tables `consumer_transfer` and `consumer_transfer_object`. An import under way belongs to one process. */
@Injectable()
export class TransferRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: Presence,
  ) {}

  /** For a change that stands or falls with its record in the trail. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  async add(transfer: NewTransfer, manager: EntityManager): Promise<void> {
    const { id, contextId, examId, loginDigest, studyInstanceUid, manifestUid, pacsId, subject, objects } = transfer;
    await manager.query(
      `INSERT INTO consumer_transfer
         (id, context_id, exam_id, login_digest, study_instance_uid, manifest_uid, pacs_id, state, owner, subject)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9)`,
      [id, contextId, examId ?? null, loginDigest, studyInstanceUid, manifestUid, pacsId, this.presence.id, subject],
    );
    for (let at = 0; at < objects.length; at += rowsMax) {
      const some = objects.slice(at, at + rowsMax);
      await manager.query(
        `INSERT INTO consumer_transfer_object (transfer_id, sop_instance_uid, series_instance_uid)
         SELECT $1, o.sop, o.series FROM unnest($2::text[], $3::text[]) AS o (sop, series)`,
        [id, some.map(({ sopInstanceUid }) => sopInstanceUid), some.map(({ seriesInstanceUid }) => seriesInstanceUid)],
      );
    }
  }

  /** Its turn has come. @returns false when it was cancelled meanwhile, or is no longer this process's */
  begin(id: string): Promise<boolean> {
    return this.changed(`UPDATE consumer_transfer SET state = 'running' WHERE id = $1 AND owner = $2 AND ${underWay}`, [
      id,
      this.presence.id,
    ]);
  }

  async note(id: string, outcomes: readonly ObjectOutcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.dataSource.query(
      `UPDATE consumer_transfer_object AS t
       SET result = o.result, status = o.status, error_code = o.code, converted_to = o.converted, run_bytes = o.bytes
       FROM unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::bigint[])
         AS o (sop, result, status, code, converted, bytes)
       WHERE t.transfer_id = $1 AND t.sop_instance_uid = o.sop AND t.result <> 'stored'`,
      [
        id,
        outcomes.map(({ sopInstanceUid }) => sopInstanceUid),
        outcomes.map(({ result }) => result),
        outcomes.map(({ status }) => status ?? null),
        outcomes.map(({ errorCode }) => errorCode ?? null),
        outcomes.map(({ convertedTo }) => convertedTo ?? null),
        outcomes.map(({ bytes }) => bytes ?? null),
      ],
    );
  }

  /** Takes an ended import up again; what is stored stays so. @returns false when it is under way, or of something else */
  async restart(
    id: string,
    of: Pick<NewTransfer, 'contextId' | 'manifestUid' | 'studyInstanceUid' | 'subject'>,
    manager: EntityManager,
  ): Promise<boolean> {
    const isOurs = await this.changed(
      `UPDATE consumer_transfer SET state = 'waiting', error_code = NULL, ended_at = NULL, owner = $5, subject = $6
       WHERE id = $1 AND context_id = $2 AND manifest_uid = $3 AND study_instance_uid = $4 AND NOT ${underWay}`,
      [id, of.contextId, of.manifestUid, of.studyInstanceUid, this.presence.id, of.subject],
      manager,
    );
    if (!isOurs) return false;
    await manager.query(
      `UPDATE consumer_transfer_object SET run_bytes = NULL,
         result = CASE result WHEN 'stored' THEN result ELSE 'waiting' END,
         error_code = CASE result WHEN 'stored' THEN error_code END, status = CASE result WHEN 'stored' THEN status END
       WHERE transfer_id = $1`,
      [id],
    );
    return true;
  }

  /** Asks whatever process runs it to stop. */
  async askToStop(id: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE consumer_transfer SET state = 'cancelled', ended_at = now() WHERE id = $1 AND ${underWay}`,
      [id],
    );
  }

  /** Which of these are under way no longer: another process was asked to stop them, took them for abandoned, or closed their patient. */
  async stopped(ids: readonly string[]): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM consumer_transfer t WHERE id = ANY($1) AND NOT (${underWay} AND owner = $2
         AND EXISTS (SELECT 1 FROM consumer_context c WHERE c.id = t.context_id AND c.ends_at > now()))`,
      [ids, this.presence.id],
    );
    return rows.map(({ id }) => id);
  }

  async find(id: string, contextId: string): Promise<TransferView | undefined> {
    const rows = await this.dataSource.query<RawTransfer[]>(
      `${select} WHERE t.id = $1 AND t.context_id = $2 GROUP BY t.id`,
      [id, contextId],
    );
    return rows[0] && toView(rows[0]);
  }

  async listOf(contextId: string): Promise<TransferView[]> {
    const rows = await this.dataSource.query<RawTransfer[]>(
      `${select} WHERE t.context_id = $1 GROUP BY t.id ORDER BY t.created_at DESC, t.id LIMIT 100`,
      [contextId],
    );
    return rows.map(toView);
  }

  async objects(id: string, manager?: EntityManager): Promise<TransferObject[]> {
    const rows = await (manager ?? this.dataSource).query<RawObject[]>(
      `SELECT sop_instance_uid, series_instance_uid, result, status, error_code, converted_to
       FROM consumer_transfer_object WHERE transfer_id = $1 ORDER BY series_instance_uid, sop_instance_uid`,
      [id],
    );
    return rows.map((row) => ({
      sopInstanceUid: row.sop_instance_uid,
      seriesInstanceUid: row.series_instance_uid,
      result: row.result,
      status: row.status ?? undefined,
      errorCode: row.error_code ?? undefined,
      trouble: sentenceOf(row.error_code),
      convertedTo: row.converted_to ?? undefined,
    }));
  }

  /** Failures of some imports, those of one reason together. */
  async fates(ids: readonly string[]): Promise<Map<string, ObjectFate[]>> {
    const rows = await this.dataSource.query<
      (Pick<RawObject, 'result' | 'status' | 'error_code'> & { transfer_id: string; count: string })[]
    >(
      `SELECT transfer_id, result, error_code, status, count(*) AS count FROM consumer_transfer_object
       WHERE transfer_id = ANY($1) AND result = 'failed' GROUP BY transfer_id, result, error_code, status
       ORDER BY count(*) DESC, error_code, status`,
      [ids],
    );
    const found = new Map<string, ObjectFate[]>();
    for (const { transfer_id: id, result, error_code: code, status, count } of rows) {
      const fate = { result, errorCode: code ?? undefined, trouble: sentenceOf(code), status: status ?? undefined };
      found.set(id, [...(found.get(id) ?? []), { ...fate, count: Number(count) }]);
    }
    return found;
  }

  /** TypeORM answers `[rows, count]` to UPDATE. */
  private async changed(statement: string, values: unknown[], manager?: EntityManager): Promise<boolean> {
    return (await (manager ?? this.dataSource).query<[unknown, number]>(statement, values))[1] === 1;
  }
}

function sentenceOf(errorCode: string | null): string | undefined {
  const entry = errorCode === null ? undefined : allErrors().find(({ code }) => code === errorCode);
  return entry && (entry.screen ?? entry.caller);
}

function toView(raw: RawTransfer): TransferView {
  return {
    id: raw.id,
    examId: raw.exam_id ?? undefined,
    studyInstanceUid: raw.study_instance_uid,
    pacsId: raw.pacs_id,
    state: raw.state,
    total: Number(raw.total),
    stored: Number(raw.stored),
    failed: Number(raw.failed),
    converted: Number(raw.converted),
    trouble: sentenceOf(raw.error_code),
    createdAt: raw.created_at,
    endedAt: raw.ended_at ?? undefined,
  };
}
