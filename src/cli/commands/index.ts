import { Command } from '../command';
import { auditArchive } from './audit-archive';
import { auditExport } from './audit-export';
import { auditVerify } from './audit-verify';
import { configCheck } from './config-check';
import { databaseMigrate } from './database-migrate';
import { manifestImport } from './manifest-import';
import { pacsMeasure } from './pacs-measure';
import { pkiStatus } from './pki-status';
import { publicationsList } from './publications-list';
import { publicationsRetry } from './publications-retry';
import { publicationsShow } from './publications-show';
import { statisticsExport } from './statistics-export';
import { whitelistRefresh, whitelistShow } from './whitelist';

/** Every command of the operator's tool. */
export const commands: readonly Command[] = [
  configCheck,
  pkiStatus,
  pacsMeasure,
  whitelistShow,
  whitelistRefresh,
  manifestImport,
  publicationsList,
  publicationsShow,
  publicationsRetry,
  databaseMigrate,
  auditVerify,
  auditExport,
  auditArchive,
  statisticsExport,
];
