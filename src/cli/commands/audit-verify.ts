import { basename } from 'node:path';
import {
  auditConfig,
  AuditConfig,
  auditFolder,
  DatabaseAuditTrail,
  describeVerification,
  generatedKeyFile,
  keyFileOf,
  readAuditKey,
  readWitness,
  TrustedKeys,
  Verification,
  verifyArchive,
  verifyTrail,
  Witness,
} from '../../audit';
import { existsSync } from 'node:fs';
import { LoadedConfig } from '../../platform/config';
import { persistenceConfig, PersistenceConfig } from '../../platform/persistence';
import { commandOrigin } from '../command-origin';
import { Command, CommandResult, UsageError } from '../command';
import { withDatabase } from './database-migrate';

/** The gateway's own key, former ones, and one that the caller names. Nothing is made here. */
function trustedKeys(config: () => LoadedConfig, named: string | true | undefined): TrustedKeys {
  const keys = new TrustedKeys();
  if (typeof named === 'string') keys.addFile(named);
  const { values } = config();
  const audit = values.get(auditConfig.token) as AuditConfig;
  const { dataDir } = values.get(persistenceConfig.token) as PersistenceConfig;
  const own = keyFileOf(audit.key) ?? generatedKeyFile(dataDir);
  if (existsSync(own)) keys.add(readAuditKey(own, audit.passphraseFile).publicKeyPem);
  for (const file of audit.formerKeyFiles) keys.addFile(file);
  return keys;
}

async function verifyFiles(files: readonly string[], keys: TrustedKeys): Promise<CommandResult> {
  const verified: (Verification & { file: string })[] = [];
  for (const file of files) verified.push({ file: basename(file), ...(await verifyArchive(file, keys)) });
  const text = verified.map((one) => `${one.file}\n${describeVerification(one)}`).join('\n');
  return { text, value: verified, failed: verified.some(({ ok }) => !ok) };
}

export const auditVerify: Command = {
  words: 'audit verify',
  usage: 'drimbox audit verify [--key PUBLIC.pem] [--archive FILE [FILE…]]',
  summary: 'computes the chain of the audit trail anew: names every line that was changed, removed or put in',
  valued: ['key', 'archive'],
  run: async ({ args, options, config }) => {
    const isArchive = typeof options.archive === 'string';
    if (args.length > 0 && !isArchive) throw new UsageError('files are named behind --archive');
    if (isArchive) {
      // An auditor may verify a file on a machine that has no gateway: then the key is named.
      const keys = new TrustedKeys();
      if (typeof options.key === 'string') keys.addFile(options.key);
      return verifyFiles([options.archive as string, ...args], keys.size > 0 ? keys : trustedKeys(config, undefined));
    }
    const keys = trustedKeys(config, options.key);
    const { dataDir } = config().values.get(persistenceConfig.token) as PersistenceConfig;
    const witnessed = await readWitness(new Witness(auditFolder(dataDir)));
    return withDatabase(config(), [], async (dataSource) => {
      const verification = await verifyTrail(dataSource, { keys, witnessed });
      await new DatabaseAuditTrail(dataSource, commandOrigin()).record({
        kind: 'audit.verified',
        outcome: verification.ok ? 'success' : 'failure',
        actor: { peer: 'drimbox audit verify' },
        facts: { lines: verification.lines, findings: verification.findingsTotal },
      });
      return { text: describeVerification(verification), value: verification, failed: !verification.ok };
    });
  },
};
