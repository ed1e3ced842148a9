import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { clientTls, DicomWebPacs, MaterialLoader } from '../../src/connectors/pacs';
import { GatewayError } from '../../src/platform/errors';
import { configureLogging } from '../../src/platform/logging';
import { TlsMaterial } from '../../src/platform/pki';

/** Real: TLS with client certificates. Doubled: the PACS, which answers every search with nothing. DIMSE: dcmtk-towards-us. */
describe('a DICOMweb PACS over https that wants our certificate', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-pacs-tls-'));
  const materials: TlsMaterial[] = [];
  const callers: string[] = [];
  let pki: SandboxPki;
  let server: Server;

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    pki = await createSandboxPki({ dir, fast: true });
    const { cert, key } = pki.members.listed;
    const ca = readFileSync(pki.exchangeCa);
    const secure = {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    };
    server = createServer(secure, (request, response) => {
      callers.push((request.socket as TLSSocket).getPeerCertificate().fingerprint256);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    for (const material of materials) material.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  const loader: MaterialLoader = {
    material: async (source, options) => {
      const made = await TlsMaterial.load(source, { ...options, pollMs: 0 });
      materials.push(made);
      return made;
    },
  };

  async function ask(files: { cert?: string; key?: string; pkcs12?: string; serverName?: string }): Promise<string> {
    const { passphraseFile, exchangeCa: ca } = pki;
    const tls = await clientTls('web', { ca, passphraseFile, ...files }, loader);
    const url = `https://localhost:${(server.address() as AddressInfo).port}/dicom-web`;
    const pacs = new DicomWebPacs({ id: 'web', kind: 'dicomweb', url, maxConnections: 2 }, { silenceMs: 30_000 }, tls);
    try {
      await pacs.echo();
      return 'answered';
    } catch (error) {
      return GatewayError.of(error)?.code ?? 'unknown';
    } finally {
      await pacs.close();
    }
  }

  it('is called with an encrypted key, or a PKCS#12 of today or of old tools', async () => {
    const { cert, encryptedKey: key, p12, legacyP12 } = pki.members.gateway;
    for (const files of [{ cert, key }, { pkcs12: p12 }, { pkcs12: legacyP12 }])
      expect(await ask(files)).toBe('answered');
    const shown = materials.map((material) => material.pair.certificate.fingerprint256);
    expect(callers).toEqual(shown);
  });

  it.each([
    ['without a certificate', () => ({})],
    ['with one of another authority', () => ({ cert: pki.members.foreign.cert, key: pki.members.foreign.key })],
    [
      'under a name that its certificate does not bear',
      () => ({ pkcs12: pki.members.gateway.p12, serverName: 'other.test' }),
    ],
  ])('%s it does not answer', async (_what, files) => {
    const before = callers.length;
    expect(await ask(files())).toMatch(/^pacs\./);
    expect(callers).toHaveLength(before);
  });
});
