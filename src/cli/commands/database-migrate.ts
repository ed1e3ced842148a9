import { DataSource } from 'typeorm';
import { ConfigOf, LoadedConfig } from '../../platform/config';
import {
  DatabaseAddress,
  dataSourceOptions,
  locateDatabase,
  migrate,
  persistenceConfig,
} from '../../platform/persistence';
import { Command } from '../command';

/** Opens the configured database for one command and closes it afterwards. */
export async function withDatabase<T>(
  config: LoadedConfig,
  entities: Parameters<typeof dataSourceOptions>[1],
  work: (dataSource: DataSource, address: DatabaseAddress) => Promise<T>,
): Promise<T> {
  const address = await locateDatabase(
    config.values.get(persistenceConfig.token) as ConfigOf<typeof persistenceConfig>,
  );
  try {
    const dataSource = await new DataSource(dataSourceOptions(address, entities)).initialize();
    try {
      return await work(dataSource, address);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await address.stop();
  }
}

export const databaseMigrate: Command = {
  words: 'database migrate',
  usage: 'drimbox database migrate',
  summary: 'brings the database schema up to date',
  run: ({ config }) =>
    withDatabase(config(), [], async (dataSource, address) => {
      const applied = await migrate(dataSource, address.embedded);
      return { text: `${applied} migration(s) applied`, value: { applied } };
    }),
};
