import 'reflect-metadata';
import { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditModule } from '../../src/audit';
import { dmpConfig } from '../../src/connectors/dmp';
import { pacsConfig } from '../../src/connectors/pacs';
import { risConfig } from '../../src/connectors/ris';
import { ConfigModule, loadConfig, type Slice } from '../../src/platform/config';
import { HealthModule } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import { modeConfig, persistenceConfig, PersistenceModule } from '../../src/platform/persistence';
import { pkiConfig, PkiModule } from '../../src/platform/pki';
import { intakeConfig, IntakeModule } from '../../src/source/intake';
import { publicationConfig, PublicationModule, QueuedPublicationRequests } from '../../src/source/publication';

const slices = [
  modeConfig,
  persistenceConfig,
  pkiConfig,
  pacsConfig,
  dmpConfig,
  risConfig,
  intakeConfig,
  publicationConfig,
] as unknown as readonly Slice[];

/** What the rooms of this process have logged, all levels. */
export const logged: string[] = [];
const loggedMax = 100_000;

/** The rooms by which a report becomes a published manifest, wired by Nest as in the gateway, with these settings. */
export async function startPublicationRooms(settings: Record<string, string>): Promise<INestApplicationContext> {
  const write = (line: string): void => void (logged.length < loggedMax && logged.push(line));
  configureLogging({ level: 'debug', destination: { write } });
  const config = loadConfig(slices, settings, { production: false });
  class Rooms {}
  const intake = IntakeModule.publishingTo(PublicationModule, QueuedPublicationRequests);
  const ground = [ConfigModule.of(config), PersistenceModule.forRoot(), HealthModule, AuditModule, PkiModule];
  return NestFactory.createApplicationContext(
    { module: Rooms, imports: [...ground, intake] },
    { logger: false, abortOnError: false },
  );
}
