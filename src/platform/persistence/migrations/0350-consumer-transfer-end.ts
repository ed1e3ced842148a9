import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the end of an import needs when its process cannot tell it: whom it concerns, sealed, until that end stands in the trail;
 * and what each object of the run weighed.
 */
export class ConsumerTransferEnd1700000350000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE consumer_transfer ADD COLUMN subject bytea');
    await runner.query('ALTER TABLE consumer_transfer_object ADD COLUMN run_bytes bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE consumer_transfer_object DROP COLUMN run_bytes');
    await runner.query('ALTER TABLE consumer_transfer DROP COLUMN subject');
  }
}
