import type { MigrationInterface } from 'typeorm';
import { AuditRecord1700000001000 } from './0001-audit-record';
import { PortalLogin1700000003000 } from './0003-portal-login';
import { SourceManifest1700000010000 } from './0010-source-manifest';
import { IntakeMessage1700000101000 } from './0101-intake-message';
import { Publication1700000110000 } from './0110-publication';
import { SourceManifestServingEnded1700000220000 } from './0120-source-manifest-serving-ended';
import { ConsumerContext1700000201000 } from './0201-consumer-context';
import { ConsumerKeptExam1700000210000 } from './0210-consumer-kept-exam';
import { ConsumerTransfer1700000211000 } from './0211-consumer-transfer';
import { ConsumerTransferEnd1700000350000 } from './0350-consumer-transfer-end';
import { AuditChain1700000300000 } from './0300-audit-chain';
import { AuditAtna1700000320000 } from './0320-audit-atna';
import { ConsumerProcess1700000230000 } from './0230-consumer-process';
import { AuditAlarm1700000340000 } from './0340-audit-alarm';
import { PortalSession1700000002000 } from './0002-portal-session';

/** Every migration, in the order in which they were written. A released one is never changed. */
export const migrations: (new () => MigrationInterface)[] = [
  AuditRecord1700000001000,
  PortalSession1700000002000,
  PortalLogin1700000003000,
  SourceManifest1700000010000,
  IntakeMessage1700000101000,
  Publication1700000110000,
  ConsumerContext1700000201000,
  ConsumerKeptExam1700000210000,
  ConsumerTransfer1700000211000,
  SourceManifestServingEnded1700000220000,
  AuditChain1700000300000,
  ConsumerProcess1700000230000,
  AuditAtna1700000320000,
  AuditAlarm1700000340000,
  ConsumerTransferEnd1700000350000,
];
