import { GatewayError } from '../../platform/errors';
import { MultipartRefusal } from '../../standards/multipart';
import { acceptList } from './accept-lists';
import { exchangeError, isIllness, mayPass, statusError } from './answer-errors';
import { answerParts } from './answer-parts';
import { CircuitBreaker } from './circuit-breaker';
import { peerAddress } from './peer-address';

const codeOf = (work: () => unknown) => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return GatewayError.of(error)?.code;
  }
};

describe('accept list', () => {
  it('puts lossless syntaxes first, or lossy ones, and names ten of them either way', () => {
    const of = (need: 'lossless' | 'lossy') =>
      acceptList(need)
        .split(',')
        .map((range) => /transfer-syntax=([\d.]+);q=([\d.]+)/.exec(range)?.slice(1));
    expect(of('lossless')).toHaveLength(10);
    expect(of('lossless')[0]).toEqual(['1.2.840.10008.1.2.4.70', '0.9']);
    expect(of('lossy')[0]).toEqual(['1.2.840.10008.1.2.4.50', '0.9']);
    expect(
      of('lossy')
        .map((range) => range?.[0])
        .sort(),
    ).toEqual(
      of('lossless')
        .map((range) => range?.[0])
        .sort(),
    );
  });
});

describe('address of a series', () => {
  const good = { studyInstanceUid: '1.2.3', seriesInstanceUid: '1.2.3.4' };
  const at = (retrieveUrl: string, over = {}) => codeOf(() => peerAddress({ ...good, ...over, retrieveUrl }));

  it('is https, of that series, without anything else', () => {
    expect(peerAddress({ ...good, retrieveUrl: 'https://db1.fr:8443/rs/studies/1.2.3/series/1.2.3.4/' }).href).toBe(
      'https://db1.fr:8443/rs/studies/1.2.3/series/1.2.3.4',
    );
    expect(
      peerAddress({ ...good, sopInstanceUid: '1.9', retrieveUrl: 'https://db1.fr/studies/1.2.3/series/1.2.3.4' })
        .pathname,
    ).toBe('/studies/1.2.3/series/1.2.3.4/instances/1.9');
  });

  it.each([
    'http://db1.fr/studies/1.2.3/series/1.2.3.4',
    'file:///studies/1.2.3/series/1.2.3.4',
    'https://u:p@db1.fr/studies/1.2.3/series/1.2.3.4',
    'https://db1.fr/studies/1.2.3/series/1.2.3.4?a=b',
    'https://db1.fr/studies/1.2.3/series/1.2.3.4#f',
    'https://db1.fr/studies/1.2.3/series/9.9',
    'https://db1.fr/admin',
    '//db1.fr/studies/1.2.3/series/1.2.3.4',
    '',
    `https://db1.fr/${'a'.repeat(3000)}/studies/1.2.3/series/1.2.3.4`,
  ])('refuses %.60s', (url) => expect(at(url)).toBe('peer.address-invalid'));

  it('refuses an instance that is no UID', () => {
    expect(at('https://db1.fr/studies/1.2.3/series/1.2.3.4', { sopInstanceUid: '../../x' })).toBe(
      'peer.address-invalid',
    );
  });
});

describe('circuit breaker', () => {
  it('opens after failures in a row, lets one try afterwards, and closes on success', () => {
    let nowMs = 0;
    const breaker = new CircuitBreaker({ failuresMax: 2, openMs: 100, now: () => nowMs });
    breaker.failed();
    breaker.succeeded();
    breaker.failed();
    expect(breaker.admit()).toBe(0);
    breaker.failed();
    expect([breaker.isOpen, breaker.admit()]).toEqual([true, 100]);
    nowMs = 100;
    expect([breaker.admit(), breaker.admit()]).toEqual([0, 100]);
    breaker.failed();
    expect(breaker.admit()).toBe(100);
    nowMs = 200;
    expect(breaker.admit()).toBe(0);
    breaker.withdrawn();
    expect(breaker.admit()).toBe(0);
    breaker.succeeded();
    expect([breaker.isOpen, breaker.admit()]).toEqual([false, 0]);
  });
});

describe('failures of an exchange', () => {
  it.each([
    [302, 'peer.redirected', false],
    [400, 'peer.refused', false],
    [401, 'peer.token-refused', false],
    [403, 'peer.not-admitted', false],
    [404, 'peer.not-found', false],
    [406, 'peer.refused', false],
    [410, 'peer.gone', false],
    [429, 'peer.busy', true],
    [500, 'peer.failed', true],
    [503, 'peer.busy', true],
    [504, 'peer.too-slow', true],
    [204, 'peer.malformed', true],
  ])('status %i is %s', (status, code, passes) => {
    const error = statusError(status);
    expect([error.code, mayPass(error)]).toEqual([code, passes]);
  });

  it('believes a Retry-After within two minutes', () => {
    expect(statusError(503, '7').retryAfterSeconds).toBe(7);
    expect(statusError(503, '999999').retryAfterSeconds).toBe(120);
    expect(statusError(503, 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterSeconds).toBe(5);
  });

  it.each([
    [new MultipartRefusal('truncated'), 'peer.cut', true],
    [new MultipartRefusal('too-many-parts'), 'peer.malformed', false],
    [Object.assign(new Error('x'), { code: 'UND_ERR_BODY_TIMEOUT' }), 'peer.too-slow', true],
    [Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }), 'peer.certificate-refused', false],
    [Object.assign(new Error('x'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'peer.certificate-refused', false],
    [new TypeError('f', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }), 'peer.unreachable', true],
  ])('%s is %s', (cause, code, ill) => {
    const error = exchangeError(cause);
    expect([error.code, isIllness(error)]).toEqual([code, ill]);
  });
});

describe('parts of an answer', () => {
  const limits = { objectBytesMax: 1_000, partsMax: 3 };
  const type = 'multipart/related; type="application/dicom"; boundary=b';
  async function read(text: string, contentType = type, cut = 7) {
    const bytes = Buffer.from(text, 'latin1');
    async function* body() {
      await Promise.resolve();
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    }
    const found: unknown[] = [];
    try {
      for await (const part of answerParts(contentType, body(), limits)) found.push(part);
    } catch (error) {
      found.push((error as MultipartRefusal).reason);
    }
    return found;
  }

  it('tells a part that is no DICOM object, one that is too large, and goes on', async () => {
    const text = `--b\r\n\r\n${'x'.repeat(200)}\r\n--b\r\n\r\n${'x'.repeat(1_200)}\r\n--b--`;
    expect(await read(text)).toEqual([
      { kind: 'unreadable', reason: 'preamble-absent' },
      { kind: 'unreadable', reason: expect.stringMatching(/preamble-absent|too-large/) as string },
    ]);
  });

  it('refuses a cut answer, too many parts, and another kind of answer', async () => {
    expect((await read('--b\r\n\r\nabc')).at(-1)).toBe('truncated');
    expect((await read('--b\r\n\r\n\r\n'.repeat(5))).at(-1)).toBe('too-many-parts');
    expect(await read('<html>', 'text/html')).toEqual(['media-type-malformed']);
    expect(await read('{}', 'multipart/related; type="application/dicom+json"; boundary=b')).toEqual([
      'media-type-malformed',
    ]);
  });
});
