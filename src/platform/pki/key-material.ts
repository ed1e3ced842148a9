import { createPrivateKey, KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { fault, PkiFault, PkiFaultsError } from './pki-fault';
import { readPkcs12 } from './pkcs12';

/** Where a key, its certificate, its chain and the authorities to trust are kept. PEM files, or one PKCS#12. */
export interface MaterialSource {
  /** Kind of use, for logs and health: `exchange`, `psc-client`, `seal`… */
  readonly name: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  /** More intermediates (PEM), when `certificateFile` does not hold them. */
  readonly chainFile?: string;
  readonly pkcs12File?: string;
  /** File whose first line is the passphrase of the key or of the PKCS#12. */
  readonly passphraseFile?: string;
  /** PEM bundles of the authorities to trust. */
  readonly anchorFiles: readonly string[];
}

export interface KeyMaterial {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  /** Intermediates, without the certificate itself. */
  readonly chain: readonly X509Certificate[];
}

export interface LoadedMaterial extends Partial<KeyMaterial> {
  readonly anchors: readonly X509Certificate[];
}

const fileBytesMax = 4 * 1024 * 1024;

async function readLimited(file: string, faults: PkiFault[]): Promise<Buffer | undefined> {
  try {
    if ((await stat(file)).size > fileBytesMax) {
      faults.push(fault('file-too-large', 'the file is too large to be a key or a certificate', file));
      return undefined;
    }
    return await readFile(file);
  } catch {
    faults.push(fault('file-not-readable', 'the file does not exist or cannot be read', file));
    return undefined;
  }
}

/** Every certificate of a PEM bundle, or the one of a DER file. */
export function parseCertificates(bytes: Buffer): X509Certificate[] {
  if (bytes[0] === 0x30) return [new X509Certificate(bytes)];
  const blocks = bytes.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, 2_000).map((block) => new X509Certificate(block));
}

async function readCertificates(file: string, faults: PkiFault[]): Promise<X509Certificate[]> {
  const bytes = await readLimited(file, faults);
  if (!bytes) return [];
  try {
    const found = parseCertificates(bytes);
    if (found.length === 0) faults.push(fault('certificate-missing', 'the file holds no certificate', file));
    return found;
  } catch {
    faults.push(fault('certificate-malformed', 'the file holds a certificate that cannot be read', file));
    return [];
  }
}

async function readPassphrase(source: MaterialSource, faults: PkiFault[]): Promise<string | undefined> {
  if (!source.passphraseFile) return undefined;
  const bytes = await readLimited(source.passphraseFile, faults);
  return bytes?.toString('utf8').split(/\r?\n/, 1)[0];
}

function readKey(pem: Buffer, passphrase: string | undefined, file: string, faults: PkiFault[]): KeyObject | undefined {
  const isEncrypted = /ENCRYPTED/.test(pem.toString('latin1'));
  if (isEncrypted && passphrase === undefined) {
    faults.push(fault('passphrase-missing', 'the key is encrypted and no passphrase file is given', file));
    return undefined;
  }
  try {
    return createPrivateKey({ key: pem, ...(isEncrypted ? { passphrase } : {}) });
  } catch {
    const code = isEncrypted ? 'passphrase-wrong' : 'key-malformed';
    faults.push(
      fault(code, isEncrypted ? 'the passphrase does not open the key' : 'the file holds no usable key', file),
    );
    return undefined;
  }
}

async function readPair(source: MaterialSource, faults: PkiFault[]): Promise<Partial<KeyMaterial>> {
  const passphrase = await readPassphrase(source, faults);
  if (source.pkcs12File) {
    const bytes = await readLimited(source.pkcs12File, faults);
    return bytes ? readPkcs12(bytes, passphrase, source.pkcs12File, faults) : {};
  }
  if (!source.certificateFile) return {};
  const [certificate, ...inline] = await readCertificates(source.certificateFile, faults);
  const more = source.chainFile ? await readCertificates(source.chainFile, faults) : [];
  const pem = source.keyFile ? await readLimited(source.keyFile, faults) : undefined;
  if (!source.keyFile) faults.push(fault('key-missing', 'no key file is given'));
  const key = pem && source.keyFile ? readKey(pem, passphrase, source.keyFile, faults) : undefined;
  return { key, certificate, chain: [...inline, ...more] };
}

/** Reads everything a source names; faults are collected, nothing is thrown. Without certificate or PKCS#12: anchors only. */
export async function readMaterial(source: MaterialSource): Promise<{ material: LoadedMaterial; faults: PkiFault[] }> {
  const faults: PkiFault[] = [];
  const anchors: X509Certificate[] = [];
  for (const file of source.anchorFiles) anchors.push(...(await readCertificates(file, faults)));
  const pair = await readPair(source, faults);
  return { material: { ...pair, anchors }, faults };
}

/** A key with its certificate, for signing (seals): reads and throws `PkiFaultsError` with every fault when unusable. */
export async function loadKeyMaterial(source: MaterialSource): Promise<KeyMaterial> {
  const { material, faults } = await readMaterial(source);
  const { key, certificate, chain } = material;
  if (!key || !certificate || faults.length > 0) {
    throw new PkiFaultsError(
      source.name,
      faults.length > 0 ? faults : [fault('certificate-missing', 'no certificate is given')],
    );
  }
  return { key, certificate, chain: chain ?? [] };
}
