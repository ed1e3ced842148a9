import { children, contentOf, DerElement, derTag, expectElement, integerKey, nameKey, oidText } from './der';

/** What node's X509Certificate does not tell, read from the DER of a certificate (RFC 5280, 4.1). */
interface TbsFields {
  readonly raw: Buffer;
  readonly serial: DerElement;
  readonly issuer: DerElement;
  readonly subject: DerElement;
  readonly extensions?: DerElement;
}

function tbsOf(raw: Buffer): TbsFields {
  const certificate = expectElement(raw, 0, raw.length, derTag.sequence);
  const tbs = expectElement(raw, certificate.start, certificate.end, derTag.sequence);
  const parts = children(raw, tbs, 12);
  if (parts[0]?.tag === 0xa0) parts.shift();
  return {
    raw,
    serial: parts[0],
    issuer: parts[2],
    subject: parts[4],
    extensions: parts.find((part) => part.tag === 0xa3),
  };
}

/** The serial number in the form used by revocation lists here. */
export function certificateSerialKey(raw: Buffer): string {
  const fields = tbsOf(raw);
  return integerKey(raw, fields.serial);
}

export function certificateSubjectKey(raw: Buffer): string {
  return nameKey(raw, tbsOf(raw).subject);
}

export function certificateIssuerKey(raw: Buffer): string {
  return nameKey(raw, tbsOf(raw).issuer);
}

/** Value (inside the OCTET STRING) of one extension. */
export function certificateExtension(raw: Buffer, oid: string): Buffer | undefined {
  const fields = tbsOf(raw);
  if (!fields.extensions) return undefined;
  const sequence = expectElement(raw, fields.extensions.start, fields.extensions.end, derTag.sequence);
  for (const extension of children(raw, sequence, 100)) {
    const parts = children(raw, extension, 3);
    if (oidText(contentOf(raw, parts[0])) === oid) return contentOf(raw, parts[parts.length - 1]);
  }
  return undefined;
}

const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;
export type KeyUsageName = (typeof keyUsageNames)[number];

/** Bits of the key usage extension (4.2.1.3); undefined when the certificate does not limit its key. */
export function certificateKeyUsage(raw: Buffer): ReadonlySet<KeyUsageName> | undefined {
  const value = certificateExtension(raw, '2.5.29.15');
  if (!value) return undefined;
  const bits = contentOf(value, expectElement(value, 0, value.length, derTag.bitString));
  return new Set(keyUsageNames.filter((_, index) => (bits[1 + (index >> 3)] & (0x80 >> (index & 7))) !== 0));
}

/** HTTP addresses of the CRL distribution points extension (4.2.1.13); LDAP ones are left out. */
export function certificateCrlUrls(raw: Buffer): string[] {
  const value = certificateExtension(raw, '2.5.29.31');
  if (!value) return [];
  const found: string[] = [];
  const walk = (element: DerElement, depth: number): void => {
    if (element.tag === 0x86) found.push(contentOf(value, element).toString('latin1'));
    else if ((element.tag & 0x20) !== 0 && depth < 6)
      for (const child of children(value, element, 20)) walk(child, depth + 1);
  };
  walk(expectElement(value, 0, value.length, derTag.sequence), 0);
  return found.filter((url) => /^https?:\/\/[^\s]{1,2000}$/i.test(url));
}
