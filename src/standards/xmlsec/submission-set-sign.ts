import type { Element } from '@xmldom/xmldom';
import { certificateNames, formatDistinguishedName } from '../identity';
import { c14nWithComments, canonicalForms, dsigNamespace } from './algorithms';
import { canonicalize } from './canonical-xml';
import { elementById } from './dsig-verify';
import { parseXml } from './parse-xml';
import { digestBase64, signatureUris, type SignatureHash, type Signer } from './signer';
import { escapeXml, onlyChild } from './xml-tools';

/** One document of the submission set, hashed as the octets that are sent. */
export interface SignedDocument {
  /** XDSDocumentEntry.uniqueId, an OID. */
  readonly uniqueId: string;
  readonly content: Uint8Array;
}

export interface SubmissionSetSignatureRequest {
  /** uniqueId of the signature's own document entry; becomes the Id of the signature (see samples). */
  readonly signatureUniqueId: string;
  /** XDSSubmissionSet.uniqueId, an OID. */
  readonly submissionSetUniqueId: string;
  readonly documents: readonly SignedDocument[];
  readonly signingTime: Date;
  readonly hash?: SignatureHash;
  /** Form of the qualifying properties. The DMP's samples are 1.1.1. */
  readonly xades?: '1.1.1' | '1.3.2';
}

interface XadesForm {
  readonly namespace: string;
  readonly type: string;
  /** Declaration on the two children of CertDigest: they are XAdES elements in 1.1.1, XML-DSig ones since. */
  readonly digestXmlns: string;
  readonly trailer: string;
}

const forms: Readonly<Record<'1.1.1' | '1.3.2', XadesForm>> = {
  '1.1.1': {
    namespace: 'http://uri.etsi.org/01903/v1.1.1#',
    type: 'http://uri.etsi.org/01903/v1.1.1#SignedProperties',
    digestXmlns: '',
    trailer: '<SignedDataObjectProperties/>',
  },
  '1.3.2': {
    namespace: 'http://uri.etsi.org/01903/v1.3.2#',
    type: 'http://uri.etsi.org/01903#SignedProperties',
    digestXmlns: ` xmlns="${dsigNamespace}"`,
    trailer: '',
  },
};

/** "Source", ASTM E1762 / 1.2.840.10065.1.12: purpose of a signature by the system that publishes (IHE DSG). */
const purposeOfSignature = '1.2.840.10065.1.12.1.14';
const manifestId = 'IHEManifest';
const propertiesId = 'S0-SignedProperties';
const documentsMax = 100;

/**
 * Signature document of a DMP submission set (IHE DSG detached signature; CI-SIS "Signature du lot de soumission"):
 * a Manifest of the set and its documents and the XAdES properties, both under one RSA signature. Returns the XML text;
 * `hash` and `size` of its document entry are those of its UTF-8 octets.
 */
export async function signSubmissionSet(request: SubmissionSetSignatureRequest, signer: Signer): Promise<string> {
  if (request.documents.length === 0 || request.documents.length > documentsMax) {
    throw new TypeError('a submission set signature covers 1 to 100 documents');
  }
  if (!/^[0-9]+(\.[0-9]+)+$/.test(request.signatureUniqueId))
    throw new TypeError('the uniqueId of a signature is an OID');
  const hash = request.hash ?? 'sha256';
  const unsigned = render(request, signer, { manifest: '', properties: '', value: '' });
  const digests = {
    manifest: digestBase64(hash, canonicalElement(unsigned, manifestId)),
    properties: digestBase64(hash, canonicalElement(unsigned, propertiesId)),
  };
  const signedInfo = canonicalSignedInfo(render(request, signer, { ...digests, value: '' }));
  const value = await signer.sign(hash, Buffer.from(signedInfo, 'utf8'));
  return render(request, signer, { ...digests, value: value.toString('base64') });
}

/** References have no transform, so what is hashed is C14N 1.0 without comments (XML-DSig core, 4.4.3.2). */
function canonicalElement(xml: string, id: string): string {
  return canonicalize(elementById(parseXml(xml), `#${id}`), { exclusive: false, withComments: false });
}

function canonicalSignedInfo(xml: string): string {
  const root = parseXml(xml).documentElement as Element;
  const form = canonicalForms[c14nWithComments];
  const signedInfo = onlyChild(root, dsigNamespace, 'SignedInfo');
  if (!signedInfo || !form) throw new TypeError('no SignedInfo');
  return canonicalize(signedInfo, form);
}

interface Computed {
  readonly manifest: string;
  readonly properties: string;
  readonly value: string;
}

function render(request: SubmissionSetSignatureRequest, signer: Signer, computed: Computed): string {
  const uris = signatureUris[request.hash ?? 'sha256'];
  const form = forms[request.xades ?? '1.1.1'];
  const digestMethod = `<DigestMethod Algorithm="${uris.digest}"/>`;
  const reference = (attributes: string, digest: string): string =>
    `<Reference ${attributes}>${digestMethod}<DigestValue>${digest}</DigestValue></Reference>`;
  const certificates = signer.certificates.map((der) => `<X509Certificate>${der.toString('base64')}</X509Certificate>`);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<Signature xmlns="${dsigNamespace}" Id="${request.signatureUniqueId}"><SignedInfo>` +
    `<CanonicalizationMethod Algorithm="${c14nWithComments}"/><SignatureMethod Algorithm="${uris.signature}"/>` +
    reference(`Type="${dsigNamespace}Manifest" URI="#${manifestId}"`, computed.manifest) +
    reference(`Type="${form.type}" URI="#${propertiesId}"`, computed.properties) +
    `</SignedInfo><SignatureValue>${computed.value}</SignatureValue>` +
    `<KeyInfo><X509Data>${certificates.join('')}</X509Data></KeyInfo>` +
    `<Object><SignatureProperties><SignatureProperty Id="purposeOfSignature" Target="#${request.signatureUniqueId}">` +
    `${purposeOfSignature}</SignatureProperty></SignatureProperties></Object>` +
    `<Object><Manifest Id="${manifestId}">${manifestReferences(request, reference)}</Manifest></Object>` +
    `<Object>${qualifyingProperties(request, signer, form)}</Object></Signature>`
  );
}

/** The set itself has no octets: the samples give it the one-byte digest `AA==`. */
function manifestReferences(
  { submissionSetUniqueId, documents, hash = 'sha256' }: SubmissionSetSignatureRequest,
  reference: (attributes: string, digest: string) => string,
): string {
  const set = reference(`URI="urn:oid:${escapeXml(submissionSetUniqueId)}"`, 'AA==');
  const entries = documents.map(({ uniqueId, content }) =>
    reference(`URI="urn:oid:${escapeXml(uniqueId)}"`, digestBase64(hash, Buffer.from(content))),
  );
  return set + entries.join('');
}

function qualifyingProperties(request: SubmissionSetSignatureRequest, signer: Signer, form: XadesForm): string {
  const [leaf] = signer.certificates;
  if (!leaf) throw new TypeError('a signer needs its certificate');
  const hash = request.hash ?? 'sha256';
  const names = certificateNames(leaf);
  const dsig = ` xmlns="${dsigNamespace}"`;
  return (
    `<QualifyingProperties xmlns="${form.namespace}" Target="#${request.signatureUniqueId}">` +
    `<SignedProperties Id="${propertiesId}"><SignedSignatureProperties>` +
    `<SigningTime>${request.signingTime.toISOString()}</SigningTime><SigningCertificate><Cert><CertDigest>` +
    `<DigestMethod${form.digestXmlns} Algorithm="${signatureUris[hash].digest}"/>` +
    `<DigestValue${form.digestXmlns}>${digestBase64(hash, leaf)}</DigestValue></CertDigest><IssuerSerial>` +
    `<X509IssuerName${dsig}>${escapeXml(formatDistinguishedName(names.issuer))}</X509IssuerName>` +
    `<X509SerialNumber${dsig}>${BigInt(`0x${names.serial.toString('hex')}`)}</X509SerialNumber></IssuerSerial></Cert>` +
    `</SigningCertificate><SignaturePolicyIdentifier><SignaturePolicyImplied/></SignaturePolicyIdentifier>` +
    `</SignedSignatureProperties>${form.trailer}</SignedProperties></QualifyingProperties>`
  );
}
