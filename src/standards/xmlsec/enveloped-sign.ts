import { parseXmlRoot } from './parse-xml';
import { dsigNamespace, envelopedSignature, excC14n } from './algorithms';
import { canonicalize } from './canonical-xml';
import { digestBase64, signatureUris, type SignatureHash, type Signer } from './signer';
import { escapeXml, onlyChild } from './xml-tools';

const exclusive = { exclusive: true, withComments: false } as const;

export interface EnvelopedSignatureRequest {
  /** The element as it will be, in two halves: the signature goes between them. */
  readonly before: string;
  readonly after: string;
  /** Value of the ID attribute of that element. */
  readonly id: string;
  readonly hash: SignatureHash;
}

/**
 * Enveloped XML signature of one element: exclusive C14N, RSA, certificate of the signer in KeyInfo (SAML 2.0 core, 5.4).
 * The element must carry all its namespace declarations, so that it can be laid into any envelope afterwards.
 */
export async function signEnveloped(request: EnvelopedSignatureRequest, signer: Signer): Promise<string> {
  const { before, after, id, hash } = request;
  const digest = digestBase64(hash, canonicalize(parseXmlRoot(before + after), exclusive));
  const withValue = (value: string): string => before + signatureXml({ id, hash, digest, value, signer }) + after;
  const signedInfo = locateSignedInfo(withValue(''));
  const value = await signer.sign(hash, Buffer.from(canonicalize(signedInfo, exclusive), 'utf8'));
  return withValue(value.toString('base64'));
}

function locateSignedInfo(xml: string): Parameters<typeof canonicalize>[0] {
  const signature = onlyChild(parseXmlRoot(xml), dsigNamespace, 'Signature');
  const signedInfo = signature && onlyChild(signature, dsigNamespace, 'SignedInfo');
  if (!signedInfo) throw new TypeError('the signature is not a child of the element it signs');
  return signedInfo;
}

interface SignatureParts {
  readonly id: string;
  readonly hash: SignatureHash;
  readonly digest: string;
  readonly value: string;
  readonly signer: Signer;
}

function signatureXml({ id, hash, digest, value, signer }: SignatureParts): string {
  const uris = signatureUris[hash];
  const certificates = signer.certificates
    .map((der) => `<ds:X509Certificate>${der.toString('base64')}</ds:X509Certificate>`)
    .join('');
  return (
    `<ds:Signature xmlns:ds="${dsigNamespace}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${excC14n}"/>` +
    `<ds:SignatureMethod Algorithm="${uris.signature}"/><ds:Reference URI="#${escapeXml(id)}"><ds:Transforms>` +
    `<ds:Transform Algorithm="${envelopedSignature}"/><ds:Transform Algorithm="${excC14n}"/></ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${uris.digest}"/><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>` +
    `<ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>${certificates}</ds:X509Data></ds:KeyInfo>` +
    `</ds:Signature>`
  );
}
