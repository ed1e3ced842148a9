export { dataSourceOptions, locateDatabase, migrate } from './database';
export type { DatabaseAddress, PersistenceConfig } from './database';
export { startEmbeddedDatabase } from './embedded/embedded-database';
export { migrations } from './migrations';
export { modeConfig, persistenceConfig } from './persistence.config';
export { DATABASE_ADDRESS, PersistenceModule } from './persistence.module';
