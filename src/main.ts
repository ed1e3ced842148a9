import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';
import { AppModule, configSlices } from './app.module';
import { AuditTrail } from './audit';
import { ConfigError, loadConfig, LoadedConfig, processEnvironment, proveConfig } from './platform/config';
import { describeCause } from './platform/errors';
import { configureLogging, Logger, NestLog } from './platform/logging';
import { modeConfig } from './platform/persistence';
import { ConfigOf } from './platform/config';

/** Reads and proves the configuration; every fault is told at once. */
async function provenConfig(): Promise<LoadedConfig> {
  const environment = processEnvironment();
  const config = loadConfig(configSlices, environment, { production: environment.DRIMBOX_MODE !== 'sandbox' });
  const faults = await proveConfig(configSlices, config);
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

async function start(): Promise<void> {
  const config = await provenConfig();
  configureLogging({ level: (config.values.get(modeConfig.token) as ConfigOf<typeof modeConfig>).logLevel });
  const logger = new Logger('start');
  for (const setting of config.sandboxSettings) logger.warn({ setting }, 'a setting fit for a sandbox only is in use');
  const app = await NestFactory.createApplicationContext(AppModule.of(config), {
    logger: new NestLog(),
    abortOnError: false,
  });
  app.enableShutdownHooks();
  await app.get(AuditTrail).record({ kind: 'gateway.started', outcome: 'success', actor: {} });
  logger.info({ node: process.version }, 'gateway started');
  process.send?.({ started: true });
}

start().catch((error: unknown) => {
  process.stderr.write(
    `The gateway did not start: ${error instanceof ConfigError ? error.message : describeCause(error)}\n`,
  );
  process.exitCode = 1;
  setImmediate(() => process.exit(1));
});
