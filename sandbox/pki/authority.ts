import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** How a subject is written: attributes in the order C, ST, O, OU, CN, as IGC-Santé puts them in its certificates. */
export type SubjectName = {
  commonName: string;
  organisation: string;
  units?: string[];
  state?: string;
  country?: string;
};

export type KeyKind = 'rsa' | 'ec';

/** What a certificate may be used for, named after the IGC-Santé offers. */
export type LeafUse = 'server' | 'client' | 'serverAndClient' | 'seal' | 'ocsp';

export type Keys = CryptoKeyPair;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

export type IssuedCertificate = { certificate: x509.X509Certificate; keys: Keys };

/** Addresses written in certificates so that anyone can ask for their revocation state; left out when absent. */
export type RevocationAddresses = { crlUrl?: string; ocspUrl?: string; issuerUrl?: string };

const dayMs = 86_400_000;
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

export async function generateKeys(kind: KeyKind): Promise<Keys> {
  return webcrypto.subtle.generateKey(kind === 'rsa' ? rsa : ec, true, ['sign', 'verify']);
}

function signingAlgorithm(keys: Keys): typeof rsa | typeof ec {
  return keys.privateKey.algorithm.name === 'ECDSA' ? ec : rsa;
}

/** The name in the X.500 order of the real certificates (country first); values are never parsed as text. */
export function subjectToName(subject: SubjectName): x509.Name {
  const rdns: x509.JsonNameParams = [{ C: [{ printableString: subject.country ?? 'FR' }] }];
  if (subject.state) rdns.push({ ST: [{ utf8String: subject.state }] });
  rdns.push({ O: [{ utf8String: subject.organisation }] });
  for (const unit of subject.units ?? []) rdns.push({ OU: [{ utf8String: unit }] });
  rdns.push({ CN: [{ utf8String: subject.commonName }] });
  return new x509.Name(rdns);
}

/** The name as DNCertificatOperateur writes it: CN,OU,O,ST,C separated by a comma without space. */
export function subjectToDn(subject: SubjectName): string {
  const units = (subject.units ?? []).map((unit) => `OU=${unit}`);
  const state = subject.state ? [`ST=${subject.state}`] : [];
  const head = [`CN=${subject.commonName}`, ...units, `O=${subject.organisation}`];
  return [...head, ...state, `C=${subject.country ?? 'FR'}`].join(',');
}

function keyUsagesOf(use: LeafUse, kind: KeyKind): x509.KeyUsagesExtension {
  const { digitalSignature, nonRepudiation, keyEncipherment } = x509.KeyUsageFlags;
  if (use === 'seal') return new x509.KeyUsagesExtension(digitalSignature | nonRepudiation, true);
  return new x509.KeyUsagesExtension(kind === 'rsa' ? digitalSignature | keyEncipherment : digitalSignature, true);
}

function extendedUsagesOf(use: LeafUse): string[] {
  const { serverAuth, clientAuth, emailProtection, ocspSigning } = x509.ExtendedKeyUsage;
  return {
    server: [serverAuth],
    client: [clientAuth],
    serverAndClient: [serverAuth, clientAuth],
    seal: [emailProtection],
    ocsp: [ocspSigning],
  }[use].map(String);
}

function revocationExtensions(addresses: RevocationAddresses): x509.Extension[] {
  const extensions: x509.Extension[] = [];
  if (addresses.crlUrl) extensions.push(new x509.CRLDistributionPointsExtension([addresses.crlUrl]));
  if (addresses.ocspUrl && addresses.issuerUrl) {
    extensions.push(
      new x509.AuthorityInfoAccessExtension({ ocsp: [addresses.ocspUrl], caIssuers: [addresses.issuerUrl] }),
    );
  }
  return extensions;
}

function newSerial(): string {
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x3f) | 0x40;
  return serial.toString('hex');
}

export type LeafRequest = {
  subject: SubjectName;
  use: LeafUse;
  keys: Keys;
  /** DNS names and IP addresses of SubjectAltName; none for a pure client or a seal. */
  names?: string[];
  notBefore: Date;
  notAfter: Date;
};

/** One certification authority of the sandbox: signs certificates and revocation lists. */
export class Authority {
  constructor(
    readonly certificate: x509.X509Certificate,
    private readonly keys: Keys,
    private readonly addresses: RevocationAddresses,
  ) {}

  /** A self-signed root, 20 years, path length 1. */
  static async root(subject: SubjectName, keys: Keys, at: Date, addresses: RevocationAddresses): Promise<Authority> {
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerial(),
      name: subjectToName(subject),
      notBefore: new Date(at.getTime() - 5 * 365 * dayMs),
      notAfter: new Date(at.getTime() + 15 * 365 * dayMs),
      keys: keys,
      signingAlgorithm: signingAlgorithm(keys),
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(certificate, keys, addresses);
  }

  /** An intermediate authority below this one, 12 years, signing only end certificates. */
  async subordinate(subject: SubjectName, keys: Keys, at: Date, addresses: RevocationAddresses): Promise<Authority> {
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: subjectToName(subject),
      issuer: this.certificate.subjectName,
      notBefore: new Date(at.getTime() - 4 * 365 * dayMs),
      notAfter: new Date(at.getTime() + 8 * 365 * dayMs),
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: signingAlgorithm(this.keys),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        ...revocationExtensions(this.addresses),
      ],
    });
    return new Authority(certificate, keys, addresses);
  }

  /** An end certificate. */
  async issue(request: LeafRequest): Promise<IssuedCertificate> {
    const kind: KeyKind = request.keys.privateKey.algorithm.name === 'ECDSA' ? 'ec' : 'rsa';
    const names = (request.names ?? []).map((value) => ({ type: isIpAddress(value) ? 'ip' : 'dns', value }) as const);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: subjectToName(request.subject),
      issuer: this.certificate.subjectName,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey: request.keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: signingAlgorithm(this.keys),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, false),
        keyUsagesOf(request.use, kind),
        new x509.ExtendedKeyUsageExtension(extendedUsagesOf(request.use)),
        await x509.SubjectKeyIdentifierExtension.create(request.keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        ...revocationExtensions(this.addresses),
      ],
    });
    return { certificate, keys: request.keys };
  }

  /** The revocation list, as PEM that openssl reads (the library's own label `CRL` is not one it knows). */
  async revocationList(options: {
    revokedSerials: string[];
    thisUpdate: Date;
    nextUpdate: Date;
    crlNumber?: number;
  }): Promise<{ der: Buffer; pem: string }> {
    const crl = await x509.X509CrlGenerator.create({
      issuer: this.certificate.subjectName,
      thisUpdate: options.thisUpdate,
      nextUpdate: options.nextUpdate,
      signingKey: this.keys.privateKey,
      signingAlgorithm: signingAlgorithm(this.keys),
      extensions: [
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        new x509.Extension('2.5.29.20', false, encodeCrlNumber(options.crlNumber ?? 1)),
      ],
      entries: options.revokedSerials.map((serialNumber) => ({
        serialNumber,
        revocationDate: options.thisUpdate,
        reason: x509.X509CrlReason.keyCompromise,
      })),
    });
    const der = Buffer.from(crl.rawData);
    return { der, pem: toPem('X509 CRL', der) };
  }
}

/** DER INTEGER of a small positive number. */
function encodeCrlNumber(value: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16);
  const digits = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  const content = digits[0] & 0x80 ? [0, ...digits] : [...digits];
  return new Uint8Array([0x02, content.length, ...content]);
}

function isIpAddress(value: string): boolean {
  return /^[0-9.]+$/.test(value) || value.includes(':');
}

/** PEM with 64 characters a line. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export async function privateKeyPem(keys: Keys): Promise<string> {
  return toPem('PRIVATE KEY', Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)));
}
