import { createPrivateKey } from 'node:crypto';
import { readFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeys, privateKeyPem, subjectToDn, type IssuedCertificate, type Keys } from './authority';
import {
  authorityCertificateFile,
  authorityNames,
  authorityPlans,
  createAuthorities,
  loadAuthority,
  saveAuthority,
  type AuthorityPair,
} from './authority-set';
import { writeBytes, writeText } from './files';
import { memberNames, memberOf, type AuthorityName, type Member, type MemberName } from './members';
import { sandboxPassphrase, toPkcs12 } from './pkcs12';

/** Absolute paths of one member's files; `cert` holds the certificate then its intermediate. */
export type MemberFiles = {
  cert: string;
  leaf: string;
  key: string;
  /** The same key, encrypted with the sandbox passphrase. */
  encryptedKey: string;
  p12?: string;
  legacyP12?: string;
  /** As DNCertificatOperateur writes it: CN,OU,O,ST,C. */
  dn: string;
};

export type SandboxPki = {
  dir: string;
  baseUrl?: string;
  passphrase: string;
  passphraseFile: string;
  /** PEM bundles (root and intermediate) to trust. */
  exchangeCa: string;
  exchangeEcCa: string;
  portalCa: string;
  foreignCa: string;
  members: Record<MemberName, MemberFiles>;
  /** Current revocation lists as files: DER (.crl) beside PEM (.pem), for the issuing authority and for the root. */
  crls: Record<AuthorityName, { issuing: string; root: string }>;
  /** Adds the member to its authority's list and publishes the list again. */
  revoke(name: MemberName, now?: Date): Promise<void>;
  /** Publishes every list again; `nextUpdate` defaults to seven days after `now`. */
  publishCrls(options?: { now?: Date; nextUpdate?: Date }): Promise<void>;
};

type Manifest = {
  version: number;
  baseUrl?: string;
  createdAt: string;
  crlNumber: number;
  members: Record<string, { serial: string; notAfter: string }>;
  revoked: string[];
};

export type SandboxPkiOptions = {
  dir: string;
  /** Clock of the certificates; the real one by default. */
  now?: Date;
  /** Base address of `startPkiServer`, written in the certificates (CRL, OCSP, issuer); none when absent. */
  baseUrl?: string;
  /** One RSA key and one EC key for all end certificates: for tests that only need the shapes. */
  fast?: boolean;
};

const manifestVersion = 1;
const dayMs = 86_400_000;

/** Creates the sandbox's authorities and certificates, or reuses a folder made before that is still valid. */
export async function createSandboxPki(options: SandboxPkiOptions): Promise<SandboxPki> {
  const now = options.now ?? new Date();
  await mkdir(options.dir, { recursive: true });
  const manifest = await readManifest(options.dir);
  if (manifest && isReusable(manifest, options, now)) {
    const pki = openSandboxPki(options.dir, manifest);
    await pki.publishCrls({ now });
    return pki;
  }
  return buildSandboxPki(options, now);
}

async function readManifest(dir: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, 'pki.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

function isReusable(manifest: Manifest, options: SandboxPkiOptions, now: Date): boolean {
  if (manifest.version !== manifestVersion || manifest.baseUrl !== options.baseUrl) return false;
  return memberNames.every((name) => {
    const known = manifest.members[name];
    if (!known) return false;
    return name === 'expired' || new Date(known.notAfter).getTime() > now.getTime() + 30 * dayMs;
  });
}

async function buildSandboxPki(options: SandboxPkiOptions, now: Date): Promise<SandboxPki> {
  const { dir, baseUrl } = options;
  const shared = options.fast ? { rsa: generateKeys('rsa'), ec: generateKeys('ec') } : undefined;
  const authorities = await createAuthorities(now, baseUrl);
  await Promise.all(authorityNames.map((name) => saveAuthority(dir, name, authorities[name])));
  const manifest: Manifest = {
    version: manifestVersion,
    baseUrl,
    createdAt: now.toISOString(),
    crlNumber: 0,
    members: {},
    revoked: memberNames.filter((name) => memberOf(name).revoked),
  };
  await Promise.all(
    memberNames.map(async (name) => {
      const member = memberOf(name);
      const keys = await (shared ? shared[member.key] : generateKeys(member.key));
      const issued = await issueMember(member, authorities[member.authority], keys, now);
      await saveMember(dir, name, member, issued, authorities[member.authority]);
      const { serialNumber, notAfter } = issued.certificate;
      manifest.members[name] = { serial: serialNumber, notAfter: notAfter.toISOString() };
    }),
  );
  await issueOcspResponders(dir, authorities, now);
  await writeBundles(dir);
  await writeText(join(dir, 'passphrase.txt'), `${sandboxPassphrase}\n`, 0o600);
  const pki = openSandboxPki(dir, manifest);
  await pki.publishCrls({ now });
  return pki;
}

function issueMember(member: Member, authority: AuthorityPair, keys: Keys, now: Date): Promise<IssuedCertificate> {
  const { from, to } = member.validDays ?? { from: -30, to: 3 * 365 - 30 };
  return authority.issuing.issue({
    subject: member.subject,
    use: member.use,
    keys,
    names: member.names,
    notBefore: new Date(now.getTime() + from * dayMs),
    notAfter: new Date(now.getTime() + to * dayMs),
  });
}

async function saveMember(
  dir: string,
  name: MemberName,
  member: Member,
  issued: IssuedCertificate,
  authority: AuthorityPair,
): Promise<void> {
  const files = memberFiles(dir, name);
  const leaf = issued.certificate.toString('pem') + '\n';
  const issuer = authority.issuing.certificate.toString('pem') + '\n';
  const keyPem = await privateKeyPem(issued.keys);
  const encrypted = createPrivateKey(keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: sandboxPassphrase,
  });
  await Promise.all([
    writeText(files.leaf, leaf),
    writeText(files.cert, leaf + issuer),
    writeText(files.key, keyPem, 0o600),
    writeText(files.encryptedKey, encrypted.toString(), 0o600),
    ...(member.pkcs12
      ? [
          writeBytes(files.p12!, toPkcs12(keyPem, [leaf, issuer], 'aes'), 0o600),
          writeBytes(files.legacyP12!, toPkcs12(keyPem, [leaf, issuer], 'legacy'), 0o600),
        ]
      : []),
  ]);
}

/** Each issuing authority delegates its OCSP answers to a responder certificate (RFC 6960, 4.2.2.2). */
async function issueOcspResponders(
  dir: string,
  authorities: Record<AuthorityName, AuthorityPair>,
  now: Date,
): Promise<void> {
  await Promise.all(
    authorityNames.map(async (name) => {
      const keys = await generateKeys('ec');
      const issued = await authorities[name].issuing.issue({
        subject: { commonName: `SANDBOX OCSP ${authorityPlans[name].crlName}`, organisation: 'DRIMBOX SANDBOX' },
        use: 'ocsp',
        keys,
        notBefore: new Date(now.getTime() - dayMs),
        notAfter: new Date(now.getTime() + 3 * 365 * dayMs),
      });
      await writeText(join(dir, 'authorities', `${name}-ocsp-cert.pem`), issued.certificate.toString('pem') + '\n');
      await writeText(join(dir, 'authorities', `${name}-ocsp-key.pem`), await privateKeyPem(keys), 0o600);
    }),
  );
}

const bundleFiles: Record<AuthorityName, string> = {
  exchange: 'exchange-ca.pem',
  exchangeEc: 'exchange-ec-ca.pem',
  portal: 'portal-ca.pem',
  foreign: 'foreign-ca.pem',
};

async function writeBundles(dir: string): Promise<void> {
  for (const name of authorityNames) {
    const root = await readFile(authorityCertificateFile(dir, name, 'root'), 'utf8');
    const issuing = await readFile(authorityCertificateFile(dir, name, 'issuing'), 'utf8');
    await writeText(join(dir, bundleFiles[name]), root === issuing ? root : root + issuing);
  }
}

function memberFiles(dir: string, name: MemberName): MemberFiles {
  const base = join(
    dir,
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  const member = memberOf(name);
  return {
    cert: `${base}-cert.pem`,
    leaf: `${base}-leaf.pem`,
    key: `${base}-key.pem`,
    encryptedKey: `${base}-key-encrypted.pem`,
    ...(member.pkcs12 ? { p12: `${base}.p12`, legacyP12: `${base}-legacy.p12` } : {}),
    dn: subjectToDn(member.subject),
  };
}

/** File of the DER revocation list of one authority. */
export function crlFile(dir: string, name: AuthorityName, level: 'root' | 'issuing'): string {
  return join(dir, 'crl', `${authorityPlans[name].crlName}${level === 'root' ? '-RACINE' : ''}.crl`);
}

function openSandboxPki(dir: string, manifest: Manifest): SandboxPki {
  const publishCrls = async (options: { now?: Date; nextUpdate?: Date } = {}): Promise<void> => {
    manifest.crlNumber += 1;
    const thisUpdate = options.now ?? new Date();
    const nextUpdate = options.nextUpdate ?? new Date(thisUpdate.getTime() + 7 * dayMs);
    for (const name of authorityNames) {
      const pair = await loadAuthority(dir, name, manifest.baseUrl);
      for (const level of ['issuing', 'root'] as const) {
        const revoked = level === 'root' ? [] : revokedSerials(manifest, name);
        const crl = await pair[level].revocationList({
          revokedSerials: revoked,
          thisUpdate,
          nextUpdate,
          crlNumber: manifest.crlNumber,
        });
        await writeBytes(crlFile(dir, name, level), crl.der);
        await writeText(crlFile(dir, name, level).replace(/crl$/, 'pem'), crl.pem);
      }
    }
    await writeText(join(dir, 'pki.json'), JSON.stringify(manifest, null, 2));
  };
  return {
    dir,
    baseUrl: manifest.baseUrl,
    passphrase: sandboxPassphrase,
    passphraseFile: join(dir, 'passphrase.txt'),
    exchangeCa: join(dir, bundleFiles.exchange),
    exchangeEcCa: join(dir, bundleFiles.exchangeEc),
    portalCa: join(dir, bundleFiles.portal),
    foreignCa: join(dir, bundleFiles.foreign),
    members: Object.fromEntries(memberNames.map((name) => [name, memberFiles(dir, name)])) as SandboxPki['members'],
    crls: Object.fromEntries(
      authorityNames.map((name) => [
        name,
        { issuing: crlFile(dir, name, 'issuing'), root: crlFile(dir, name, 'root') },
      ]),
    ) as SandboxPki['crls'],
    publishCrls,
    async revoke(name, now) {
      if (!manifest.revoked.includes(name)) manifest.revoked.push(name);
      await publishCrls({ now });
    },
  };
}

/** Serials revoked below one authority, or an empty list. */
function revokedSerials(manifest: Manifest, authority: AuthorityName): string[] {
  return manifest.revoked
    .filter((name) => memberOf(name as MemberName).authority === authority)
    .map((name) => manifest.members[name].serial);
}
