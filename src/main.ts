import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule, configSlices } from './app.module';
import { GatewayLife } from './audit';
import { ConfigError, ConfigOf, examineConfig, LoadedConfig, processEnvironment } from './platform/config';
import { describeCause } from './platform/errors';
import { configureLogging, Logger, NestLog } from './platform/logging';
import { modeConfig } from './platform/persistence';
import { followPortalFiles, portalConfig, portalTls, setupPortal } from './portal';

/** Reads and proves the configuration; every fault is told at once. */
async function provenConfig(): Promise<LoadedConfig> {
  const environment = processEnvironment();
  const production = environment.DRIMBOX_MODE !== 'sandbox';
  const { faults, config } = await examineConfig(configSlices, environment, { production });
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The portal is a web application; without it the same rooms run with their own listeners only. */
async function createApplication(config: LoadedConfig): Promise<INestApplicationContext> {
  const portal = config.values.get(portalConfig.token) as ConfigOf<typeof portalConfig>;
  const options = { logger: new NestLog(), abortOnError: false, bodyParser: false };
  if (!portal.enabled) {
    const context = await NestFactory.createApplicationContext(AppModule.of(config), options);
    context.enableShutdownHooks();
    return context;
  }
  const httpsOptions = await portalTls(portal);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config), { ...options, httpsOptions });
  app.enableShutdownHooks();
  setupPortal(app);
  await followPortalFiles(app, portal);
  await app.listen(portal.port, portal.host);
  return app;
}

async function start(): Promise<void> {
  const config = await provenConfig();
  configureLogging({ level: (config.values.get(modeConfig.token) as ConfigOf<typeof modeConfig>).logLevel });
  const logger = new Logger('start');
  for (const setting of config.sandboxSettings) logger.warn({ setting }, 'a setting fit for a sandbox only is in use');
  const app = await createApplication(config);
  await app.get(GatewayLife, { strict: false }).started();
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
