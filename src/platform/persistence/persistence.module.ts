import { DynamicModule, Global, Inject, Module, OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, DataSourceOptions } from 'typeorm';
import { DatabaseAddress, dataSourceOptions, locateDatabase, migrate, PersistenceConfig } from './database';
import { DatabaseHealth } from './database.health';
import { persistenceConfig } from './persistence.config';

/** Injection token of the located database (embedded or not, its address for listeners that need a connection of their own). */
export const DATABASE_ADDRESS = Symbol('database-address');

@Global()
@Module({
  providers: [
    {
      provide: DATABASE_ADDRESS,
      inject: [persistenceConfig.token],
      useFactory: (config: PersistenceConfig) => locateDatabase(config),
    },
  ],
  exports: [DATABASE_ADDRESS],
})
export class DatabaseAddressModule implements OnApplicationShutdown {
  constructor(@Inject(DATABASE_ADDRESS) private readonly address: DatabaseAddress) {}

  /** Runs after TypeORM has closed its connections: Nest ends modules in the reverse order of their import. */
  async onApplicationShutdown(): Promise<void> {
    await this.address.stop();
  }
}

/** TypeORM on the located database, migrated before anything uses it. */
@Module({})
export class PersistenceModule {
  static forRoot(): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      imports: [DatabaseAddressModule],
      inject: [DATABASE_ADDRESS],
      useFactory: (address: DatabaseAddress) => ({
        ...dataSourceOptions(address),
        autoLoadEntities: true,
        retryAttempts: 0,
        embedded: address.embedded,
      }),
      dataSourceFactory: async (options) => {
        const dataSource = await new DataSource(options as DataSourceOptions).initialize();
        await migrate(dataSource, Boolean((options as { embedded?: boolean }).embedded));
        return dataSource;
      },
    });
    return { module: PersistenceModule, imports: [DatabaseAddressModule, typeOrm], providers: [DatabaseHealth] };
  }
}
