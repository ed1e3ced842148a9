import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto';

(x509.cryptoProvider as unknown as { set(crypto: unknown): void }).set(webcrypto);

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

export interface IssuedIdentity {
  readonly key: KeyObject;
  readonly certificate: Buffer;
  readonly certificatePem: string;
  readonly keyPem: string;
}

interface Issue {
  readonly name: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly keyUsage?: number;
  readonly serial?: string;
  readonly isCa?: boolean;
  readonly extensions?: x509.Extension[];
  readonly bits?: number;
}

/** A root that issues certificates for tests: RSA 2048, names as RFC 4514 text (most specific RDN first). */
export interface SigningAuthority extends IssuedIdentity {
  issue(request: Issue): Promise<IssuedIdentity>;
  /** An intermediate authority below this one. */
  subordinate(name: string): Promise<SigningAuthority>;
}

const span = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2030-01-01T00:00:00Z') };
let serials = 0x1000;

export async function createSigningAuthority(name = 'CN=TEST RACINE,O=TEST,C=FR'): Promise<SigningAuthority> {
  const keys = await generate();
  return authority(await certify({ name, isCa: true }, keys, { name, keys }), keys, name);
}

function authority(identity: IssuedIdentity, keys: CryptoKeyPair, name: string): SigningAuthority {
  return {
    ...identity,
    issue: async (request) => certify(request, await generate(request.bits), { name, keys }),
    subordinate: async (subName) => {
      const subKeys = await generate();
      return authority(await certify({ name: subName, isCa: true }, subKeys, { name, keys }), subKeys, subName);
    },
  };
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

function generate(bits = 2048): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ ...algorithm, modulusLength: bits }, true, ['sign', 'verify']);
}

async function certify(
  { name, from, to, keyUsage, serial, isCa = false, extensions = [] }: Issue,
  keys: CryptoKeyPair,
  issuer: { name: string; keys: CryptoKeyPair },
): Promise<IssuedIdentity> {
  const usage = isCa
    ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
    : x509.KeyUsageFlags.digitalSignature;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial ?? (serials += 1).toString(16),
    // RFC 4514 prints the last RDN first; the generator keeps the order it is given.
    subject: name
      .split(/(?<!\\),/)
      .reverse()
      .join(','),
    issuer: issuer.name
      .split(/(?<!\\),/)
      .reverse()
      .join(','),
    notBefore: from ?? span.from,
    notAfter: to ?? span.to,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey as unknown as x509.PublicKeyType,
    signingKey: issuer.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(isCa, undefined, true),
      new x509.KeyUsagesExtension(keyUsage ?? usage, true),
      ...extensions,
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    key,
    certificate: Buffer.from(certificate.rawData),
    certificatePem: certificate.toString('pem'),
    keyPem: key.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}
