import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

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

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Logins of browser sessions, each with its sealed tokens; every statement is one round trip. */
@Injectable()
export class LoginsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Keeps the login, in place of an earlier one of the same identifier, and forgets those that are over. */
  async put(login: NewLogin): Promise<void> {
    await this.dataSource.query('DELETE FROM portal_login WHERE ends_at < now()');
    await this.dataSource.query(
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

  async chooseSituation(id: string, situationId: string): Promise<void> {
    await this.dataSource.query('UPDATE portal_login SET situation_id = $2 WHERE id = $1', [id, situationId]);
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

  async remove(id: string): Promise<void> {
    await this.dataSource.query('DELETE FROM portal_login WHERE id = $1', [id]);
  }

  /** Ends the logins of a provider's session, or all those of a subject, with their browser sessions. @returns which */
  async removeOf(provider: { subject?: string; sid?: string }): Promise<{ loginId: string; sessionId: string }[]> {
    const [column, value] = provider.sid
      ? (['sid_digest', provider.sid] as const)
      : (['subject_digest', provider.subject ?? ''] as const);
    const rows = await this.changed(
      `WITH ended AS (DELETE FROM portal_login WHERE ${column} = $1 RETURNING id, session_sid),
         closed AS (DELETE FROM portal_session WHERE sid IN (SELECT session_sid FROM ended))
       SELECT id, session_sid FROM ended`,
      [digest(value)],
    );
    return rows.map((row) => ({ loginId: row.id, sessionId: row.session_sid ?? '' }));
  }

  /** Rows that the statement returned; TypeORM gives `[rows, count]` for some kinds and rows alone for others. */
  private async changed(statement: string, values: unknown[]): Promise<{ id: string; session_sid?: string }[]> {
    const answer = await this.dataSource.query<unknown[]>(statement, values);
    return (Array.isArray(answer[0]) ? answer[0] : answer) as { id: string; session_sid?: string }[];
  }
}
