import { createHash, X509Certificate } from 'node:crypto';
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { kindOf } from './check-metadata';
import type { ReceivedSubmission } from './registry-objects';
import type { RegistryFault } from './registry-answer';
import { all, one, text } from './xml';

/** The signature document of a submission set: core validation by xml-crypto, then the manifest over the documents. */

const CODE = 'XDSRepositoryMetadataError';
const HASHES: Record<string, string> = {
  'http://www.w3.org/2000/09/xmldsig#sha1': 'sha1',
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
};

/** Faults of the signature; empty when it holds over every document of the submission. */
export function checkXades(received: ReceivedSubmission, contents: Map<string, Buffer>): RegistryFault[] {
  const entry = received.documents.find((document) => kindOf(document) === 'signature');
  const bytes = entry && contents.get(entry.symbol);
  if (!entry || !bytes) return [{ code: CODE, context: 'no signature document' }];
  const fault = (context: string): RegistryFault[] => [{ code: CODE, context: `signature: ${context}` }];
  const source = bytes.toString('utf8');
  const document = new DOMParser({ onError: () => undefined }).parseFromString(source, 'application/xml');
  const signature = one('//ds:Signature[ds:SignedInfo]', document);
  if (!signature) return fault('not an XML signature');
  const certificate = text('ds:KeyInfo/ds:X509Data/ds:X509Certificate[1]', signature);
  try {
    const signer = new X509Certificate(Buffer.from(certificate, 'base64'));
    const verifier = new SignedXml({ publicCert: signer.toString(), getCertFromKeyInfo: () => null });
    verifier.idAttributes = ['Id']; // of XML signatures; each further name is another walk over the document
    verifier.loadSignature(new XMLSerializer().serializeToString(signature));
    if (!verifier.checkSignature(source)) return fault('the value does not verify');
  } catch {
    return fault('it cannot be verified');
  }
  const signed = all('ds:SignedInfo/ds:Reference', signature).map((reference) => reference.getAttribute('URI'));
  const manifest = one('.//ds:Manifest', signature);
  if (!manifest || !signed.includes(`#${manifest.getAttribute('Id') ?? ''}`))
    return fault('the manifest is not signed');
  const properties = one("//*[local-name()='SignedProperties']", document);
  if (!properties || !signed.includes(`#${properties.getAttribute('Id') ?? ''}`))
    return fault('the properties are not signed');
  return checkManifest(received, contents, (uniqueId) => {
    const reference = one(`ds:Reference[@URI='urn:oid:${uniqueId}']`, manifest);
    return (
      reference && { method: text('ds:DigestMethod/@Algorithm', reference), value: text('ds:DigestValue', reference) }
    );
  });
}

function checkManifest(
  received: ReceivedSubmission,
  contents: Map<string, Buffer>,
  digestOf: (uniqueId: string) => { method: string; value: string } | undefined,
): RegistryFault[] {
  const faults: RegistryFault[] = [];
  const [set] = received.sets;
  if (set && !digestOf(set.uniqueId))
    faults.push({ code: CODE, context: 'signature: the submission set is not named' });
  for (const document of received.documents) {
    if (kindOf(document) === 'signature') continue;
    const digest = digestOf(document.uniqueId);
    const content = contents.get(document.symbol);
    const hash = digest && HASHES[digest.method];
    if (!digest || !hash || !content || createHash(hash).update(content).digest('base64') !== digest.value) {
      faults.push({ code: CODE, context: `signature: digest of ${document.symbol}` });
    }
  }
  return faults;
}
