import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Alarms as all processes see them, and which process sees which. */
export class AuditAlarm1700000340000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_alarm (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
        summary text NOT NULL,
        raised_at timestamptz NOT NULL,
        cleared_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by text
      )`);
    await runner.query('CREATE UNIQUE INDEX audit_alarm_active ON audit_alarm (name) WHERE cleared_at IS NULL');
    await runner.query('CREATE INDEX audit_alarm_cleared ON audit_alarm (cleared_at) WHERE cleared_at IS NOT NULL');
    await runner.query(`
      CREATE TABLE audit_alarm_observer (
        alarm_id bigint NOT NULL REFERENCES audit_alarm ON DELETE CASCADE,
        observer uuid NOT NULL,
        severity text NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (alarm_id, observer)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_alarm_observer');
    await runner.query('DROP TABLE audit_alarm');
  }
}
