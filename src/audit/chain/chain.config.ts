import { ConfigFault, ConfigOf, defineSlice, proveReadableFile, text, variable } from '../../platform/config';
import { z } from 'zod';
import { readAuditKey } from './audit-key';

const generated = 'generated';

/** How the trail is chained, signed, kept and archived. */
export const auditConfig = defineSlice(
  'audit',
  {
    key: variable('DRIMBOX_AUDIT_KEY_FILE', z.union([z.literal(generated), text.path()]).optional(), {
      describe:
        'Private key (PEM: Ed25519, EC or RSA) that signs periods of the audit trail, the same for every process of the gateway; or the word generated: a key made at first start below the data folder',
      example: '/etc/drimbox/audit-key.pem',
      refusedInProduction: (value) =>
        value === undefined ? 'name a key file, or say "generated" on purpose' : undefined,
    }),
    passphraseFile: variable('DRIMBOX_AUDIT_KEY_PASSPHRASE_FILE', text.path().optional(), {
      describe: 'File whose first line is the passphrase of the audit key',
    }),
    formerKeyFiles: variable('DRIMBOX_AUDIT_FORMER_KEY_FILES', text.list().default([]), {
      describe: 'Public keys (PEM) that signed earlier periods, for the verification of the trail',
    }),
    chainMs: variable('DRIMBOX_AUDIT_CHAIN_MS', text.integer(50, 60_000).default(1_000), {
      describe: 'How often new lines of the trail take their place in the hash chain',
      unit: 'ms',
    }),
    periodMinutes: variable('DRIMBOX_AUDIT_PERIOD_MINUTES', text.integer(1, 1_440).default(60), {
      describe: 'Length of the periods of the trail that are signed',
      unit: 'minutes',
    }),
    periodLinesMax: variable('DRIMBOX_AUDIT_PERIOD_LINES_MAX', text.integer(10, 1_000_000).default(100_000), {
      describe: 'Lines after which a period is signed before its time',
    }),
    keepDays: variable('DRIMBOX_AUDIT_KEEP_DAYS', text.integer(0, 36_500).default(0), {
      describe:
        'Days after which signed periods move from the database to archive files; 0 keeps everything in the database. Statistics and searches know what the database holds',
      unit: 'days',
    }),
    archiveDir: variable('DRIMBOX_AUDIT_ARCHIVE_DIR', text.path().optional(), {
      describe: 'Folder of the archive files of the trail; by default audit/archive below the data folder',
    }),
    archiveLinesMax: variable('DRIMBOX_AUDIT_ARCHIVE_LINES_MAX', text.integer(10, 10_000_000).default(1_000_000), {
      describe: 'Lines in one archive file, as far as whole periods allow',
    }),
  },
  {
    prove: async (values) => {
      const faults = await Promise.all(
        values.formerKeyFiles.map((file) => proveReadableFile('DRIMBOX_AUDIT_FORMER_KEY_FILES', file)),
      );
      return [...faults.flat(), ...proveKey(keyFileOf(values.key), values.passphraseFile)];
    },
  },
);

export type AuditConfig = ConfigOf<typeof auditConfig>;

/** The configured file; undefined when the key is to be generated. */
export const keyFileOf = (key: string | undefined): string | undefined => (key === generated ? undefined : key);

function proveKey(file: string | undefined, passphraseFile: string | undefined): ConfigFault[] {
  if (!file) return [];
  try {
    readAuditKey(file, passphraseFile);
    return [];
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error;
    const message = isAbsent ? 'the file does not exist or cannot be read' : (error as Error).message;
    return [{ variable: 'DRIMBOX_AUDIT_KEY_FILE', code: isAbsent ? 'not-readable' : 'key-unusable', message }];
  }
}
