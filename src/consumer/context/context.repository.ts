import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';

/** A patient context as the table keeps it. */
export interface ContextRow {
  readonly id: string;
  readonly sealed: Buffer;
  readonly situationId?: string;
  readonly receivedAt: Date;
  readonly endsAt: Date;
  /** Whether a login had it open; a call that nobody took up is none. */
  readonly wasOpened: boolean;
}

interface RawRow {
  id: string;
  sealed: Buffer;
  situation_id: string | null;
  received_at: Date;
  ends_at: Date;
  was_opened: boolean;
}

const columns = 'id, sealed, situation_id, received_at, ends_at, login_digest IS NOT NULL AS was_opened';

const toRow = (raw: RawRow | undefined): ContextRow | undefined =>
  raw && {
    id: raw.id,
    sealed: raw.sealed,
    situationId: raw.situation_id ?? undefined,
    receivedAt: raw.received_at,
    endsAt: raw.ends_at,
    wasOpened: raw.was_opened,
  };

/** Table `consumer_context`. References are kept as digests: a copy of the table opens nothing. */
@Injectable()
export class ContextRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** For a change that stands or falls with its record in the trail. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  async add(
    context: { id: string; addressDigest: Buffer; sealed: Buffer; seconds: number },
    manager: EntityManager,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO consumer_context (id, address_digest, sealed, ends_at)
       VALUES ($1, $2, $3, now() + $4 * interval '1 second')`,
      [context.id, context.addressDigest, context.sealed, context.seconds],
    );
  }

  /** Gives the call to the first browser that opens its address; the same browser may come back until it is logged in. */
  async claim(addressDigest: Buffer, browserDigest: Buffer, seconds: number): Promise<ContextRow | undefined> {
    return this.changedOne(
      `UPDATE consumer_context SET browser_digest = $2,
         ends_at = CASE WHEN browser_digest IS NULL THEN now() + $3 * interval '1 second' ELSE ends_at END
       WHERE address_digest = $1 AND ends_at > now() AND login_digest IS NULL
         AND (browser_digest IS NULL OR browser_digest = $2) RETURNING ${columns}`,
      [addressDigest, browserDigest, seconds],
    );
  }

  /** The call whose address this was, as long as it is kept: the address itself may be spent. */
  async ofAddress(addressDigest: Buffer): Promise<ContextRow | undefined> {
    const rows = await this.dataSource.query<RawRow[]>(
      `SELECT ${columns} FROM consumer_context WHERE address_digest = $1`,
      [addressDigest],
    );
    return toRow(rows[0]);
  }

  /**
   * Binds the context to a login, for good: its address opens nothing any more, and is kept to tell who tries it again. One of
   * two that come at once wins.
   */
  async bind(
    { id, loginDigest, minutes }: { id: string; loginDigest: Buffer; minutes: number },
    manager: EntityManager,
  ): Promise<ContextRow | undefined> {
    return this.changedOne(
      `UPDATE consumer_context SET login_digest = $2, opened_at = now(), browser_digest = NULL,
         ends_at = now() + $3 * interval '1 minute'
       WHERE id = $1 AND login_digest IS NULL AND ends_at > now() RETURNING ${columns}`,
      [id, loginDigest, minutes],
      manager,
    );
  }

  async reseal(id: string, sealed: Buffer, manager: EntityManager): Promise<void> {
    await manager.query('UPDATE consumer_context SET sealed = $2 WHERE id = $1', [id, sealed]);
  }

  async find(id: string, loginDigest: Buffer): Promise<ContextRow | undefined> {
    const rows = await this.dataSource.query<RawRow[]>(
      `SELECT ${columns} FROM consumer_context WHERE id = $1 AND login_digest = $2 AND ends_at > now()`,
      [id, loginDigest],
    );
    return toRow(rows[0]);
  }

  async listOf(loginDigest: Buffer): Promise<ContextRow[]> {
    const rows = await this.dataSource.query<RawRow[]>(
      `SELECT ${columns} FROM consumer_context WHERE login_digest = $1 AND ends_at > now()
       ORDER BY opened_at DESC LIMIT 50`,
      [loginDigest],
    );
    return rows.map((row) => toRow(row) as ContextRow);
  }

  async chooseSituation(
    { id, loginDigest, situationId }: { id: string; loginDigest: Buffer; situationId: string },
    manager: EntityManager,
  ): Promise<void> {
    await manager.query('UPDATE consumer_context SET situation_id = $3 WHERE id = $1 AND login_digest = $2', [
      id,
      loginDigest,
      situationId,
    ]);
  }

  /** Removes one context, or all those of a login. @returns what they were */
  remove(loginDigest: Buffer, id: string | undefined, manager: EntityManager): Promise<ContextRow[]> {
    return this.removed('login_digest = $1 AND ($2::text IS NULL OR id = $2)', [loginDigest, id ?? null], manager);
  }

  /** Removes what has ended. @returns what they were */
  removeEnded(manager: EntityManager): Promise<ContextRow[]> {
    return this.removed('ends_at < now()', [], manager);
  }

  private async removed(condition: string, values: unknown[], manager: EntityManager): Promise<ContextRow[]> {
    const statement = `DELETE FROM consumer_context WHERE ${condition} RETURNING ${columns}`;
    return (await this.changed(statement, values, manager)).map((row) => toRow(row) as ContextRow);
  }

  private async changedOne(
    statement: string,
    values: unknown[],
    manager?: EntityManager,
  ): Promise<ContextRow | undefined> {
    return toRow((await this.changed(statement, values, manager))[0]);
  }

  /** TypeORM answers `[rows, count]` to UPDATE and DELETE. */
  private async changed(statement: string, values: unknown[], manager?: EntityManager): Promise<RawRow[]> {
    const answer = await (manager ?? this.dataSource).query<unknown[]>(statement, values);
    return (Array.isArray(answer[0]) ? answer[0] : answer) as RawRow[];
  }
}
