import { z } from 'zod';
import {
  ConfigFault,
  defineSlice,
  proveReadableFile,
  proveSecretFile,
  sandboxOnly,
  text,
  variable,
} from '../platform/config';
import { proveMaterialVariables } from '../platform/pki';

const role = z.enum(['operator', 'auditor', 'administrator']);

export const portalConfig = defineSlice(
  'portal',
  {
    enabled: variable('DRIMBOX_PORTAL_ENABLED', text.flag(false), {
      describe: 'Opens the portal: contextual call, exams, viewer, operator pages',
    }),
    host: variable('DRIMBOX_PORTAL_HOST', text.host().default('127.0.0.1'), {
      describe: 'Address the portal binds (0.0.0.0 for all)',
    }),
    port: variable('DRIMBOX_PORTAL_PORT', text.port().default(8440), { describe: 'Port of the portal' }),
    publicUrl: variable('DRIMBOX_PORTAL_PUBLIC_URL', text.url('https:').default('https://localhost:8440'), {
      describe: 'Address by which browsers reach the portal; login redirections and links begin with it',
    }),
    certificateFile: variable('DRIMBOX_PORTAL_CERT_FILE', text.path().optional(), {
      describe: 'Certificate chain of the portal (PEM)',
    }),
    keyFile: variable('DRIMBOX_PORTAL_KEY_FILE', text.path().optional(), {
      describe: 'Private key of the portal (PEM)',
    }),
    keyPassphraseFile: variable('DRIMBOX_PORTAL_KEY_PASSPHRASE_FILE', text.path().optional(), {
      describe: 'File that holds the passphrase of the key, when it is encrypted',
    }),
    pkcs12File: variable('DRIMBOX_PORTAL_PKCS12_FILE', text.path().optional(), {
      describe: 'Key and certificate of the portal in one PKCS#12, instead of the two PEM files',
    }),
    sessionSecretFile: variable('DRIMBOX_PORTAL_SESSION_SECRET_FILE', text.path().optional(), {
      describe:
        'File with the secret (32 characters or more) that signs session cookies; without it one is made in the data folder',
    }),
    sessionIdleMinutes: variable('DRIMBOX_PORTAL_SESSION_IDLE_MINUTES', text.integer(1, 720).default(30), {
      describe: 'A session without a request for this long ends',
      unit: 'minutes',
    }),
    sessionHoursMax: variable('DRIMBOX_PORTAL_SESSION_HOURS_MAX', text.integer(1, 24).default(10), {
      describe: 'A session ends after this long in any case',
      unit: 'hours',
    }),
    trustedProxies: variable('DRIMBOX_PORTAL_TRUSTED_PROXIES', text.list().default([]), {
      describe: 'Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas',
    }),
    requestsPerMinute: variable('DRIMBOX_PORTAL_REQUESTS_PER_MINUTE', text.integer(10, 1_000_000).default(1_200), {
      describe:
        'Pages one address may ask for (a proxy or a whole site may be one address); images and the viewer are not counted',
      unit: 'per minute',
    }),
    loginsPerMinute: variable('DRIMBOX_PORTAL_LOGINS_PER_MINUTE', text.integer(1, 100_000).default(240), {
      describe: 'Steps of logins (two each) and contextual calls one address may make',
      unit: 'per minute',
    }),
    formsPerMinute: variable('DRIMBOX_PORTAL_FORMS_PER_MINUTE', text.integer(1, 100_000).default(120), {
      describe: 'Forms one user may send',
      unit: 'per minute',
    }),
    roles: variable(
      'DRIMBOX_PORTAL_ROLES',
      text.json(z.record(z.string().min(1).max(100), z.array(role))).default({}),
      {
        describe:
          'Roles of portal users by national identifier, as JSON: {"899700218896": ["operator","administrator"]}',
        example: '{}',
      },
    ),
  },
  {
    check: (values) => [
      ...fault(
        values.enabled && !values.pkcs12File && (!values.certificateFile || !values.keyFile),
        'DRIMBOX_PORTAL_CERT_FILE',
        'missing',
        'the portal needs a certificate and its key',
      ),
      ...fault(
        values.enabled && loopback.test(new URL(values.publicUrl).hostname),
        'DRIMBOX_PORTAL_PUBLIC_URL',
        sandboxOnly,
        'browsers of other machines cannot reach this address',
      ),
    ],
    prove: async (values) => {
      if (!values.enabled) return [];
      const { certificateFile, keyFile, pkcs12File, keyPassphraseFile, sessionSecretFile } = values;
      const material = { certificateFile, keyFile, pkcs12File, passphraseFile: keyPassphraseFile, anchorFiles: [] };
      const [pair, passphrase, secret] = await Promise.all([
        proveMaterialVariables('DRIMBOX_PORTAL', material, 'webServer'),
        keyPassphraseFile ? proveReadableFile('DRIMBOX_PORTAL_KEY_PASSPHRASE_FILE', keyPassphraseFile) : [],
        sessionSecretFile ? proveSecretFile('DRIMBOX_PORTAL_SESSION_SECRET_FILE', sessionSecretFile, 32) : [],
      ]);
      // The variable of the passphrase has a name of its own here.
      return [...pair.filter((one) => one.variable !== 'DRIMBOX_PORTAL_PASSPHRASE_FILE'), ...passphrase, ...secret];
    },
    listens: ({ enabled, host, port }) => (enabled ? [{ variable: 'DRIMBOX_PORTAL_PORT', host, port }] : []),
  },
);

const loopback = /^(localhost|127\.|\[::1\])/;

function fault(holds: boolean, name: string, code: string, message: string): ConfigFault[] {
  return holds ? [{ variable: name, code, message }] : [];
}
