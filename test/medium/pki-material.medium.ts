import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import {
  loadKeyMaterial,
  MaterialSource,
  MaterialUse,
  PkiFaultsError,
  proveMaterialVariables,
  readAndProve,
  TlsMaterial,
} from '../../src/platform/pki';

/** Real: the sandbox authority's files, openssl's own PKCS#12 forms. */
const run = promisify(execFile);

describe('keys and certificates read from files', () => {
  let dir: string;
  let pki: SandboxPki;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pki-material-'));
    pki = await createSandboxPki({ dir, fast: true });
  });
  afterAll(() => rm(dir, { recursive: true }));

  const pem = (name: keyof SandboxPki['members'] = 'gateway'): MaterialSource => ({
    name,
    certificateFile: pki.members[name].cert,
    keyFile: pki.members[name].key,
    anchorFiles: [pki.exchangeCa],
  });
  const prove = async (
    source: MaterialSource,
    use: MaterialUse = 'serverAndClient',
    now = new Date(),
    hostNames?: string[],
  ) => (await readAndProve(source, { use, now, nearEndDays: 30, hostNames })).faults.map((fault) => fault.code);

  it('are without fault when they are', async () => {
    await expect(prove(pem(), 'serverAndClient', new Date(), ['localhost', '127.0.0.1'])).resolves.toEqual([]);
    await expect(prove(pem('seal'), 'signature')).resolves.toEqual([]);
    await expect(prove(pem('pscClient'), 'client')).resolves.toEqual([]);
  });

  it('open with a passphrase: encrypted PEM, PKCS#12 of today and of old tools', async () => {
    const { passphraseFile } = pki;
    const { cert, encryptedKey, p12, legacyP12 } = pki.members.gateway;
    const anchorFiles = [pki.exchangeCa];
    const sources: MaterialSource[] = [
      { name: 'a', certificateFile: cert, keyFile: encryptedKey, passphraseFile, anchorFiles },
      { name: 'b', pkcs12File: p12, passphraseFile, anchorFiles },
      { name: 'c', pkcs12File: legacyP12, passphraseFile, anchorFiles },
    ];
    for (const source of sources) {
      await expect(prove(source)).resolves.toEqual([]);
      const { certificate, chain } = await loadKeyMaterial(source);
      expect(certificate.raw.equals((await loadKeyMaterial(pem())).certificate.raw)).toBe(true);
      expect(chain).toHaveLength(1);
    }
  });

  it.each([
    ['EC, openssl default', 'gatewayEc', []],
    ['EC, legacy', 'gatewayEc', ['-legacy']],
    ['RSA, openssl default', 'gateway', []],
    ['RSA, RC2 of old Windows', 'gateway', ['-legacy', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-RC2-40']],
  ] as const)('open the PKCS#12 of openssl: %s', async (label, member, options) => {
    const { cert, key } = pki.members[member];
    const pkcs12File = join(dir, `${label.replace(/\W+/g, '-')}.p12`);
    await run('openssl', [
      'pkcs12',
      '-export',
      '-in',
      cert,
      '-inkey',
      key,
      '-out',
      pkcs12File,
      '-passout',
      `file:${pki.passphraseFile}`,
      ...options,
    ]);
    const source = {
      name: label,
      pkcs12File,
      passphraseFile: pki.passphraseFile,
      anchorFiles: [pki.exchangeCa, pki.exchangeEcCa],
    };
    await expect(prove(source)).resolves.toEqual([]);
  });

  it('name every fault at once, by the variable it belongs to, and never a secret', async () => {
    const wrong = join(dir, 'wrong-passphrase.txt');
    await writeFile(wrong, 'tout-sauf-cela\n');
    const values = {
      certificateFile: join(dir, 'absent.pem'),
      keyFile: pki.members.gateway.encryptedKey,
      passphraseFile: wrong,
      anchorFiles: [join(dir, 'none.pem')],
    };
    const faults = await proveMaterialVariables('DRIMBOX_X', values, 'server');
    expect(faults.map((fault) => `${fault.variable} ${fault.code}`)).toEqual([
      'DRIMBOX_X_CA_FILES file-not-readable',
      'DRIMBOX_X_CERT_FILE file-not-readable',
      'DRIMBOX_X_KEY_FILE passphrase-wrong',
    ]);
    expect(JSON.stringify(faults)).not.toContain('tout-sauf-cela');
  });

  it.each<[string, () => [MaterialSource, MaterialUse?, Date?, string[]?], string[]]>([
    ['another key', () => [{ ...pem(), keyFile: pki.members.gatewayEc.key }], ['key-does-not-match']],
    ['another authority', () => [pem('foreign')], ['chain-not-trusted']],
    ['a past end', () => [pem('expired')], ['expired']],
    ['a near end', () => [pem(), 'server', new Date(Date.now() + 1_050 * 86_400_000)], ['near-its-end']],
    ['a start to come', () => [pem(), 'server', new Date(Date.now() - 60 * 86_400_000)], ['not-yet-valid']],
    ['a server used as client', () => [pem('pscServer'), 'client'], ['usage-not-allowed']],
    ['another host', () => [pem(), 'server', new Date(), ['autre.test']], ['name-not-covered']],
    ['no authority', () => [{ ...pem(), anchorFiles: [] }], ['anchor-missing']],
    [
      'only the intermediate trusted, and no root',
      () => [{ ...pem(), anchorFiles: [join(dir, 'authorities', 'exchange-issuing-cert.pem')] }],
      ['chain-not-trusted'],
    ],
    [
      'a key without passphrase',
      () => [{ ...pem(), keyFile: pki.members.gateway.encryptedKey }],
      ['passphrase-missing'],
    ],
    [
      'a wrong PKCS#12 passphrase',
      () => [
        {
          name: 'x',
          pkcs12File: pki.members.gateway.p12,
          passphraseFile: pki.exchangeCa,
          anchorFiles: [pki.exchangeCa],
        },
      ],
      ['passphrase-wrong'],
    ],
    [
      'a PKCS#12 that is none',
      () => [
        { name: 'x', pkcs12File: pki.exchangeCa, passphraseFile: pki.passphraseFile, anchorFiles: [pki.exchangeCa] },
      ],
      ['pkcs12-malformed'],
    ],
  ])('with %s say so', async (_, given, expected) => {
    await expect(prove(...given())).resolves.toEqual(expected);
  });

  it('are refused as a whole at the first load, and told by status afterwards', async () => {
    const broken = { ...pem(), keyFile: pki.members.gatewayEc.key };
    await expect(TlsMaterial.load(broken, { use: 'server', pollMs: 0 })).rejects.toBeInstanceOf(PkiFaultsError);
    const material = await TlsMaterial.load(pem(), { use: 'server', pollMs: 0 });
    expect(material.status()).toMatchObject({ material: 'gateway', level: 'up', faults: [] });
    expect(material.status().daysLeft).toBeGreaterThan(900);
    expect(material.status().subject).toBe(pki.members.gateway.dn);
    material.close();
  });

  it('keep no key readable by others', async () => {
    const { stat } = await import('node:fs/promises');
    expect((await stat(pki.members.gateway.key)).mode & 0o077).toBe(0);
    expect(await readFile(pki.members.gateway.encryptedKey, 'utf8')).toContain('ENCRYPTED');
  });
});
