import type { MigrationInterface } from 'typeorm';

/** Every migration, in the order in which they were written. A released one is never changed. */
export const migrations: (new () => MigrationInterface)[] = [];
