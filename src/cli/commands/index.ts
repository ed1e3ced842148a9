import { Command } from '../command';
import { configCheck } from './config-check';
import { databaseMigrate } from './database-migrate';
import { manifestImport } from './manifest-import';

/** Every command of the operator's tool. */
export const commands: readonly Command[] = [configCheck, databaseMigrate, manifestImport];
