import { DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './audit';
import { ConfigModule, LoadedConfig, Slice } from './platform/config';
import { HealthModule } from './platform/health';
import { InternalModule, internalConfig } from './platform/internal';
import { portalConfig, PortalModule } from './portal';
import { modeConfig, persistenceConfig, PersistenceModule } from './platform/persistence';

/** Every slice of the configuration, in the order of the sample file. */
export const configSlices: readonly Slice[] = [
  modeConfig,
  persistenceConfig,
  internalConfig,
  portalConfig,
] as readonly Slice[];

/** The one place that names every room. */
@Module({})
export class AppModule {
  static of(config: LoadedConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        PersistenceModule.forRoot(),
        HealthModule,
        AuditModule,
        InternalModule,
        PortalModule,
      ],
    };
  }
}
