import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Logins of browser sessions. Tokens are sealed; the provider's subject and session are kept as digests, to find the logins
 * that a back-channel logout ends. `renewing_until`: one process at a time renews the tokens of a login.
 */
export class PortalLogin1700000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE portal_login (
        id text PRIMARY KEY,
        session_sid varchar NOT NULL,
        sealed text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        situation_id text,
        subject_digest text NOT NULL,
        sid_digest text,
        access_ends_at timestamptz NOT NULL,
        renewing_until timestamptz,
        ends_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX portal_login_subject ON portal_login (subject_digest)');
    await runner.query('CREATE INDEX portal_login_sid ON portal_login (sid_digest)');
    await runner.query('CREATE INDEX portal_login_ends_at ON portal_login (ends_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE portal_login');
  }
}
