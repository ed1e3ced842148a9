import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource, DataSourceOptions } from 'typeorm';
import { ConfigOf } from '../config';
import { EmbeddedDatabase, startEmbeddedDatabase } from './embedded/embedded-database';
import { migrations } from './migrations';
import { persistenceConfig } from './persistence.config';

export type PersistenceConfig = ConfigOf<typeof persistenceConfig>;

/** Key of the advisory lock under which one process at a time migrates ("DRIM" in ASCII). */
const migrationLock = 0x4452494d;

/** Where the database is and how many connections it bears. */
export interface DatabaseAddress {
  readonly url: string;
  readonly embedded: boolean;
  readonly poolSize: number;
  readonly caFile?: string;
  stop(): Promise<void>;
}

/** The configured PostgreSQL, or the embedded database started below the data folder. */
export async function locateDatabase(config: PersistenceConfig): Promise<DatabaseAddress> {
  if (config.databaseUrl && config.databaseUrl !== 'embedded') {
    const url = new URL(config.databaseUrl);
    if (config.databasePasswordFile) url.password = readFileSync(config.databasePasswordFile, 'utf8').trim();
    return {
      url: url.href,
      embedded: false,
      poolSize: config.poolSize,
      caFile: config.databaseCaFile,
      stop: async () => undefined,
    };
  }
  const embedded: EmbeddedDatabase = await startEmbeddedDatabase(join(config.dataDir, 'database'));
  return { url: embedded.url, embedded: true, poolSize: 1, stop: () => embedded.stop() };
}

/** TypeORM options shared by the gateway, the operator's tool and the tests. */
export function dataSourceOptions(
  address: DatabaseAddress,
  entities: NonNullable<DataSourceOptions['entities']> = [],
): DataSourceOptions {
  return {
    type: 'postgres',
    url: address.url,
    ssl: address.caFile ? { ca: readFileSync(address.caFile, 'utf8'), rejectUnauthorized: true } : false,
    poolSize: address.poolSize,
    connectTimeoutMS: 10_000,
    extra: address.embedded ? {} : { statement_timeout: 60_000, keepAlive: true },
    applicationName: 'drimbox',
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    entities,
    migrations,
    migrationsTableName: 'platform_migration',
    migrationsTransactionMode: 'each',
    logging: false,
  };
}

/** Brings the schema up to date; processes that start together wait for each other. */
export async function migrate(dataSource: DataSource, embedded: boolean): Promise<number> {
  if (embedded) return (await dataSource.runMigrations()).length;
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    return (await dataSource.runMigrations()).length;
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release();
  }
}
