import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';

/** Real: the operator's tool as it is shipped (last built), files, ports. Nothing listens, nothing is asked of a neighbour. */
const run = promisify(execFile);
const tool = join(__dirname, '..', '..', 'bin', 'drimbox.cjs');

interface Fault {
  readonly variable: string;
  readonly code: string;
  readonly message: string;
}

let dir: string;
let pki: SandboxPki;
let taken: Server;
let takenPort: number;
/** The sandbox's authorities under names that do not say so: what a hospital would have. */
let authorities: string;
let secret: string;

async function check(settings: Record<string, string>, ...more: string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  try {
    return { code: 0, ...(await run(process.execPath, [tool, 'config', 'check', ...more], { env })) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

async function faultsOf(settings: Record<string, string>): Promise<string[]> {
  const { code, stdout } = await check(settings, '--json');
  const { faults } = JSON.parse(stdout) as { faults: Fault[] };
  expect(code).toBe(faults.length > 0 ? 1 : 0);
  return faults.map((fault) => `${fault.variable} ${fault.code}`).sort();
}

const pem = (prefix: string, member: 'gateway' | 'pscClient' | 'remote') => ({
  [`${prefix}_CERT_FILE`]: pki.members[member].cert,
  [`${prefix}_KEY_FILE`]: pki.members[member].key,
  [`${prefix}_CA_FILES`]: authorities,
});

const dimse = (more: object = {}) => ({
  id: 'main',
  kind: 'dimse',
  host: 'pacs.hospital',
  port: 104,
  aeTitle: 'PACS',
  ...more,
});

/** A complete hospital, without a fault outside production: it trusts the authorities of a sandbox. */
const complete = (): Record<string, string> => ({
  DRIMBOX_MODE: 'sandbox',
  DRIMBOX_DATA_DIR: join(dir, 'data'),
  DRIMBOX_DATABASE_URL: 'postgres://drimbox:motdepasse-en-clair@db.hospital:5432/drimbox',
  DRIMBOX_INTERNAL_PORT: '0',
  DRIMBOX_WHITELIST_URL: 'https://liste.hospital/liste.xml',
  DRIMBOX_WHITELIST_CA_FILES: authorities,
  DRIMBOX_WHITELIST_DIR: join(dir, 'list'),
  DRIMBOX_PSC_ISSUER: 'https://psc.hospital/realms/esante',
  DRIMBOX_PSC_CLIENT_ID: 'hospital',
  ...pem('DRIMBOX_PSC', 'pscClient'),
  DRIMBOX_PACS: JSON.stringify([
    dimse({ tls: { ca: authorities, cert: pki.members.gateway.cert, key: pki.members.gateway.key } }),
  ]),
  DRIMBOX_DICOM_LISTEN: 'tls',
  DRIMBOX_DICOM_PORT: '0',
  DRIMBOX_DICOM_TLS: JSON.stringify({
    ca: authorities,
    cert: pki.members.gateway.cert,
    key: pki.members.gateway.key,
  }),
  DRIMBOX_DMP_URL: 'https://dmp.hospital/services',
  DRIMBOX_DMP_SOURCE_OID: '1.2.250.1.213.9.9',
  DRIMBOX_DMP_CA_FILES: authorities,
  DRIMBOX_DMP_STRUCTURES: JSON.stringify([
    {
      mode: 'EG',
      geographic: { id: '1999900001', name: 'CENTRE' },
      sector: { code: 'SA01' },
      tls: { certificateFile: pki.members.dmpClient.cert, keyFile: pki.members.dmpClient.key },
      seal: { pkcs12File: pki.members.seal.p12, passphraseFile: pki.passphraseFile },
    },
  ]),
  DRIMBOX_HL7_ENABLED: 'true',
  DRIMBOX_HL7_PORT: '0',
  DRIMBOX_HL7_TLS_PORT: '0',
  ...pem('DRIMBOX_HL7_TLS', 'gateway'),
  DRIMBOX_EXCHANGE_ENABLED: 'true',
  DRIMBOX_EXCHANGE_PORT: '0',
  ...pem('DRIMBOX_EXCHANGE', 'gateway'),
  ...pem('DRIMBOX_PEER', 'gateway'),
  DRIMBOX_CONSUMER_SECRET_FILE: secret,
  DRIMBOX_RETRIEVAL_CACHE_DIR: join(dir, 'cache'),
  DRIMBOX_PORTAL_ENABLED: 'true',
  DRIMBOX_PORTAL_PORT: '0',
  DRIMBOX_PORTAL_PUBLIC_URL: 'https://images.hospital',
  DRIMBOX_PORTAL_CERT_FILE: pki.members.portal.cert,
  DRIMBOX_PORTAL_KEY_FILE: pki.members.portal.key,
  DRIMBOX_PORTAL_SESSION_SECRET_FILE: secret,
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drimbox-config-'));
  pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
  authorities = pki.exchangeCa;
  secret = join(dir, 'secret.txt');
  await writeFile(secret, `${'s'.repeat(40)}\n`);
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  takenPort = (taken.address() as { port: number }).port;
});

afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

it('finds nothing in a complete configuration, and says what is fit for a sandbox only', async () => {
  const { code, stdout, stderr } = await check(complete());
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^the configuration is complete and proven\nfit for a sandbox only:\n/);
  for (const name of ['EXCHANGE', 'PEER', 'PSC', 'HL7_TLS', 'DMP', 'WHITELIST'])
    expect(stdout).toContain(`  DRIMBOX_${name}_CA_FILES: an authority for tests is trusted`);
  expect(stdout).not.toContain('motdepasse');
});

it('tells every fault of values and of the world at once, by variable name, and never a value', async () => {
  const absent = join(dir, 'absent.pem');
  const short = join(dir, 'short.txt');
  const file = join(dir, 'a-file');
  await mkdir(join(dir, 'other'), { recursive: true });
  await writeFile(short, 'trop-court');
  await writeFile(file, '');
  const secrets = ['trop-court', 'motdepasse-en-clair', 'AE\\HOSTILE', 'valeur-inconnue'];
  const { portal, remote, expired } = pki.members;
  const settings = {
    ...complete(),
    // Values.
    DRIMBOX_LOG_LEVEL: 'valeur-inconnue',
    DRIMBOX_EXCHANGE_PROT: '8441',
    DRIMBOX_CALL_ADDRESSES: 'valeur-inconnue',
    DRIMBOX_DICOM_AE_TITLE: 'AE\\HOSTILE',
    DRIMBOX_PSC_CLIENT_ID: '',
    // Files: a key of another, a chain that leads nowhere, dates past, usages, a secret too short.
    DRIMBOX_EXCHANGE_KEY_FILE: portal.key,
    DRIMBOX_PEER_CA_FILES: pki.foreignCa,
    DRIMBOX_HL7_TLS_CERT_FILE: expired.cert,
    DRIMBOX_HL7_TLS_KEY_FILE: expired.key,
    DRIMBOX_PORTAL_KEY_FILE: absent,
    DRIMBOX_PORTAL_SESSION_SECRET_FILE: short,
    DRIMBOX_CONSUMER_SECRET_FILE: short,
    DRIMBOX_DMP_STRUCTURES: JSON.stringify([
      {
        mode: 'EG',
        geographic: { id: '1999900001', name: 'CENTRE' },
        sector: { code: 'SA01' },
        tls: { certificateFile: remote.cert, keyFile: absent },
        seal: { pkcs12File: pki.members.seal.p12, passphraseFile: secret },
      },
    ]),
    DRIMBOX_PEER_STRUCTURES: JSON.stringify([
      { ids: ['750803447'], tls: { certificateFile: remote.cert, keyFile: absent } },
    ]),
    DRIMBOX_WHITELIST_CA_FILES: secret,
    DRIMBOX_VIEWER_DIR: dir,
    // Folders and ports.
    DRIMBOX_DATA_DIR: join(file, 'data'),
    DRIMBOX_RETRIEVAL_CACHE_DIR: file,
    DRIMBOX_INTERNAL_PORT: String(takenPort),
    DRIMBOX_PORTAL_PORT: '18440',
    DRIMBOX_HL7_PORT: '18440',
  };
  const { code, stdout, stderr } = await check(settings);
  expect([code, stdout]).toEqual([1, '']);
  const [faults] = stderr.split('fit for a sandbox only:');
  const lines = faults
    .split('\n')
    .filter((line) => line.startsWith('  DRIMBOX_'))
    .map((line) => line.trim().split(': ', 2).join(' '))
    .sort();
  expect(lines).toEqual(
    [
      'DRIMBOX_LOG_LEVEL invalid',
      'DRIMBOX_EXCHANGE_PROT unknown',
      'DRIMBOX_CALL_ADDRESSES invalid',
      'DRIMBOX_DICOM_AE_TITLE invalid',
      'DRIMBOX_PSC_CLIENT_ID missing',
      'DRIMBOX_EXCHANGE_CERT_FILE key-does-not-match',
      'DRIMBOX_PEER_CERT_FILE chain-not-trusted',
      'DRIMBOX_HL7_TLS_CERT_FILE expired',
      'DRIMBOX_PORTAL_KEY_FILE file-not-readable',
      'DRIMBOX_PORTAL_SESSION_SECRET_FILE too-short',
      'DRIMBOX_DMP_STRUCTURES file-not-readable',
      'DRIMBOX_DMP_STRUCTURES passphrase-wrong',
      'DRIMBOX_PEER_STRUCTURES file-not-readable',
      'DRIMBOX_WHITELIST_CA_FILES certificate-missing',
      'DRIMBOX_VIEWER_DIR not-readable',
      'DRIMBOX_DATA_DIR not-writable',
      'DRIMBOX_RETRIEVAL_CACHE_DIR not-writable',
      'DRIMBOX_INTERNAL_PORT port-in-use',
      'DRIMBOX_PORTAL_PORT port-taken-twice',
    ].sort(),
  );
  for (const value of secrets) expect(stderr).not.toContain(value);
});

it('proves what the PACS settings name: titles, files, pairs, dates, ports', async () => {
  const { gateway, portal, expired } = pki.members;
  const tls = (cert?: string, key?: string, ca = authorities) => ({ ca, cert, key });
  const settings = {
    ...complete(),
    DRIMBOX_PACS: JSON.stringify([
      dimse({ id: 'a', tls: tls(gateway.cert, portal.key) }),
      dimse({ id: 'b', tls: tls(expired.cert, expired.key) }),
      dimse({ id: 'c', tls: tls(gateway.cert) }),
      dimse({ id: 'd', tls: tls(undefined, gateway.key) }),
      dimse({ id: 'e', tls: tls(undefined, undefined, join(dir, 'none.pem')) }),
      dimse({ id: 'g', tls: { ca: authorities, pkcs12: gateway.p12 } }),
      { id: 'f', kind: 'dicomweb', url: 'https://pacs.hospital/dicom-web', authorizationFile: join(dir, 'none.txt') },
    ]),
    DRIMBOX_DICOM_TLS: JSON.stringify(tls(gateway.cert, portal.key)),
    DRIMBOX_DICOM_PORT: String(takenPort),
    DRIMBOX_DICOM_ALLOWED_AE_TITLES: 'GOOD,THIS TITLE IS TOO LONG',
  };
  expect(await faultsOf(settings)).toEqual([
    'DRIMBOX_DICOM_ALLOWED_AE_TITLES invalid',
    'DRIMBOX_DICOM_PORT port-in-use',
    'DRIMBOX_DICOM_TLS key-does-not-match',
    'DRIMBOX_PACS certificate-missing',
    'DRIMBOX_PACS expired',
    'DRIMBOX_PACS file-not-readable',
    'DRIMBOX_PACS key-does-not-match',
    'DRIMBOX_PACS key-missing',
    'DRIMBOX_PACS not-readable',
    'DRIMBOX_PACS passphrase-missing',
  ]);
  const { p12: pkcs12, encryptedKey: key, cert } = gateway;
  const { passphraseFile } = pki;
  const encrypted = {
    ...complete(),
    DRIMBOX_PACS: JSON.stringify([dimse({ tls: { ca: authorities, pkcs12, passphraseFile } })]),
    DRIMBOX_DICOM_TLS: JSON.stringify({ ca: authorities, cert, key, passphraseFile }),
  };
  expect((await check(encrypted)).code).toBe(0);
  const titles = { ...complete(), DRIMBOX_PACS: JSON.stringify([dimse({ aeTitle: 'A'.repeat(17) })]) };
  const { stderr } = await check(titles);
  expect(stderr).toContain('DRIMBOX_PACS: invalid: 0.aeTitle: ');
});

it('while the gateway runs, does not count the ports that it holds itself', async () => {
  const settings = { ...complete(), DRIMBOX_INTERNAL_PORT: String(takenPort) };
  expect(await faultsOf(settings)).toEqual(['DRIMBOX_INTERNAL_PORT port-in-use']);
  expect((await check(settings, '--running')).code).toBe(0);
  expect((await check(settings, '--runing')).stderr).toContain('--runing is no option');
});

describe('in production', () => {
  it('refuses every setting that is fit for a sandbox, all at once', async () => {
    const settings: Record<string, string> = {
      ...complete(),
      DRIMBOX_MODE: 'production',
      DRIMBOX_CRL_MODE: 'off',
      DRIMBOX_PACS: JSON.stringify([dimse()]),
      DRIMBOX_DICOM_LISTEN: 'sandbox',
      DRIMBOX_INTAKE_INS_NATURES: 'nir,nirTest',
      DRIMBOX_INTAKE_PROCESSING_IDS: 'P,D',
      DRIMBOX_CALL_INS_NATURES: 'nirDemo',
      DRIMBOX_DMP_PROCESSING_CODE: 'D',
      DRIMBOX_PORTAL_PUBLIC_URL: 'https://localhost:8440',
    };
    // Left at their defaults: the database, the white list, the OID of the source.
    for (const name of ['DATABASE_URL', 'WHITELIST_URL', 'DMP_SOURCE_OID']) delete settings[`DRIMBOX_${name}`];
    expect(await faultsOf(settings)).toEqual(
      [
        'AUDIT_KEY_FILE',
        'CALL_INS_NATURES',
        'CRL_MODE',
        'DATABASE_URL',
        'DICOM_LISTEN',
        'DMP_CA_FILES',
        'DMP_PROCESSING_CODE',
        'DMP_SOURCE_OID',
        'EXCHANGE_CA_FILES',
        'HL7_TLS_CA_FILES',
        'INTAKE_INS_NATURES',
        'INTAKE_PROCESSING_IDS',
        'PACS',
        'PEER_CA_FILES',
        'PORTAL_PUBLIC_URL',
        'PSC_CA_FILES',
        'WHITELIST_CA_FILES',
        'WHITELIST_URL',
      ].map((name) => `DRIMBOX_${name} sandbox-only`),
    );
    expect(await faultsOf({ ...settings, DRIMBOX_MODE: 'sandbox' })).toEqual([]);
  });

  it('is what an unknown mode means', async () => {
    const faults = await faultsOf({ ...complete(), DRIMBOX_MODE: 'test' });
    expect(faults).toContain('DRIMBOX_MODE invalid');
    expect(faults).toContain('DRIMBOX_EXCHANGE_CA_FILES sandbox-only');
  });
});
