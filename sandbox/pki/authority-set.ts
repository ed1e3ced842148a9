import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { Authority, generateKeys, privateKeyPem, type Keys, type SubjectName } from './authority';
import type { AuthorityName } from './members';
import { writeText } from './files';

/** A root and, except for the portal, an intermediate that signs the end certificates. */
export type AuthorityPair = { root: Authority; issuing: Authority };

type AuthorityPlan = { key: 'rsa' | 'ec'; root: SubjectName; issuing?: SubjectName; crlName: string };

const owner = { organisation: 'DRIMBOX SANDBOX', units: ['0002 000000000', 'IGC-SANTE SANDBOX'] };
const igcNames = {
  root: { ...owner, commonName: 'SANDBOX AC RACINE IGC-SANTE ELEMENTAIRE' },
  issuing: { ...owner, commonName: 'SANDBOX AC IGC-SANTE ELEMENTAIRE ORGANISATIONS' },
};

/** `crlName` is the file name below /CRL/; the root's list has `-RACINE` before the extension. */
export const authorityPlans: Record<AuthorityName, AuthorityPlan> = {
  exchange: { key: 'rsa', ...igcNames, crlName: 'ACI-EL-ORG' },
  exchangeEc: {
    key: 'ec',
    root: { ...owner, commonName: 'SANDBOX AC RACINE IGC-SANTE EC' },
    issuing: { ...owner, commonName: 'SANDBOX AC IGC-SANTE EC ORGANISATIONS' },
    crlName: 'ACI-EC-ORG',
  },
  portal: { key: 'ec', root: { ...owner, commonName: 'SANDBOX AC PORTAIL' }, crlName: 'AC-PORTAIL' },
  foreign: { key: 'ec', ...igcNames, crlName: 'ACI-ETRANGERE' },
};

export const authorityNames = Object.keys(authorityPlans) as AuthorityName[];

/** Addresses of an authority's revocation list, of its OCSP responder and of its certificate. */
export function addressesOf(name: AuthorityName, level: 'root' | 'issuing', baseUrl: string | undefined) {
  if (!baseUrl) return {};
  const file = authorityPlans[name].crlName + (level === 'root' ? '-RACINE' : '');
  return { crlUrl: `${baseUrl}/CRL/${file}.crl`, ocspUrl: `${baseUrl}/ocsp`, issuerUrl: `${baseUrl}/AC/${file}.cer` };
}

export async function createAuthorities(
  at: Date,
  baseUrl?: string,
): Promise<Record<AuthorityName, AuthorityPair & { keys: Keys[] }>> {
  const created = await Promise.all(
    authorityNames.map(async (name) => {
      const plan = authorityPlans[name];
      const [rootKeys, issuingKeys] = await Promise.all([generateKeys(plan.key), generateKeys(plan.key)]);
      const root = await Authority.root(plan.root, rootKeys, at, addressesOf(name, 'root', baseUrl));
      const issuing = plan.issuing
        ? await root.subordinate(plan.issuing, issuingKeys, at, addressesOf(name, 'issuing', baseUrl))
        : root;
      const keys = [rootKeys, plan.issuing ? issuingKeys : rootKeys];
      return [name, { root, issuing, keys }] as const;
    }),
  );
  return Object.fromEntries(created) as Record<AuthorityName, AuthorityPair & { keys: Keys[] }>;
}

function fileOf(dir: string, name: AuthorityName, level: 'root' | 'issuing', suffix: 'cert' | 'key'): string {
  return join(dir, 'authorities', `${name}-${level}-${suffix}.pem`);
}

export function authorityCertificateFile(dir: string, name: AuthorityName, level: 'root' | 'issuing'): string {
  return fileOf(dir, name, level, 'cert');
}

export async function saveAuthority(
  dir: string,
  name: AuthorityName,
  pair: AuthorityPair & { keys: Keys[] },
): Promise<void> {
  await Promise.all([
    writeText(fileOf(dir, name, 'root', 'cert'), pair.root.certificate.toString('pem') + '\n'),
    writeText(fileOf(dir, name, 'issuing', 'cert'), pair.issuing.certificate.toString('pem') + '\n'),
    writeText(fileOf(dir, name, 'root', 'key'), await privateKeyPem(pair.keys[0]), 0o600),
    writeText(fileOf(dir, name, 'issuing', 'key'), await privateKeyPem(pair.keys[1]), 0o600),
  ]);
}

export async function importKeys(certificate: x509.X509Certificate, keyPem: string): Promise<Keys> {
  const der = Buffer.from(keyPem.replace(/-----[^-]+-----/g, ''), 'base64');
  const algorithm =
    certificate.publicKey.algorithm.name === 'ECDSA'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
  const publicKey = (await certificate.publicKey.export(
    algorithm,
    ['verify'],
    webcrypto as unknown as Crypto,
  )) as unknown;
  return { privateKey, publicKey: publicKey as webcrypto.CryptoKey };
}

export async function loadAuthority(dir: string, name: AuthorityName, baseUrl?: string): Promise<AuthorityPair> {
  const load = async (level: 'root' | 'issuing'): Promise<Authority> => {
    const certificate = new x509.X509Certificate(await readFile(fileOf(dir, name, level, 'cert'), 'utf8'));
    const keys = await importKeys(certificate, await readFile(fileOf(dir, name, level, 'key'), 'utf8'));
    return new Authority(certificate, keys, addressesOf(name, level, baseUrl));
  };
  return { root: await load('root'), issuing: await load('issuing') };
}
