import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { persistenceConfig } from '../../platform/persistence';
import { contextConfig } from './context.config';
import { ConsumerSeal } from './seal';

/** The configured secret, or one made once in the data folder; of two processes that start together, one makes it. */
export function consumerSecret(secretFile: string | undefined, dataDir: string): string {
  if (secretFile) return readFileSync(secretFile, 'utf8').trim();
  const file = join(dataDir, 'consumer-secret');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

export const consumerSealProvider: Provider = {
  provide: ConsumerSeal,
  inject: [contextConfig.token, persistenceConfig.token],
  useFactory: (config: ConfigOf<typeof contextConfig>, { dataDir }: ConfigOf<typeof persistenceConfig>) =>
    new ConsumerSeal(consumerSecret(config.secretFile, dataDir)),
};
