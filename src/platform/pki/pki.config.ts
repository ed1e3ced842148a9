import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ConfigFault, defineSlice, sandboxOnly, text, Variable, variable } from '../config';
import { MaterialSource } from './key-material';
import { MaterialUse, readAndProve } from './prove-material';

const hourMs = 3_600_000;

export const pkiConfig = defineSlice('pki', {
  crlMode: variable('DRIMBOX_CRL_MODE', z.enum(['required', 'off']).default('required'), {
    describe: 'required refuses a certificate that is revoked or whose revocation list is missing or too old',
    refusedInProduction: (value) => (value === 'off' ? 'revocation must be checked' : undefined),
  }),
  crlScope: variable('DRIMBOX_CRL_SCOPE', z.enum(['path', 'leaf']).default('path'), {
    describe: 'path also asks for the list of the root authority, leaf only for that of the certificate’s issuer',
  }),
  crlUrls: variable('DRIMBOX_CRL_URLS', text.list().default([]), {
    describe: 'Addresses of revocation lists (comma), besides those named in the certificates',
    example: 'http://igc-sante.esante.gouv.fr/CRL/ACI-EL-ORG.crl',
  }),
  crlToleranceMs: variable(
    'DRIMBOX_CRL_TOLERANCE_HOURS',
    text
      .integer(0, 720)
      .default(24)
      .transform((hours) => hours * hourMs),
    {
      describe: 'How long a list is believed after its end when no newer one can be had; an alarm is shown',
      unit: 'hours',
    },
  ),
  crlRefreshMs: variable(
    'DRIMBOX_CRL_REFRESH_MINUTES',
    text
      .integer(1, 1_440)
      .default(60)
      .transform((minutes) => minutes * 60_000),
    { describe: 'Longest time between two downloads of the revocation lists', unit: 'minutes' },
  ),
  crlTimeoutMs: variable('DRIMBOX_CRL_TIMEOUT_MS', text.integer(500, 60_000).default(10_000), {
    describe: 'Time for one download of a revocation list',
    unit: 'ms',
  }),
  nearEndDays: variable('DRIMBOX_CERTIFICATE_WARNING_DAYS', text.integer(0, 365).default(30), {
    describe: 'A certificate that ends within this time raises an alarm',
    unit: 'days',
  }),
  pollMs: variable(
    'DRIMBOX_CERTIFICATE_POLL_SECONDS',
    text
      .integer(1, 3_600)
      .default(10)
      .transform((seconds) => seconds * 1_000),
    {
      describe: 'How often the files of keys and certificates are looked at; a change is taken without restart',
      unit: 's',
    },
  ),
});

type OptionalPath = Variable<z.ZodOptional<ReturnType<typeof text.path>>>;

/**
 * The variables of one key and certificate, for the slice of the room that owns the use:
 * `defineSlice('exchange', { ...materialVariables('DRIMBOX_EXCHANGE', 'other gateways'), … })`.
 */
export function materialVariables(prefix: string, whom: string) {
  const path = (suffix: string, describe: string): OptionalPath =>
    variable(`${prefix}_${suffix}`, text.path().optional(), { describe });
  return {
    certificateFile: path('CERT_FILE', `Certificate towards ${whom}, PEM, its intermediates after it`),
    keyFile: path('KEY_FILE', 'Key of that certificate, PEM, possibly encrypted'),
    pkcs12File: path('PKCS12_FILE', 'Key and certificate in one PKCS#12, instead of the two PEM files'),
    passphraseFile: path('PASSPHRASE_FILE', 'File whose first line is the passphrase of the key or of the PKCS#12'),
    anchorFiles: variable(`${prefix}_CA_FILES`, text.list().default([]), {
      describe: `Authorities (PEM files, comma) to trust for ${whom}`,
    }),
  };
}

export interface MaterialValues {
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly pkcs12File?: string;
  readonly passphraseFile?: string;
  readonly anchorFiles: readonly string[];
}

export function materialSource(name: string, values: MaterialValues): MaterialSource {
  const { certificateFile, keyFile, pkcs12File, passphraseFile, anchorFiles } = values;
  return { name, certificateFile, keyFile, pkcs12File, passphraseFile, anchorFiles };
}

/** The proof of such variables at start: every fault by the name of the variable it belongs to. */
export async function proveMaterialVariables(
  prefix: string,
  values: MaterialValues,
  use: MaterialUse,
  hostNames?: readonly string[],
): Promise<ConfigFault[]> {
  const { faults, material } = await readAndProve(materialSource(prefix, values), {
    use,
    now: new Date(),
    nearEndDays: 0,
    hostNames,
  });
  const variableOf = (file: string | undefined): string => {
    if (file !== undefined && file === values.keyFile) return `${prefix}_KEY_FILE`;
    if (file !== undefined && file === values.passphraseFile) return `${prefix}_PASSPHRASE_FILE`;
    if (file !== undefined && values.anchorFiles.includes(file)) return `${prefix}_CA_FILES`;
    return values.pkcs12File ? `${prefix}_PKCS12_FILE` : `${prefix}_CERT_FILE`;
  };
  const told = faults
    .filter((one) => one.severity === 'error')
    .map((one) => ({
      variable: one.code === 'anchor-missing' ? `${prefix}_CA_FILES` : variableOf(one.file),
      code: one.code,
      message: one.message,
    }));
  return [...told, ...testAuthorities(`${prefix}_CA_FILES`, material.anchors)];
}

const namedPath = z.string().min(1).max(4096);

/** Key and certificate of one neighbour or structure, as a JSON variable names them. */
export const materialFiles = z
  .strictObject({
    certificateFile: namedPath.optional(),
    keyFile: namedPath.optional(),
    pkcs12File: namedPath.optional(),
    passphraseFile: namedPath.optional(),
  })
  .refine((one) => one.pkcs12File !== undefined || (one.certificateFile !== undefined && one.keyFile !== undefined), {
    message: 'a PKCS#12, or a certificate and a key',
  });

/** Files that one JSON variable names for one neighbour. */
export interface NamedFiles extends Partial<MaterialValues> {
  /** Where in the variable: `PACS pacs-1`, `structure 2, seal`. */
  readonly label: string;
}

/**
 * The proof of files named inside a JSON variable: readable, well formed, key and certificate one pair, dates, strength.
 * Whether the other side trusts our certificate is its own affair there: neither its chain nor its usages are judged.
 */
export async function proveNamedFiles(name: string, files: NamedFiles, use: MaterialUse): Promise<ConfigFault[]> {
  const values = { ...files, anchorFiles: files.anchorFiles ?? [] };
  const hasPair = values.certificateFile ?? values.keyFile ?? values.pkcs12File;
  const { faults, material } = await readAndProve(materialSource(files.label, values), {
    use: hasPair ? use : 'anchorsOnly',
    now: new Date(),
    nearEndDays: 0,
    isJudgedByPeer: true,
  });
  return [
    ...faults
      .filter((one) => one.severity === 'error')
      .map(({ code, message }) => ({ variable: name, code, message: `${files.label}: ${message}` })),
    ...testAuthorities(name, material.anchors),
  ];
}

/** The proof of a variable that names authorities only. */
export function proveAnchorFiles(name: string, files: readonly string[]): Promise<ConfigFault[]> {
  if (files.length === 0) return Promise.resolve([]);
  return proveNamedFiles(name, { label: 'authorities', anchorFiles: files }, 'anchorsOnly');
}

/** Common names of authorities whose certificates anybody may get: ours of the sandbox, and those of IGC-Santé for tests. */
const testAuthority = /^CN=(SANDBOX|TEST)\b/im;

function testAuthorities(name: string, anchors: readonly X509Certificate[]): ConfigFault[] {
  return anchors.some(({ subject }) => testAuthority.test(subject))
    ? [{ variable: name, code: sandboxOnly, message: 'an authority for tests is trusted' }]
    : [];
}
