import 'reflect-metadata';
import { createHash, sign, X509Certificate } from 'node:crypto';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { DOMParser } from '@xmldom/xmldom';
import * as x509 from '@peculiar/x509';
import type { ListSigner } from './signer';

const dsig = 'http://www.w3.org/2000/09/xmldsig#';
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const filter2 = 'http://www.w3.org/2002/06/xmldsig-filter2';
const xades = 'http://uri.etsi.org/01903/v1.3.2#';
const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const sha512 = 'http://www.w3.org/2001/04/xmlenc#sha512';

/**
 * The form of the authority's present list: XPath Filter 2.0 (subtract), exclusive canonicalization, RSA-SHA256,
 * SigningCertificateV2 with SHA-512 and IssuerSerialV2. Pieces are written by hand in the order of those files and
 * canonicalized by xml-crypto, so that the gateway's own code is not what proves itself.
 */
export function signWithFilter2(document: string, signer: ListSigner, signedAt: Date): string {
  const id = `id-${createHash('md5').update(document).update(signedAt.toISOString()).digest('hex')}`;
  const properties = signedProperties(id, signer.certificate, signedAt);
  const signedInfo = signedInfoOf(id, {
    document: digest(canonical(document)),
    properties: digest(canonical(inSignature(properties), 'SignedProperties')),
  });
  const value = sign('sha256', Buffer.from(canonical(inSignature(signedInfo), 'SignedInfo')), signer.key);
  const signature =
    `<ds:Signature xmlns:ds="${dsig}" Id="${id}">${signedInfo}` +
    `<ds:SignatureValue Id="value-${id}">${value.toString('base64')}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data>${[signer.certificate, ...(signer.chain ?? [])].map(certificateXml).join('')}</ds:X509Data></ds:KeyInfo>` +
    `<ds:Object><xades:QualifyingProperties xmlns:xades="${xades}" Target="#${id}">${properties}` +
    `</xades:QualifyingProperties></ds:Object></ds:Signature>`;
  const end = document.lastIndexOf('</ListeBlancheDRIM-M>');
  return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>${document.slice(0, end)}${signature}${document.slice(end)}`;
}

const certificateXml = (der: Buffer): string => `<ds:X509Certificate>${der.toString('base64')}</ds:X509Certificate>`;
const digest = (text: string): string => createHash('sha256').update(text).digest('base64');

/** A piece with the namespaces it has in its place. */
function inSignature(piece: string): string {
  return `<ds:Signature xmlns:ds="${dsig}" xmlns:xades="${xades}">${piece}</ds:Signature>`;
}

function canonical(xml: string, localName?: string): string {
  const document = new DOMParser().parseFromString(xml, 'application/xml');
  const all = Array.from(document.getElementsByTagName('*'));
  const node = localName ? all.find((element) => element.localName === localName) : document.documentElement;
  const ancestorNamespaces = [
    { prefix: 'ds', namespaceURI: dsig },
    { prefix: 'xades', namespaceURI: xades },
  ];
  return new ExclusiveCanonicalization().process(node as never, { ancestorNamespaces }).toString();
}

function signedInfoOf(id: string, digests: { document: string; properties: string }): string {
  const method = `<ds:DigestMethod Algorithm="${sha256}"/>`;
  return (
    `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${exclusive}"/>` +
    `<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
    `<ds:Reference Id="r-${id}-1" URI=""><ds:Transforms><ds:Transform Algorithm="${filter2}">` +
    `<dsig-filter2:XPath xmlns:dsig-filter2="${filter2}" Filter="subtract">/descendant::ds:Signature</dsig-filter2:XPath>` +
    `</ds:Transform><ds:Transform Algorithm="${exclusive}"/></ds:Transforms>${method}` +
    `<ds:DigestValue>${digests.document}</ds:DigestValue></ds:Reference>` +
    `<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-${id}"><ds:Transforms>` +
    `<ds:Transform Algorithm="${exclusive}"/></ds:Transforms>${method}` +
    `<ds:DigestValue>${digests.properties}</ds:DigestValue></ds:Reference></ds:SignedInfo>`
  );
}

function signedProperties(id: string, certificate: Buffer, signedAt: Date): string {
  return (
    `<xades:SignedProperties Id="xades-${id}"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${signedAt.toISOString().replace(/\.\d{3}Z$/, 'Z')}</xades:SigningTime><xades:SigningCertificateV2>` +
    `<xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="${sha512}"/>` +
    `<ds:DigestValue>${createHash('sha512').update(certificate).digest('base64')}</ds:DigestValue></xades:CertDigest>` +
    `<xades:IssuerSerialV2>${issuerSerial(certificate).toString('base64')}</xades:IssuerSerialV2></xades:Cert>` +
    `</xades:SigningCertificateV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>` +
    `<xades:DataObjectFormat ObjectReference="#r-${id}-1"><xades:MimeType>application/octet-stream</xades:MimeType>` +
    `</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>`
  );
}

/** IssuerSerial of RFC 5035: SEQUENCE { GeneralNames { [4] Name }, INTEGER }. */
function issuerSerial(certificate: Buffer): Buffer {
  const issuer = Buffer.from(new x509.X509Certificate(new Uint8Array(certificate)).issuerName.toArrayBuffer());
  const hex = new X509Certificate(certificate).serialNumber;
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const magnitude = Buffer.from(even, 'hex');
  const serial = (magnitude[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), magnitude]) : magnitude;
  return tlv(0x30, Buffer.concat([tlv(0x30, tlv(0xa4, issuer)), tlv(0x02, serial)]));
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}
