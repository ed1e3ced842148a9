import { generateKeyPairSync, KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditKey, readAuditKey, TrustedKeys } from './audit-key';
import { sealFault, sealJson, sealOfJson, SealStatement, signSeal } from './seal';

const statement: SealStatement = {
  number: 2n,
  fromSequence: 11n,
  toSequence: 20n,
  fromAt: '2026-11-21T08:00:00.000Z',
  toAt: '2026-11-21T08:59:00.000Z',
  headHash: Buffer.alloc(32, 1),
  previousHash: Buffer.alloc(32, 2),
  sealedAt: '2026-11-21T09:00:00.000Z',
};

describe('the audit key', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-key-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const kept = (name: string, key: KeyObject, passphrase?: string) => {
    const file = join(dataDir, name);
    const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem', ...cipher }));
    return file;
  };

  it.each<[string, () => KeyObject]>([
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
    ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 3_072 }).privateKey],
  ])('signs seals with %s; a changed seal, another key, a key of no trust are told', (name, make) => {
    const key = readAuditKey(kept(name, make()));
    const keys = new TrustedKeys();
    expect(sealFault(signSeal(statement, key), keys)).toBe('unknown-key');
    keys.add(key.publicKeyPem);
    const seal = signSeal(statement, key);
    expect(sealFault(seal, keys)).toBeUndefined();
    expect(sealFault(sealOfJson(JSON.parse(JSON.stringify(sealJson(seal)))), keys)).toBeUndefined();
    expect(sealFault({ ...seal, toSequence: 21n }, keys)).toBe('signature-invalid');
    expect(sealFault({ ...seal, signature: Buffer.alloc(64) }, keys)).toBe('signature-invalid');
  });

  it('opens an encrypted key by its passphrase file, and says what is wrong without the content', () => {
    const file = kept('encrypted', generateKeyPairSync('ed25519').privateKey, 'correct');
    const passphrase = join(dataDir, 'passphrase');
    writeFileSync(passphrase, 'correct\n');
    expect(readAuditKey(file, passphrase).id).toMatch(/^[0-9a-f]{64}$/);
    expect(() => readAuditKey(file)).toThrow('no private key that can be opened');
    writeFileSync(passphrase, 'wrong\n');
    expect(() => readAuditKey(file, passphrase)).toThrow('no private key that can be opened');
  });

  it.each<[string, () => KeyObject, string]>([
    ['a short RSA key', () => generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey, '3072 bits'],
    ['a key that only agrees on keys', () => generateKeyPairSync('x25519').privateKey, 'cannot sign'],
  ])('refuses %s', (name, make, message) => {
    expect(() => readAuditKey(kept(name, make()))).toThrow(message);
  });

  it('is made once below the data folder when none is named', () => {
    const first = openAuditKey({ dataDir });
    expect(openAuditKey({ dataDir }).id).toBe(first.id);
    expect(() => openAuditKey({ dataDir, keyFile: join(dataDir, 'absent') })).toThrow('ENOENT');
  });

  it.each([{}, { format: 'drimbox-audit-seal-1' }, { ...sealLike(), number: '-1' }, { ...sealLike(), number: 'x' }])(
    'takes nothing for a seal that is none: %j',
    (json) => expect(() => sealOfJson(json)).toThrow(/seal/),
  );
});

function sealLike(): Record<string, string> {
  return { ...sealJson({ ...statement, keyId: 'k', signature: Buffer.alloc(1) }) };
}
