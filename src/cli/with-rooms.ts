import { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AUDIT_ORIGIN, AuditModule } from '../audit';
import { ConfigModule, LoadedConfig } from '../platform/config';
import { HealthModule } from '../platform/health';
import { NestLog } from '../platform/logging';
import { PersistenceModule } from '../platform/persistence';
import { PkiModule } from '../platform/pki';
import { commandOrigin } from './command-origin';

/** Runs one command with some rooms of the gateway, without any listener, and closes them. */
export async function withRooms<T>(
  config: LoadedConfig,
  rooms: readonly Type[],
  work: (app: INestApplicationContext) => Promise<T>,
  needs = { database: true },
): Promise<T> {
  class Rooms {}
  class Origin {}
  const asked = [{ provide: AUDIT_ORIGIN, useFactory: commandOrigin }];
  const origin = { module: Origin, global: true, providers: asked, exports: [AUDIT_ORIGIN] };
  const ground = needs.database ? [PersistenceModule.forRoot(), origin, AuditModule] : [];
  const imports = [ConfigModule.of(config), HealthModule, ...ground, PkiModule, ...rooms];
  const app = await NestFactory.createApplicationContext(
    { module: Rooms, imports },
    { logger: new NestLog(), abortOnError: false },
  );
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
