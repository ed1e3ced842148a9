import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSandboxPki, startPkiServer, type PkiServer, type SandboxPki } from '../../sandbox/pki';

/** Real: openssl, which reads and verifies everything the sandbox authority writes. */
const run = promisify(execFile);

async function openssl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('openssl', args);
  return stdout + stderr;
}

describe('sandbox authorities as openssl sees them', () => {
  let dir: string;
  let server: PkiServer;
  let pki: SandboxPki;
  let tookMs: number;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sandbox-pki-'));
    server = await startPkiServer({ dir });
    const before = process.cpuUsage();
    pki = await createSandboxPki({ dir, baseUrl: server.url });
    // Processor time: how busy the machine is with something else does not count.
    const { user, system } = process.cpuUsage(before);
    tookMs = (user + system) / 1_000;
  });

  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  const verify = (name: keyof SandboxPki['members'], ca: string, ...more: string[]) =>
    openssl('verify', '-CAfile', ca, ...more, '-untrusted', pki.members[name].cert, pki.members[name].leaf);

  it('makes every certificate within some seconds', () => {
    expect(tookMs).toBeLessThan(15_000);
  });

  it.each([
    ['gateway', 'sslserver'],
    ['gateway', 'sslclient'],
    ['remote', 'sslclient'],
    ['listed', 'sslclient'],
    ['pscClient', 'sslclient'],
    ['pscServer', 'sslserver'],
    ['seal', 'smimesign'],
    ['whiteListSigner', 'smimesign'],
  ] as const)('%s is valid for %s', async (name, purpose) => {
    await expect(verify(name, pki.exchangeCa, '-purpose', purpose)).resolves.toContain('OK');
  });

  it('the EC authority and the portal authority verify their own', async () => {
    await expect(verify('gatewayEc', pki.exchangeEcCa, '-purpose', 'sslserver')).resolves.toContain('OK');
    await expect(verify('portal', pki.portalCa, '-verify_hostname', 'localhost')).resolves.toContain('OK');
  });

  it('refuses the foreign peer although its names are those of the listed one', async () => {
    await expect(verify('foreign', pki.exchangeCa)).rejects.toThrow(
      /signature failure|unable to get|verification failed/,
    );
    await expect(verify('foreign', pki.foreignCa)).resolves.toContain('OK');
  });

  it('refuses the expired peer', async () => {
    await expect(verify('expired', pki.exchangeCa)).rejects.toThrow('expired');
  });

  it('tells the revoked peer from the listed one by the revocation lists', async () => {
    const crls = [
      '-crl_check_all',
      '-CRLfile',
      join(dir, 'crl', 'ACI-EL-ORG.pem'),
      '-CRLfile',
      join(dir, 'crl', 'ACI-EL-ORG-RACINE.pem'),
    ];
    await expect(verify('listed', pki.exchangeCa, ...crls)).resolves.toContain('OK');
    await expect(verify('revoked', pki.exchangeCa, ...crls)).rejects.toThrow('revoked');
  });

  it('answers OCSP for a good, a revoked and, once revoked at run time, another certificate', async () => {
    const issuer = join(dir, 'authorities', 'exchange-issuing-cert.pem');
    const ask = (name: keyof SandboxPki['members']) =>
      openssl(
        'ocsp',
        '-issuer',
        issuer,
        '-cert',
        pki.members[name].leaf,
        '-url',
        `${server.url}/ocsp`,
        '-CAfile',
        pki.exchangeCa,
      );
    const good = await ask('listed');
    expect(good).toContain('Response verify OK');
    expect(good).toContain(': good');
    await expect(ask('revoked')).resolves.toContain(': revoked');
    await pki.revoke('unlisted');
    await expect(ask('unlisted')).resolves.toContain(': revoked');
  });

  it('serves the list named in the certificates', async () => {
    const text = await openssl('x509', '-in', pki.members.listed.leaf, '-noout', '-text');
    const url = /URI:(http\S+\.crl)/.exec(text)![1];
    const der = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(der.equals(await readFile(pki.crls.exchange.issuing))).toBe(true);
  });

  it('writes PKCS#12 files that openssl opens, the old form only with its legacy provider', async () => {
    const { p12, legacyP12 } = pki.members.gateway;
    const pass = ['-passin', `file:${pki.passphraseFile}`, '-nokeys'];
    await expect(openssl('pkcs12', '-in', p12!, ...pass)).resolves.toContain('BEGIN CERTIFICATE');
    await expect(openssl('pkcs12', '-legacy', '-in', legacyP12!, ...pass)).resolves.toContain('BEGIN CERTIFICATE');
  });

  it('reuses a folder that is still valid', async () => {
    const before = await readFile(pki.members.gateway.key, 'utf8');
    const again = await createSandboxPki({ dir, baseUrl: server.url });
    expect(await readFile(again.members.gateway.key, 'utf8')).toBe(before);
  });
});
