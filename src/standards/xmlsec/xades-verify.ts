import { createHash, X509Certificate } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { certificateNames, DerFault, readDer } from '../identity';
import { digestMethods, dsigNamespace, type SignaturePolicy } from './algorithms';
import { asVerified, SignatureFault, type Verified } from './dsig-refusal';
import { checkSignature, readBase64, type SignedReference } from './dsig-verify';
import { childElements, onlyChild } from './xml-tools';

/** XAdES 1.3.2 (ETSI EN 319 132-1) and 1.1.1 (what the DMP's samples use): namespace → Type of the reference. */
const signedPropertiesTypes: Readonly<Record<string, string>> = {
  'http://uri.etsi.org/01903/v1.3.2#': 'http://uri.etsi.org/01903#SignedProperties',
  'http://uri.etsi.org/01903/v1.1.1#': 'http://uri.etsi.org/01903/v1.1.1#SignedProperties',
};

export interface VerifiedXades {
  /** Certificate the signature was made with: bound by SigningCertificate, NOT yet trusted. */
  readonly certificate: X509Certificate;
  readonly certificateDer: Buffer;
  /** Other certificates of KeyInfo: help to build a chain, trusted for nothing. */
  readonly otherCertificates: readonly X509Certificate[];
  readonly signingTime: Date;
  /** What is covered, without the reference to SignedProperties. */
  readonly references: readonly SignedReference[];
}

const certificatesMax = 10;

/**
 * Baseline-B verification (EN 319 132-1 section 6): XML-DSig core validation with the key of the certificate in KeyInfo,
 * SignedProperties referenced with the right Type and lying in this signature, SigningCertificate(V2) equal to that
 * certificate, SigningTime present. Trust in the certificate (chain, dates, revocation, name) is the caller's next step.
 */
export function verifyXades(signature: Element, policy: SignaturePolicy): Verified<VerifiedXades> {
  return asVerified(() => {
    const { properties, namespace } = findSignedProperties(signature);
    const certificates = keyInfoCertificates(signature);
    const signatureProperties = xadesChild(properties, namespace, 'SignedSignatureProperties');
    const signing = signingCertificate(signatureProperties, namespace, certificates);
    const { references } = checkSignature(signature, signing.certificate.publicKey, policy);
    const [bound, ...more] = references.filter(({ node }) => node === properties);
    if (!bound || more.length > 0 || bound.type !== signedPropertiesTypes[namespace]) {
      throw new SignatureFault('signed-properties', 'not referenced with the right Type');
    }
    if (references.some((one) => one !== bound && one.type.endsWith('#SignedProperties'))) {
      throw new SignatureFault('signed-properties', 'a second reference claims the Type');
    }
    return {
      certificate: signing.certificate,
      certificateDer: signing.der,
      otherCertificates: certificates.filter((one) => one !== signing).map(({ certificate }) => certificate),
      signingTime: readSigningTime(signatureProperties, namespace),
      references: references.filter((one) => one !== bound),
    };
  });
}

interface Candidate {
  readonly der: Buffer;
  readonly certificate: X509Certificate;
}

function keyInfoCertificates(signature: Element): Candidate[] {
  const keyInfo = onlyChild(signature, dsigNamespace, 'KeyInfo');
  if (!keyInfo) throw new SignatureFault('certificate', 'no KeyInfo');
  const elements = childElements(keyInfo, dsigNamespace, 'X509Data').flatMap((data) =>
    childElements(data, dsigNamespace, 'X509Certificate'),
  );
  if (elements.length === 0 || elements.length > certificatesMax) throw new SignatureFault('certificate', 'count');
  return elements.map((element) => {
    const der = readBase64(element);
    try {
      // Node would also take a PEM text, or stop at the end of the first of two; one exact DER element is meant.
      if (readDer(der).length !== 1) throw new DerFault('more than one element');
      return { der, certificate: new X509Certificate(der) };
    } catch {
      throw new SignatureFault('certificate', 'not a certificate');
    }
  });
}

function findSignedProperties(signature: Element): { properties: Element; namespace: string } {
  const found = childElements(signature, dsigNamespace, 'Object').flatMap((object) =>
    childElements(object).filter(({ localName }) => localName === 'QualifyingProperties'),
  );
  const [qualifying, ...more] = found;
  if (!qualifying || more.length > 0) throw new SignatureFault('signed-properties', 'QualifyingProperties');
  const namespace = qualifying.namespaceURI ?? '';
  if (!Object.hasOwn(signedPropertiesTypes, namespace))
    throw new SignatureFault('signed-properties', 'version of XAdES');
  const id = signature.getAttribute('Id');
  if (!id || qualifying.getAttribute('Target') !== `#${id}`) throw new SignatureFault('signed-properties', 'Target');
  return { properties: xadesChild(qualifying, namespace, 'SignedProperties'), namespace };
}

/** The certificate of KeyInfo whose digest (and issuer and serial, when given) the signer put under his signature. */
function signingCertificate(properties: Element, namespace: string, candidates: readonly Candidate[]): Candidate {
  const holders = childElements(properties).filter(
    ({ localName, namespaceURI }) => namespaceURI === namespace && /^SigningCertificate(V2)?$/.test(localName ?? ''),
  );
  const [holder, ...more] = holders;
  if (!holder || more.length > 0) throw new SignatureFault('certificate', 'SigningCertificate');
  const [cert] = childElements(holder, namespace, 'Cert');
  if (!cert) throw new SignatureFault('certificate', 'SigningCertificate without Cert');
  const digest = xadesChild(cert, namespace, 'CertDigest');
  // In 1.1.1 the two children belong to the XAdES namespace, since 1.3.2 to that of XML-DSig.
  const [method, value] = childElements(digest);
  const inner = namespace.includes('v1.1.1') ? namespace : dsigNamespace;
  const wellFormed =
    method?.localName === 'DigestMethod' &&
    method.namespaceURI === inner &&
    value?.localName === 'DigestValue' &&
    value.namespaceURI === inner;
  const algorithm = method?.getAttribute('Algorithm') ?? '';
  const hash = Object.hasOwn(digestMethods, algorithm) ? digestMethods[algorithm] : undefined;
  if (!wellFormed || hash === undefined) throw new SignatureFault('certificate', 'CertDigest');
  const expected = readBase64(value);
  const match = candidates.find(({ der }) => createHash(hash).update(der).digest().equals(expected));
  if (!match) throw new SignatureFault('certificate', 'not the certificate that was signed for');
  requireIssuerAndSerial(cert, namespace, match.der);
  return match;
}

function requireIssuerAndSerial(cert: Element, namespace: string, der: Buffer): void {
  const names = certificateNames(der);
  const [v1] = childElements(cert, namespace, 'IssuerSerial');
  const serialText = v1 && onlyChild(v1, dsigNamespace, 'X509SerialNumber')?.textContent?.trim();
  if (v1 && (serialText === undefined || serialText !== BigInt(`0x${names.serial.toString('hex')}`).toString())) {
    throw new SignatureFault('certificate', 'IssuerSerial');
  }
  const [v2] = childElements(cert, namespace, 'IssuerSerialV2');
  if (!v2) return;
  try {
    // IssuerSerial ::= SEQUENCE { issuer GeneralNames, serial INTEGER } (RFC 5035); the name is a [4] directoryName.
    const [sequence] = readDer(readBase64(v2));
    const [generalNames, serial] = readDer(sequence?.content ?? Buffer.alloc(0));
    const [directoryName] = readDer(generalNames?.content ?? Buffer.alloc(0));
    const same =
      serial?.content.equals(names.serial) === true && directoryName?.content.equals(names.issuerDer) === true;
    if (!same) throw new SignatureFault('certificate', 'IssuerSerialV2');
  } catch (error) {
    if (error instanceof DerFault) throw new SignatureFault('certificate', 'IssuerSerialV2');
    throw error;
  }
}

function readSigningTime(properties: Element, namespace: string): Date {
  const text = onlyChild(properties, namespace, 'SigningTime')?.textContent?.trim() ?? '';
  const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = new Date(zoned ? text : Number.NaN);
  if (Number.isNaN(time.getTime())) throw new SignatureFault('signing-time', 'absent, without zone or malformed');
  return time;
}

function xadesChild(parent: Element, namespace: string, localName: string): Element {
  const child = onlyChild(parent, namespace, localName);
  if (!child) throw new SignatureFault('signed-properties', localName);
  return child;
}
