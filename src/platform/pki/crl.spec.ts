import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { CrlError, CrlRefusal, parseRevocationList, verifyRevocationList } from './crl';

/** A small DER writer, so that lists can be wrong in one chosen way. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 128) return Buffer.concat([Buffer.of(tag, size), content]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(size);
  const length = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
}
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const sha256WithRsa = der(0x30, oid('2a864886f70d01010b'), der(0x05));
const sha1WithRsa = der(0x30, oid('2a864886f70d010105'), der(0x05));
const name = (text: string, tag = 0x0c) => der(0x30, der(0x31, der(0x30, oid('550403'), der(tag, Buffer.from(text)))));
const utc = (text: string) => der(0x17, Buffer.from(text));
const serial = (hex: string) => der(0x02, Buffer.from(hex, 'hex'));
const entry = (hex: string) => der(0x30, serial(hex), utc('260101000000Z'));
const extension = (id: string, value: Buffer, critical = false) =>
  der(0x30, oid(id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));

interface ListParts {
  readonly algorithm?: Buffer;
  readonly issuer?: Buffer;
  readonly nextUpdate?: Buffer[];
  readonly entries?: Buffer[];
  readonly extensions?: Buffer[];
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function makeList(parts: ListParts = {}): Buffer {
  const algorithm = parts.algorithm ?? sha256WithRsa;
  const tbs = der(
    0x30,
    serial('01'),
    algorithm,
    parts.issuer ?? name('AC'),
    utc('260101000000Z'),
    ...(parts.nextUpdate ?? [utc('260108000000Z')]),
    ...(parts.entries?.length === 0 ? [] : [der(0x30, ...(parts.entries ?? [entry('00ff01')]))]),
    ...(parts.extensions ? [der(0xa0, der(0x30, ...parts.extensions))] : []),
  );
  const signature = sign('sha256', tbs, privateKey);
  return der(0x30, tbs, algorithm, der(0x03, Buffer.of(0), signature));
}

/** A self-signed certificate of the same key, name `AC`. */
function makeAuthority(commonName: Buffer, key = publicKey): X509Certificate {
  const dates = der(0x30, utc('250101000000Z'), utc('350101000000Z'));
  const spki = key.export({ type: 'spki', format: 'der' });
  const tbs = der(0x30, der(0xa0, serial('02')), serial('05'), sha256WithRsa, commonName, dates, commonName, spki);
  return new X509Certificate(der(0x30, tbs, sha256WithRsa, der(0x03, Buffer.of(0), sign('sha256', tbs, privateKey))));
}

function reasonOf(action: () => unknown): CrlRefusal | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof CrlError ? error.reason : ('unexpected' as CrlRefusal);
  }
}

const key = (hex: string) => Buffer.from(hex, 'hex').toString('latin1');

describe('a revocation list', () => {
  it('tells its dates and which serials are revoked, leading zeros apart', () => {
    const list = parseRevocationList(makeList());
    expect(list.thisUpdate.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(list.nextUpdate.toISOString()).toBe('2026-01-08T00:00:00.000Z');
    expect(list.isRevoked(key('ff01'))).toBe(true);
    expect(list.isRevoked(key('ff02'))).toBe(false);
  });

  it('may be empty, and may come as PEM under both labels', () => {
    const bytes = makeList({ entries: [] });
    for (const label of ['X509 CRL', 'CRL']) {
      const pem = `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;
      expect(parseRevocationList(Buffer.from(pem)).revokedCount).toBe(0);
    }
  });

  it('reads a GeneralizedTime and both centuries of a UTCTime', () => {
    const far = der(0x18, Buffer.from('20510101000000Z'));
    expect(parseRevocationList(makeList({ nextUpdate: [far] })).nextUpdate.getUTCFullYear()).toBe(2051);
    expect(parseRevocationList(makeList({ nextUpdate: [utc('500101000000Z')] })).nextUpdate.getUTCFullYear()).toBe(
      1950,
    );
  });

  it.each<[string, ListParts, CrlRefusal]>([
    ['no end', { nextUpdate: [] }, 'no-next-update'],
    ['a delta indicator', { extensions: [extension('551d1b', serial('01'), true)] }, 'partial'],
    [
      'an indirect issuing point',
      { extensions: [extension('551d1c', der(0x30, Buffer.from('8401ff', 'hex')), true)] },
      'partial',
    ],
    [
      'only some reasons',
      { extensions: [extension('551d1c', der(0x30, Buffer.from('83020640', 'hex')), true)] },
      'partial',
    ],
    ['an unknown critical extension', { extensions: [extension('2a0304', der(0x05), true)] }, 'critical-extension'],
    ['a date that is none', { nextUpdate: [utc('26010800Z')] }, 'malformed'],
  ])('with %s is refused', (_, parts, reason) => {
    expect(reasonOf(() => parseRevocationList(makeList(parts)))).toBe(reason);
  });

  it('accepts an issuing point limited to user certificates and unknown extensions that are not critical', () => {
    const extensions = [
      extension('551d1c', der(0x30, Buffer.from('8101ff', 'hex')), true),
      extension('2a0304', der(0x05)),
    ];
    expect(parseRevocationList(makeList({ extensions })).revokedCount).toBe(1);
  });

  it('never reads past a cut, whatever the byte', () => {
    const bytes = makeList();
    for (let end = 0; end < bytes.length; end += 1) {
      expect(reasonOf(() => parseRevocationList(bytes.subarray(0, end)))).toBe('malformed');
    }
  });

  it('survives random bytes with a named reason', () => {
    for (let run = 0; run < 300; run += 1) {
      expect(reasonOf(() => parseRevocationList(Buffer.concat([Buffer.of(0x30), randomBytes(60)])))).toBe('malformed');
    }
  });

  it('stops at its limits', () => {
    const bytes = makeList({ entries: [entry('01'), entry('02'), entry('03')] });
    expect(reasonOf(() => parseRevocationList(bytes, { bytesMax: 50, entriesMax: 10 }))).toBe('too-large');
    expect(reasonOf(() => parseRevocationList(bytes, { bytesMax: 1_000_000, entriesMax: 2 }))).toBe('too-large');
  });

  it('of 100 000 entries is read quickly', () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => {
      const bytes = Buffer.alloc(17);
      bytes.writeUInt32BE(index + 1, 8);
      bytes[1] = 0x7f;
      return entry(bytes.subarray(1).toString('hex'));
    });
    const bytes = makeList({ entries });
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      expect(parseRevocationList(bytes).revokedCount).toBe(100_000);
      return performance.now() - started;
    });
    // 50 ms on an idle machine; the bound leaves room for the other tests that run at the same time
    expect(Math.min(...times)).toBeLessThan(250);
  });
});

describe('the signature of a revocation list', () => {
  it('is that of the authority, whatever string type its name is written in', () => {
    const list = parseRevocationList(makeList());
    expect(() => verifyRevocationList(list, makeAuthority(name('AC')))).not.toThrow();
    expect(() => verifyRevocationList(list, makeAuthority(name('Ac ', 0x13)))).not.toThrow();
  });

  it('does not fit another name, another key, changed bytes or SHA-1', () => {
    const bytes = makeList();
    const list = parseRevocationList(bytes);
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(reasonOf(() => verifyRevocationList(list, makeAuthority(name('AUTRE'))))).toBe('issuer-mismatch');
    expect(reasonOf(() => verifyRevocationList(list, makeAuthority(name('AC'), other)))).toBe('signature');
    const changed = Buffer.from(bytes);
    changed[bytes.indexOf(Buffer.from('00ff01', 'hex')) + 2] ^= 1;
    expect(reasonOf(() => verifyRevocationList(parseRevocationList(changed), makeAuthority(name('AC'))))).toBe(
      'signature',
    );
    const weak = parseRevocationList(makeList({ algorithm: sha1WithRsa }));
    expect(reasonOf(() => verifyRevocationList(weak, makeAuthority(name('AC'))))).toBe('algorithm');
  });
});
