import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { allErrors } from '../../platform/errors';
import type { TransferObject, TransferState, TransferView } from './transfer.types';

interface RawTransfer {
  id: string;
  study_instance_uid: string;
  pacs_id: string;
  state: TransferState;
  error_code: string | null;
  created_at: Date;
  ended_at: Date | null;
  total: string;
  stored: string;
  failed: string;
}

export interface NewTransfer {
  readonly id: string;
  readonly contextId: string;
  readonly loginDigest: Buffer;
  readonly studyInstanceUid: string;
  readonly manifestUid: string;
  readonly pacsId: string;
  readonly objects: readonly Pick<TransferObject, 'sopInstanceUid' | 'seriesInstanceUid'>[];
}

export interface ObjectOutcome {
  readonly sopInstanceUid: string;
  readonly result: 'stored' | 'failed';
  readonly status?: number;
  readonly errorCode?: string;
}

const rowsMax = 1_000;

const select = `SELECT t.id, t.study_instance_uid, t.pacs_id, t.state, t.error_code, t.created_at, t.ended_at,
    count(o.*) AS total, count(*) FILTER (WHERE o.result = 'stored') AS stored,
    count(*) FILTER (WHERE o.result = 'failed') AS failed
  FROM consumer_transfer t LEFT JOIN consumer_transfer_object o ON o.transfer_id = t.id`;

/** Tables `consumer_transfer` and `consumer_transfer_object`. */
@Injectable()
export class TransferRepository {
  constructor(private readonly dataSource: DataSource) {}

  async add(transfer: NewTransfer): Promise<void> {
    const { id, contextId, loginDigest, studyInstanceUid, manifestUid, pacsId, objects } = transfer;
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `INSERT INTO consumer_transfer (id, context_id, login_digest, study_instance_uid, manifest_uid, pacs_id, state)
         VALUES ($1, $2, $3, $4, $5, $6, 'running')`,
        [id, contextId, loginDigest, studyInstanceUid, manifestUid, pacsId],
      );
      for (let at = 0; at < objects.length; at += rowsMax) {
        const some = objects.slice(at, at + rowsMax);
        await manager.query(
          `INSERT INTO consumer_transfer_object (transfer_id, sop_instance_uid, series_instance_uid)
           SELECT $1, o.sop, o.series FROM unnest($2::text[], $3::text[]) AS o (sop, series)`,
          [
            id,
            some.map(({ sopInstanceUid }) => sopInstanceUid),
            some.map(({ seriesInstanceUid }) => seriesInstanceUid),
          ],
        );
      }
    });
  }

  async note(id: string, outcomes: readonly ObjectOutcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.dataSource.query(
      `UPDATE consumer_transfer_object AS t SET result = o.result, status = o.status, error_code = o.code
       FROM unnest($2::text[], $3::text[], $4::integer[], $5::text[]) AS o (sop, result, status, code)
       WHERE t.transfer_id = $1 AND t.sop_instance_uid = o.sop AND t.result <> 'stored'`,
      [
        id,
        outcomes.map(({ sopInstanceUid }) => sopInstanceUid),
        outcomes.map(({ result }) => result),
        outcomes.map(({ status }) => status ?? null),
        outcomes.map(({ errorCode }) => errorCode ?? null),
      ],
    );
  }

  async end(id: string, state: TransferState, errorCode?: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE consumer_transfer SET state = $2, error_code = $3, ended_at = now() WHERE id = $1`,
      [id, state, errorCode ?? null],
    );
  }

  /** Takes an ended import up again; what is stored stays so. @returns false when it is under way, or of something else */
  async restart(
    id: string,
    of: { contextId: string; manifestUid: string; studyInstanceUid: string },
  ): Promise<boolean> {
    const answer = await this.dataSource.query<[unknown[], number]>(
      `UPDATE consumer_transfer SET state = 'running', error_code = NULL, ended_at = NULL
       WHERE id = $1 AND context_id = $2 AND manifest_uid = $3 AND study_instance_uid = $4 AND state <> 'running'`,
      [id, of.contextId, of.manifestUid, of.studyInstanceUid],
    );
    if (answer[1] !== 1) return false;
    await this.dataSource.query(
      `UPDATE consumer_transfer_object SET result = 'waiting', error_code = NULL, status = NULL
       WHERE transfer_id = $1 AND result <> 'stored'`,
      [id],
    );
    return true;
  }

  /** After a restart of the gateway nothing is under way any more. */
  async interruptAll(): Promise<void> {
    await this.dataSource.query(
      `UPDATE consumer_transfer SET state = 'interrupted', ended_at = now() WHERE state = 'running'`,
    );
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
      `${select} WHERE t.context_id = $1 GROUP BY t.id ORDER BY t.created_at DESC LIMIT 100`,
      [contextId],
    );
    return rows.map(toView);
  }

  async objects(id: string): Promise<TransferObject[]> {
    const rows = await this.dataSource.query<
      {
        sop_instance_uid: string;
        series_instance_uid: string;
        result: TransferObject['result'];
        status: number | null;
        error_code: string | null;
      }[]
    >(
      `SELECT sop_instance_uid, series_instance_uid, result, status, error_code
       FROM consumer_transfer_object WHERE transfer_id = $1 ORDER BY series_instance_uid, sop_instance_uid`,
      [id],
    );
    return rows.map((row) => ({
      sopInstanceUid: row.sop_instance_uid,
      seriesInstanceUid: row.series_instance_uid,
      result: row.result,
      status: row.status ?? undefined,
      errorCode: row.error_code ?? undefined,
    }));
  }
}

function toView(raw: RawTransfer): TransferView {
  const entry = raw.error_code === null ? undefined : allErrors().find(({ code }) => code === raw.error_code);
  return {
    id: raw.id,
    studyInstanceUid: raw.study_instance_uid,
    pacsId: raw.pacs_id,
    state: raw.state,
    total: Number(raw.total),
    stored: Number(raw.stored),
    failed: Number(raw.failed),
    trouble: entry && (entry.screen ?? entry.caller),
    createdAt: raw.created_at,
    endedAt: raw.ended_at ?? undefined,
  };
}
