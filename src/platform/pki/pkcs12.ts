import { createPrivateKey, KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { KeyMaterial } from './key-material';
import { fault, PkiFault } from './pki-fault';

/**
 * Opens a PKCS#12 (RFC 7292), modern (PBES2, AES) or of old tools (RC2, 3DES), which OpenSSL 3 no longer reads by itself.
 * The first key is used; the certificate is the one that fits it, all others are its chain.
 */
export function readPkcs12(
  bytes: Buffer,
  passphrase: string | undefined,
  file: string,
  faults: PkiFault[],
): Partial<KeyMaterial> {
  if (passphrase === undefined) {
    faults.push(fault('passphrase-missing', 'a PKCS#12 needs a passphrase file', file));
    return {};
  }
  const opened = open(bytes, passphrase, file, faults);
  if (!opened) return {};
  const key = firstKey(opened);
  if (!key) faults.push(fault('key-missing', 'the PKCS#12 holds no usable key', file));
  const certificates = allCertificates(opened);
  const certificate = (key && certificates.find((one) => one.checkPrivateKey(key))) ?? certificates[0];
  if (!certificate) faults.push(fault('certificate-missing', 'the PKCS#12 holds no certificate', file));
  return { key, certificate, chain: certificates.filter((one) => one !== certificate) };
}

function open(bytes: Buffer, passphrase: string, file: string, faults: PkiFault[]): forge.pkcs12.Pkcs12Pfx | undefined {
  let asn1: forge.asn1.Asn1;
  try {
    asn1 = forge.asn1.fromDer(bytes.toString('binary'));
  } catch {
    faults.push(fault('pkcs12-malformed', 'the file is not a PKCS#12', file));
    return undefined;
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(asn1, true, passphrase);
  } catch (error) {
    const isMac = error instanceof Error && /MAC|password/i.test(error.message);
    faults.push(
      isMac
        ? fault('passphrase-wrong', 'the passphrase does not open the PKCS#12', file)
        : fault('pkcs12-malformed', 'the PKCS#12 cannot be read', file),
    );
    return undefined;
  }
}

const bagTypes = forge.pki.oids as Record<string, string>;

function bagsOf(opened: forge.pkcs12.Pkcs12Pfx, type: string): forge.pkcs12.Bag[] {
  const bagType = bagTypes[type];
  return opened.getBags({ bagType })[bagType] ?? [];
}

/** forge itself only knows RSA; what it cannot decode (EC) it leaves as ASN.1, which node reads. */
function firstKey(opened: forge.pkcs12.Pkcs12Pfx): KeyObject | undefined {
  for (const bag of [...bagsOf(opened, 'pkcs8ShroudedKeyBag'), ...bagsOf(opened, 'keyBag')]) {
    try {
      if (bag.key) return createPrivateKey(forge.pki.privateKeyToPem(bag.key));
      const der = Buffer.from(forge.asn1.toDer(bag.asn1).getBytes(), 'binary');
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } catch {
      continue;
    }
  }
  return undefined;
}

function allCertificates(opened: forge.pkcs12.Pkcs12Pfx): X509Certificate[] {
  return bagsOf(opened, 'certBag').flatMap((bag) => {
    try {
      const asn1 = bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1;
      return [new X509Certificate(Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary'))];
    } catch {
      return [];
    }
  });
}
