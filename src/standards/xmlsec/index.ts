export { parseXml, parseXmlRoot } from './parse-xml';
export { XmlRefusedError, defaultXmlLimits, type XmlLimits, type XmlRefusal } from './xml-limits';
export {
  childElements,
  escapeXml,
  isElement,
  onlyChild,
  rootOf,
  select,
  selectOne,
  selectText,
  textOf,
  type NamespaceMap,
} from './xml-tools';
export type { Attr as XmlAttr, Document as XmlDocument, Element as XmlElement, Node as XmlNode } from '@xmldom/xmldom';
export { canonicalize, type CanonicalForm } from './canonical-xml';
export { dsigNamespace, modernPolicy, sha1TolerantPolicy, type SignaturePolicy } from './algorithms';
export { createSigner, type SignatureHash, type Signer } from './signer';
export { type SignatureRefusal, type Verified } from './dsig-refusal';
export { signaturesIn, verifySignature, type SignedReference, type VerifiedSignature } from './dsig-verify';
export { verifyXades, type VerifiedXades } from './xades-verify';
export { signEnveloped, type EnvelopedSignatureRequest } from './enveloped-sign';
export { signSubmissionSet, type SignedDocument, type SubmissionSetSignatureRequest } from './submission-set-sign';
