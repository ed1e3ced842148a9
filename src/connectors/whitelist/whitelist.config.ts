import { join } from 'node:path';
import {
  type ConfigFault,
  type ConfigOf,
  defineSlice,
  proveWritableFolder,
  text,
  variable,
} from '../../platform/config';
import { proveAnchorFiles } from '../../platform/pki';

const hourMs = 3_600_000;

const hours = (min: number, max: number, byDefault: number) =>
  text
    .integer(min, max)
    .default(byDefault)
    .transform((count) => count * hourMs);

export const whitelistConfig = defineSlice(
  'whitelist',
  {
    url: variable('DRIMBOX_WHITELIST_URL', text.url('https:').optional(), {
      describe: 'Address of the signed white list of gateways; without it no other gateway is admitted',
      example: 'https://…/LISTEBLANCHE_DRIM-M_SIGNEE.xml',
      refusedInProduction: (value) => (value === undefined ? 'without a white list no gateway is admitted' : undefined),
    }),
    tlsCaFile: variable('DRIMBOX_WHITELIST_TLS_CA_FILE', text.path().optional(), {
      describe: 'Authorities (PEM) of the server of the white list, when they are not those of the system',
    }),
    anchorFiles: variable('DRIMBOX_WHITELIST_CA_FILES', text.list().default([]), {
      describe: 'Root and intermediate authorities (PEM files, comma) of the signer of the white list',
      example: '/etc/drimbox/igc-sante-elementaire-organisations.pem',
    }),
    signerCommonName: variable('DRIMBOX_WHITELIST_SIGNER_CN', text.path().default('Liste Blanche DRIM-M'), {
      describe: 'Common name (CN) the signer of the white list must have',
    }),
    signerUnit: variable('DRIMBOX_WHITELIST_SIGNER_OU', text.path().default('318751275100020'), {
      describe: 'Organizational unit (OU) the signer of the white list must have',
    }),
    strictForm: variable('DRIMBOX_WHITELIST_STRICT_FORM', text.flag(true), {
      describe:
        'Refuses a list whose unsigned characters differ in any way; off only if the authority changes its tool',
    }),
    refreshMs: variable('DRIMBOX_WHITELIST_REFRESH_HOURS', hours(1, 24, 24), {
      describe: 'Time between two downloads of the white list (the specification asks for one a day)',
      unit: 'hours',
    }),
    warnAfterMs: variable('DRIMBOX_WHITELIST_WARN_HOURS', hours(1, 720, 36), {
      describe: 'Time without a confirmed white list after which health warns',
      unit: 'hours',
    }),
    errorAfterMs: variable('DRIMBOX_WHITELIST_ERROR_HOURS', hours(1, 8_760, 96), {
      describe: 'Time without a confirmed white list after which health tells an error; the list stays in force',
      unit: 'hours',
    }),
    timeoutMs: variable('DRIMBOX_WHITELIST_TIMEOUT_MS', text.integer(500, 120_000).default(20_000), {
      describe: 'Time for one download of the white list',
      unit: 'ms',
    }),
    lookMs: variable(
      'DRIMBOX_WHITELIST_LOOK_SECONDS',
      text
        .integer(1, 3_600)
        .default(60)
        .transform((seconds) => seconds * 1_000),
      {
        describe: 'How often the list kept on disk is looked at; one that another process renewed is taken',
        unit: 's',
      },
    ),
    folder: variable('DRIMBOX_WHITELIST_DIR', text.path().optional(), {
      describe: 'Folder where the white list in force is kept (default: whitelist below the data folder)',
    }),
  },
  {
    check: (values) => [
      ...fault(
        values.url !== undefined && values.anchorFiles.length === 0,
        'DRIMBOX_WHITELIST_CA_FILES',
        'missing',
        'the white list cannot be verified without the authorities of its signer',
      ),
      ...fault(
        values.errorAfterMs <= values.warnAfterMs,
        'DRIMBOX_WHITELIST_ERROR_HOURS',
        'too-short',
        'the error must come later than the warning',
      ),
    ],
    prove: async (values) => {
      const found = await Promise.all([
        proveAnchorFiles('DRIMBOX_WHITELIST_CA_FILES', values.anchorFiles),
        proveAnchorFiles('DRIMBOX_WHITELIST_TLS_CA_FILE', values.tlsCaFile ? [values.tlsCaFile] : []),
        values.folder ? proveWritableFolder('DRIMBOX_WHITELIST_DIR', values.folder) : [],
      ]);
      return found.flat();
    },
  },
);

function fault(holds: boolean, variableName: string, code: string, message: string): ConfigFault[] {
  return holds ? [{ variable: variableName, code, message }] : [];
}

/** The one file of this room: the list in force, as it was received. */
export function whitelistFile(config: ConfigOf<typeof whitelistConfig>, dataDir: string): string {
  return join(config.folder ?? join(dataDir, 'whitelist'), 'current.xml');
}
