import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { certificateKeyUsage } from './certificate-fields';
import { buildPath } from './chain';
import { LoadedMaterial, MaterialSource, readMaterial } from './key-material';
import { fault, PkiFault } from './pki-fault';

/** `webServer` shows a certificate to browsers and asks them for none: it needs no authority to trust. */
export type MaterialUse = 'webServer' | 'server' | 'client' | 'serverAndClient' | 'signature' | 'anchorsOnly';

export interface ProofOptions {
  readonly use: MaterialUse;
  readonly now: Date;
  /** A certificate that ends within this many days is told as `near-its-end`. */
  readonly nearEndDays: number;
  /** Names a server certificate must cover. */
  readonly hostNames?: readonly string[];
  /**
   * Whether the other side trusts our certificate, and for what, is its own affair: neither its chain nor its usages are
   * judged (the PACS of a hospital, whose authority is often not the one that issued our certificate).
   */
  readonly isJudgedByPeer?: boolean;
}

const dayMs = 86_400_000;

/** Whole days until a certificate's end; negative once past. */
export function daysLeft(certificate: X509Certificate, now: Date): number {
  return Math.floor((new Date(certificate.validTo).getTime() - now.getTime()) / dayMs);
}

const judgedByPeer: ReadonlySet<string> = new Set(['chain-not-trusted', 'usage-not-allowed', 'anchor-missing']);

/** Everything wrong with material that was read: pair, dates, path to an anchor, usages, strength, names. */
export function proveMaterial(material: LoadedMaterial, options: ProofOptions): PkiFault[] {
  const faults = faultsOf(material, options);
  return options.isJudgedByPeer ? faults.filter(({ code }) => !judgedByPeer.has(code)) : faults;
}

function faultsOf(material: LoadedMaterial, options: ProofOptions): PkiFault[] {
  if (material.anchors.length === 0) {
    if (options.use !== 'signature' && options.use !== 'webServer')
      return [fault('anchor-missing', 'no authority to trust is given')];
  }
  if (options.use === 'anchorsOnly') return [];
  const { certificate, key, chain } = material;
  if (!certificate) return [fault('certificate-missing', 'no certificate is given')];
  const faults = [
    ...proveDates(certificate, options),
    ...proveUsage(certificate, options.use),
    ...proveStrength(certificate),
  ];
  if (key && !certificate.checkPrivateKey(key))
    faults.push(fault('key-does-not-match', 'the key is not that of the certificate'));
  if (material.anchors.length > 0 && !buildPath(certificate, chain ?? [], material.anchors, options.now)) {
    faults.push(fault('chain-not-trusted', 'no valid path leads from the certificate to a trusted authority'));
  }
  for (const name of options.hostNames ?? []) {
    if (!(isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name))) {
      faults.push(fault('name-not-covered', `the certificate does not cover the name ${name}`));
    }
  }
  return faults;
}

function proveDates(certificate: X509Certificate, options: ProofOptions): PkiFault[] {
  const left = daysLeft(certificate, options.now);
  if (new Date(certificate.validFrom) > options.now)
    return [fault('not-yet-valid', 'the certificate is not valid yet')];
  if (new Date(certificate.validTo) < options.now) return [fault('expired', 'the certificate has ended')];
  return left < options.nearEndDays ? [fault('near-its-end', `the certificate ends in ${left} days`)] : [];
}

const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';
const wantedExtended: Record<MaterialUse, string[]> = {
  webServer: [serverAuth],
  server: [serverAuth],
  client: [clientAuth],
  serverAndClient: [serverAuth, clientAuth],
  signature: [],
  anchorsOnly: [],
};

/** Key usage and extended key usage; a certificate without these extensions is not limited (RFC 5280, 4.2.1.3, 4.2.1.12). */
function proveUsage(certificate: X509Certificate, use: MaterialUse): PkiFault[] {
  const extended = certificate.keyUsage as string[] | undefined;
  const missing = extended ? wantedExtended[use].filter((oid) => !extended.includes(oid)) : [];
  const bits = certificateKeyUsage(certificate.raw);
  const signs = !bits || bits.has('digitalSignature') || (use === 'signature' && bits.has('nonRepudiation'));
  if (missing.length === 0 && signs && !certificate.ca) return [];
  return [fault('usage-not-allowed', `the certificate may not be used as ${use}`)];
}

function proveStrength(certificate: X509Certificate): PkiFault[] {
  const details = certificate.publicKey.asymmetricKeyDetails;
  const bits = details?.modulusLength;
  return bits !== undefined && bits < 2048 ? [fault('key-too-weak', `an RSA key of ${bits} bits is too weak`)] : [];
}

/** Reads and proves: all faults at once, for the start of the gateway and for `drimbox config check`. */
export async function readAndProve(
  source: MaterialSource,
  options: ProofOptions,
): Promise<{ material: LoadedMaterial; faults: PkiFault[] }> {
  const { material, faults } = await readMaterial(source);
  const isReadable = !faults.some((one) => one.severity === 'error');
  return { material, faults: isReadable ? proveMaterial(material, options) : faults };
}
