import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far the trail was told to the audit record repository, and which numbers below were not there yet. */
export class AuditAtna1700000320000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_atna_cursor (
        name text PRIMARY KEY,
        position bigint NOT NULL,
        confirmed_at timestamptz,
        holder uuid,
        held_until timestamptz
      )`);
    await runner.query(`
      CREATE TABLE audit_atna_gap (
        first_id bigint PRIMARY KEY,
        last_id bigint NOT NULL,
        seen_by xid8 NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_atna_gap');
    await runner.query('DROP TABLE audit_atna_cursor');
  }
}
