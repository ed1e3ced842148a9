import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import type { PortalUser } from '../session/portal-user';

/** A login as the table keeps it; `sealed` is opened by the service. */
export interface LoginRow {
  readonly id: string;
  readonly sealed: string;
  readonly version: number;
  readonly situationId?: string;
}

export interface NewLogin {
  readonly id: string;
  readonly sessionSid: string;
  readonly sealed: string;
  readonly subject: string;
  readonly providerSid?: string;
  readonly accessEndsAt: Date;
  readonly endsAt: Date;
}

/** A login that ended; `sealed` tells whose it was. */
export interface RemovedLogin {
  readonly loginId: string;
  readonly sessionId: string;
  readonly sealed: string;
  readonly situationId?: string;
  readonly limit?: SessionLimit;
}

/** Which limit a session reached; none of them when it was gone already. */
export type SessionLimit = 'absolute' | 'idle';

/** A browser session that ended by itself. */
export interface RemovedSession {
  readonly sessionId: string;
  /** Absent when nobody was logged in. */
  readonly user?: PortalUser;
  readonly limit: SessionLimit;
}

interface ChangedRow {
  id: string;
  session_sid?: string;
  sealed?: string;
  situation_id?: string | null;
  ended_at_limit?: SessionLimit | null;
}

const toRemoved = (row: ChangedRow): RemovedLogin => ({
  loginId: row.id,
  sessionId: row.session_sid ?? '',
  sealed: row.sealed ?? '',
  situationId: row.situation_id ?? undefined,
  limit: row.ended_at_limit ?? undefined,
});

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Logins of browser sessions, each with its sealed tokens; every statement is one round trip. */
@Injectable()
export class LoginsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** For a change that stands or falls with its record in the trail. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  /** Keeps the login, in place of an earlier one of the same identifier. */
  async put(login: NewLogin, manager: EntityManager): Promise<void> {
    await manager.query(
      `INSERT INTO portal_login (id, session_sid, sealed, subject_digest, sid_digest, access_ends_at, ends_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id) DO UPDATE SET session_sid = excluded.session_sid, sealed = excluded.sealed,
         version = portal_login.version + 1, subject_digest = excluded.subject_digest, sid_digest = excluded.sid_digest,
         access_ends_at = excluded.access_ends_at, ends_at = excluded.ends_at, renewing_until = NULL`,
      [
        login.id,
        login.sessionSid,
        login.sealed,
        digest(login.subject),
        login.providerSid ? digest(login.providerSid) : null,
        login.accessEndsAt,
        login.endsAt,
      ],
    );
  }

  async find(id: string): Promise<LoginRow | undefined> {
    const rows = await this.dataSource.query<
      { id: string; sealed: string; version: number; situation_id: string | null }[]
    >('SELECT id, sealed, version, situation_id FROM portal_login WHERE id = $1 AND ends_at > now()', [id]);
    const row = rows[0];
    return row && { id: row.id, sealed: row.sealed, version: row.version, situationId: row.situation_id ?? undefined };
  }

  async chooseSituation(id: string, situationId: string, manager: EntityManager): Promise<void> {
    await manager.query('UPDATE portal_login SET situation_id = $2 WHERE id = $1', [id, situationId]);
  }

  /** True for the one process that may renew the tokens of this version now. */
  async takeRenewal(id: string, version: number, leaseMs: number): Promise<boolean> {
    const taken = await this.changed(
      `UPDATE portal_login SET renewing_until = now() + $3 * interval '1 millisecond'
       WHERE id = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until < now()) RETURNING id`,
      [id, version, leaseMs],
    );
    return taken.length === 1;
  }

  async putRenewed(id: string, version: number, sealed: string, accessEndsAt: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE portal_login SET sealed = $3, version = version + 1, access_ends_at = $4, renewing_until = NULL
       WHERE id = $1 AND version = $2`,
      [id, version, sealed, accessEndsAt],
    );
  }

  async giveRenewalBack(id: string, version: number): Promise<void> {
    await this.dataSource.query('UPDATE portal_login SET renewing_until = NULL WHERE id = $1 AND version = $2', [
      id,
      version,
    ]);
  }

  /** Only while its tokens are those of that version. @returns false when they were replaced, or it is gone */
  async removeVersion(id: string, version: number): Promise<boolean> {
    const removed = await this.changed('DELETE FROM portal_login WHERE id = $1 AND version = $2 RETURNING id', [
      id,
      version,
    ]);
    return removed.length === 1;
  }

  /** Ends a browser session and the login that it holds, if any. @returns that login */
  async remove(
    { loginId, sessionId }: { loginId: string | undefined; sessionId: string },
    manager: EntityManager,
  ): Promise<RemovedLogin | undefined> {
    const statement = 'DELETE FROM portal_login WHERE id = $1 RETURNING id, session_sid, sealed, situation_id';
    const [row] = await this.changed(statement, [loginId ?? null], manager);
    await manager.query('DELETE FROM portal_session WHERE sid = $1', [sessionId]);
    return row && toRemoved(row);
  }

  /** Ends the logins of a provider's session, or all those of a subject, with their browser sessions. @returns which */
  async removeOf(provider: { subject?: string; sid?: string }, manager: EntityManager): Promise<RemovedLogin[]> {
    const [column, value] = provider.sid
      ? (['sid_digest', provider.sid] as const)
      : (['subject_digest', provider.subject ?? ''] as const);
    const rows = await this.changed(
      `WITH ended AS (DELETE FROM portal_login WHERE ${column} = $1 RETURNING id, session_sid, sealed, situation_id),
         closed AS (DELETE FROM portal_session WHERE sid IN (SELECT session_sid FROM ended))
       SELECT id, session_sid, sealed, situation_id FROM ended`,
      [digest(value)],
      manager,
    );
    return rows.map(toRemoved);
  }

  /**
   * Ends the logins that are over: at their absolute end, with a browser session that expired, or (of those named) without one.
   * Of several processes that look at once, one is told.
   */
  async removeEnded(at: Date, absent: readonly string[], manager: EntityManager): Promise<RemovedLogin[]> {
    const rows = await this.changed(
      `DELETE FROM portal_login l WHERE l.ends_at <= $1
         OR EXISTS (SELECT 1 FROM portal_session s WHERE s.sid = l.session_sid AND s.expire < to_timestamp($2))
         OR (l.id = ANY($3) AND NOT EXISTS (SELECT 1 FROM portal_session s WHERE s.sid = l.session_sid))
       RETURNING id, session_sid, sealed, situation_id, CASE WHEN l.ends_at <= $1 THEN 'absolute'
         WHEN EXISTS (SELECT 1 FROM portal_session s WHERE s.sid = l.session_sid) THEN 'idle' END AS ended_at_limit`,
      [at, at.getTime() / 1_000, absent],
      manager,
    );
    return rows.map(toRemoved);
  }

  /** Removes the browser sessions that are over: idle for too long, or logged in too early. */
  async removeEndedSessions(
    { at, loggedInSince }: { at: Date; loggedInSince: Date },
    manager: EntityManager,
  ): Promise<RemovedSession[]> {
    const answer = await manager.query<unknown[]>(
      `DELETE FROM portal_session WHERE expire < to_timestamp($1) OR (sess->>'loggedInAt')::bigint <= $2
       RETURNING sid AS "sessionId", sess->'user' AS "user", CASE WHEN expire < to_timestamp($1) THEN 'idle' ELSE 'absolute' END AS "limit"`,
      [at.getTime() / 1_000, loggedInSince.getTime()],
    );
    const rows = (Array.isArray(answer[0]) ? answer[0] : answer) as (Omit<RemovedSession, 'user'> & {
      user: PortalUser | null;
    })[];
    return rows.map((row) => ({ ...row, user: row.user ?? undefined }));
  }

  /** Logins whose browser session is not there (any more, or yet). */
  async withoutSession(): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM portal_login l WHERE NOT EXISTS (SELECT 1 FROM portal_session s WHERE s.sid = l.session_sid) LIMIT 1000`,
    );
    return rows.map(({ id }) => id);
  }

  /** Which of these browser sessions are there, and whether they live: not expired, and logged in late enough. */
  async sessions(
    sids: readonly string[],
    { at, loggedInSince }: { at: Date; loggedInSince: Date },
  ): Promise<Map<string, 'lives' | 'ended'>> {
    const rows = await this.dataSource.query<{ sid: string; lives: boolean }[]>(
      `SELECT sid, expire >= to_timestamp($2) AND coalesce((sess->>'loggedInAt')::bigint, 0) > $3 AS lives
       FROM portal_session WHERE sid = ANY($1)`,
      [sids, at.getTime() / 1_000, loggedInSince.getTime()],
    );
    return new Map(rows.map(({ sid, lives }) => [sid, lives ? 'lives' : 'ended']));
  }

  /** Rows that the statement returned; TypeORM gives `[rows, count]` for some kinds and rows alone for others. */
  private async changed(statement: string, values: unknown[], manager?: EntityManager): Promise<ChangedRow[]> {
    const answer = await (manager ?? this.dataSource).query<unknown[]>(statement, values);
    return (Array.isArray(answer[0]) ? answer[0] : answer) as ChangedRow[];
  }
}
