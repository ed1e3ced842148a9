import { X509Certificate } from 'node:crypto';
import type { PscService } from '../../../connectors/psc';
import type { WhitelistService } from '../../../connectors/whitelist';
import type { GatewayError } from '../../../platform/errors';
import type { Exchange } from '../../../platform/http';
import { parseWadoPath } from '../../../standards/dicomweb';
import type { ManifestArchive } from '../../archive';
import { AdmissionService } from './admission.service';
import type { Admission } from './admitted';

const certificate = { raw: Buffer.from('der'), subject: 'CN=db3\nO=ESSAI' } as X509Certificate;
const good = [
  'Authorization',
  'Bearer abcdef',
  'KOS-SOPInstanceUID',
  '1.2.3',
  'Accept',
  'multipart/related; type="application/dicom"; transfer-syntax=*',
];

describe('admission', () => {
  const asked: string[] = [];
  let listed: boolean;
  let lookups = 0;
  const service = new AdmissionService(
    { isListed: () => (lookups++, listed ? { dn: 'x' } : undefined) } as unknown as WhitelistService,
    {
      introspect: (token: string) => (
        asked.push(`token ${token}`),
        Promise.resolve({ professional: { subjectNameId: '8' } })
      ),
    } as unknown as PscService,
    {
      admit: () => (asked.push('manifest'), Promise.resolve({ ok: true, manifest: { kosSopInstanceUid: '1.2.3' } })),
    } as unknown as ManifestArchive,
  );
  let handshakes = 0;
  const socket = { remoteAddress: '192.0.2.1', getPeerX509Certificate: () => (handshakes++, certificate) };

  function exchange(rawHeaders: string[]): Exchange {
    const headers: Record<string, string> = {};
    for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i].toLowerCase()] = rawHeaders[i + 1];
    return { request: { socket, rawHeaders, headers }, signal: new AbortController().signal } as unknown as Exchange;
  }
  function admission(): Admission {
    const resource = parseWadoPath('/studies/1.2/series/1.3');
    return { resource: resource.ok ? resource.value : undefined };
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'admitted',
      (error: GatewayError) => error.code,
    );
  const without = (name: string) => good.filter((_, i) => good[i - (i % 2)] !== name);

  beforeEach(() => {
    asked.length = 0;
    listed = true;
  });

  it('fills in what is known, step by step', async () => {
    const filled = admission();
    await service.admit(exchange(good), filled);
    expect(filled).toMatchObject({ kosSopInstanceUid: '1.2.3', professional: { subjectNameId: '8' } });
    expect(asked).toEqual(['token abcdef', 'manifest']);
  });

  it.each([
    ['Authorization', 'serving.token-absent', []],
    ['Accept', 'serving.header-invalid', ['token abcdef']],
    ['KOS-SOPInstanceUID', 'serving.header-invalid', ['token abcdef']],
  ])('without %s: %s, and no later step is taken', async (name, code, steps) => {
    expect(await codeOf(service.admit(exchange(without(name)), admission()))).toBe(code);
    expect(asked).toEqual(steps);
  });

  it('reads every Accept line as it was sent, a trailing comma included', async () => {
    const lines = [
      ...without('Accept'),
      'Accept',
      'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1;q=0.5,',
      'Accept',
      'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80;q=0.9',
    ];
    expect(await codeOf(service.admit(exchange(lines), admission()))).toBe('admitted');
  });

  it('asks the white list anew for each request, and reads the certificate once for each connection', () => {
    const before = { lookups, handshakes };
    expect(service.checkPeer(exchange(good))).toMatchObject({ subject: 'CN=db3, O=ESSAI', address: '192.0.2.1' });
    listed = false;
    expect(() => service.checkPeer(exchange(good))).toThrow(
      expect.objectContaining({ code: 'serving.peer-not-listed' }),
    );
    expect(service.peerOf(exchange(good)).certificateSha256).toMatch(/^[0-9a-f]{64}$/);
    expect([lookups - before.lookups, handshakes - before.handshakes <= 1]).toEqual([2, true]);
  });
});
