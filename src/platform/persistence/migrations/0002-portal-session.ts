import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Browser sessions (shape that connect-pg-simple expects). */
export class PortalSession1700000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE portal_session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)',
    );
    await runner.query('CREATE INDEX portal_session_expire ON portal_session (expire)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE portal_session');
  }
}
