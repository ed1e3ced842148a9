import { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request, Agent } from 'undici';
import { pscClientIds, startPkiServer, createSandboxPki, PkiServer, SandboxPki } from '../../sandbox/pki';
import { SandboxPsc, startSandboxPsc } from '../../sandbox/psc';
import { pscConfig, PscModule, PscService } from '../../src/connectors/psc';
import { ConfigModule, loadConfig, proveConfig, Slice } from '../../src/platform/config';
import { HealthModule, HealthRegistry } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import { persistenceConfig } from '../../src/platform/persistence';
import { materialSource, pkiConfig, PkiModule, PkiService } from '../../src/platform/pki';

/** Real: Nest modules with a configuration from variables, TLS, revocation lists over HTTP, the sandbox PSC. */
describe('keys, revocation and Pro Santé Connect as modules of the gateway', () => {
  let dir: string;
  let http: PkiServer;
  let pki: SandboxPki;
  let psc: SandboxPsc;
  let app: INestApplicationContext;
  const slices = [persistenceConfig, pkiConfig, pscConfig] as unknown as readonly Slice[];
  const environment = (): Record<string, string> => ({
    DRIMBOX_DATA_DIR: join(dir, 'data'),
    DRIMBOX_DATABASE_URL: 'embedded',
    DRIMBOX_PSC_ISSUER: psc.issuer,
    DRIMBOX_PSC_CLIENT_ID: pscClientIds.gateway,
    DRIMBOX_PSC_PKCS12_FILE: pki.members.pscClient.p12 ?? '',
    DRIMBOX_PSC_PASSPHRASE_FILE: pki.passphraseFile,
    DRIMBOX_PSC_CA_FILES: pki.exchangeCa,
    DRIMBOX_PSC_TIMEOUT_MS: '30000',
  });

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    dir = await mkdtemp(join(tmpdir(), 'psc-module-'));
    http = await startPkiServer({ dir });
    pki = await createSandboxPki({ dir, baseUrl: http.url, fast: true });
    const { pscClient, pscServer } = pki.members;
    psc = await startSandboxPsc({
      tls: { cert: await readFile(pscServer.cert), key: await readFile(pscServer.key) },
      clientCa: [await readFile(pki.exchangeCa)],
      clients: [{ clientId: pscClientIds.gateway, subjectDn: pscClient.dn, redirectUris: [] }],
    });
    const config = loadConfig(slices, environment(), { production: true });
    const faults = await proveConfig(slices, config);
    // The sandbox's authority, which production refuses, is all that is wrong.
    expect(faults.filter(({ code }) => code !== 'sandbox-only')).toEqual([]);
    app = await NestFactory.createApplicationContext(
      { module: class Root {}, imports: [ConfigModule.of(config), HealthModule, PkiModule, PscModule] },
      { logger: false },
    );
  });

  afterAll(async () => {
    await app.close();
    await psc.close();
    await http.close();
    await rm(dir, { recursive: true });
  });

  const report = async (name: string) => (await app.get(HealthRegistry).report()).find((one) => one.name === name);

  it('introspects with the certificate of a PKCS#12', async () => {
    await expect(app.get(PscService).introspect(await psc.token('radiologue'))).resolves.toMatchObject({
      professional: { rpps: '99900000017' },
    });
  });

  it('shows in health whether Pro Santé Connect answers and when the first certificate ends', async () => {
    expect(await report('psc')).toMatchObject({ level: 'up' });
    expect(await report('certificates')).toMatchObject({
      level: 'up',
      facts: { 'psc-client': expect.stringMatching(/^\d{4}-/) },
    });
    psc.behave({ down: true });
    expect(await report('psc')).toMatchObject({ level: 'down' });
    psc.behave({});
  });

  it('protects a listener in two calls, and tells the age of the lists', async () => {
    const service = app.get(PkiService);
    const { cert, key } = pki.members.gateway;
    const source = materialSource('exchange', { certificateFile: cert, keyFile: key, anchorFiles: [pki.exchangeCa] });
    const material = await service.material(source, { use: 'server' });
    const { tls, protect } = await service.protectListener(material);
    const server = createServer(tls, (_, response) => response.end());
    protect(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const statusFor = async (name: 'listed' | 'revoked') => {
      const files = pki.members[name];
      const connect = {
        key: await readFile(files.key),
        cert: await readFile(files.cert),
        ca: await readFile(pki.exchangeCa),
      };
      const agent = new Agent({ connect });
      const { port } = server.address() as AddressInfo;
      const outcome = await request(`https://localhost:${port}/`, { dispatcher: agent }).then(
        (r) => r.statusCode,
        () => 'refused',
      );
      await agent.destroy();
      return outcome;
    };
    expect([await statusFor('listed'), await statusFor('revoked')]).toEqual([200, 'refused']);
    expect(await report('revocation')).toMatchObject({ level: 'up', facts: { lists: 2, problems: 0 } });
    expect(
      service
        .crlStatus()
        .lists.map((list) => list.revokedCount)
        .sort(),
    ).toEqual([0, 1]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses to start with a key that does not open, naming the variable and not the passphrase', async () => {
    const wrong = join(dir, 'wrong.txt');
    await writeFile(wrong, 'mot-de-passe-faux\n');
    const config = loadConfig(slices, { ...environment(), DRIMBOX_PSC_PASSPHRASE_FILE: wrong }, { production: true });
    const faults = await proveConfig(slices, config);
    expect(faults).toContainEqual(
      expect.objectContaining({ variable: 'DRIMBOX_PSC_PKCS12_FILE', code: 'passphrase-wrong' }),
    );
    expect(JSON.stringify(faults)).not.toContain('mot-de-passe-faux');
  });

  it('refuses to leave revocation unchecked in production', () => {
    expect(() => loadConfig(slices, { ...environment(), DRIMBOX_CRL_MODE: 'off' }, { production: true })).toThrow(
      'DRIMBOX_CRL_MODE',
    );
  });
});
