import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import {
  auditConfig,
  AuditConfig,
  AuditEvent,
  auditFolder,
  Chain,
  DatabaseAuditTrail,
  readWitness,
  TrailRetention,
  TrustedKeys,
  Verification,
  verifyTrail,
  Witness,
} from '../../src/audit';
import { loadConfig, type Slice } from '../../src/platform/config';
import type { TestDatabase } from './database';

/** One process that writes the trail and lengthens its chain, without timers: the test says when. */
export interface AuditProcess {
  readonly dataDir: string;
  readonly dataSource: DataSource;
  readonly trail: DatabaseAuditTrail;
  readonly chain: Chain;
  readonly retention: TrailRetention;
  /** Records so many events and chains them. */
  write(events: number, more?: Partial<AuditEvent>): Promise<void>;
  verify(options?: { witness?: boolean; keys?: TrustedKeys }): Promise<Verification>;
  close(): Promise<void>;
}

export function auditSettings(settings: Readonly<Record<string, string>> = {}): AuditConfig {
  const config = loadConfig([auditConfig as unknown as Slice], settings, { production: false });
  return config.values.get(auditConfig.token) as AuditConfig;
}

/**
 * @param dataDir of another process, to be a second one on the same machine
 * @param atna whether lines are told to an audit record repository, and wait for it
 */
export async function auditProcess(
  database: TestDatabase,
  settings: Readonly<Record<string, string>> = {},
  dataDir?: string,
  atna = { enabled: false },
): Promise<AuditProcess> {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'drimbox-audit-'));
  const dataSource = await database.open();
  const trail = new DatabaseAuditTrail(dataSource);
  const config = auditSettings(settings);
  const persistence = { dataDir: folder, databaseUrl: database.address.embedded ? 'embedded' : database.address.url };
  const chain = new Chain(dataSource, trail, config, persistence);
  const retention = new TrailRetention(dataSource, chain, trail, config, atna, persistence);
  return {
    dataDir: folder,
    dataSource,
    trail,
    chain,
    retention,
    write: async (events, more) => {
      await Promise.all(Array.from({ length: events }, (_, index) => trail.record({ ...eventOf(index), ...more })));
      await chain.advance();
    },
    verify: async ({ witness = true, keys } = {}) => {
      const trusted = keys ?? new TrustedKeys();
      if (!keys) trusted.add(chain.signingKey().publicKeyPem);
      const witnessed = witness ? await readWitness(new Witness(auditFolder(folder))) : undefined;
      return verifyTrail(dataSource, { keys: trusted, witnessed });
    },
    close: async () => {
      await dataSource.destroy();
      if (!dataDir) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function eventOf(index: number): AuditEvent {
  return {
    kind: 'viewer.opened',
    outcome: 'success',
    actor: { professionalId: '899900000017', professionalName: 'ÉLODIE “ESSAI”' },
    patient: { matricule: '299999999999989', oid: '1.2.250.1.213.1.4.10' },
    studyInstanceUid: `1.2.250.1.59.77.${index + 1}`,
    instances: index,
    bytes: 2 ** 40 + index,
    durationMs: 12,
    facts: { z: index, a: 'texte', ratio: 0.1, flag: true },
  };
}

/** Does what only a superuser of the database can: sets the guards of the trail aside for one statement. */
export async function tamper(dataSource: DataSource, sql: string): Promise<void> {
  await dataSource.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`);
}
