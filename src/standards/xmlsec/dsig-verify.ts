import { createHash, verify, type KeyObject } from 'node:crypto';
import type { Attr, Document, Element, Node } from '@xmldom/xmldom';
import {
  canonicalForms,
  digestMethods,
  dsigNamespace,
  envelopedSignature,
  excC14n,
  filter2Namespace,
  signatureMethods,
  type SignaturePolicy,
} from './algorithms';
import { canonicalize, type CanonicalForm } from './canonical-xml';
import { asVerified, SignatureFault, type Verified } from './dsig-refusal';
import { childElements, isElement } from './xml-tools';

/** One part of the document covered by a verified signature. Read `node` (or `canonical`), nothing beside it. */
export interface SignedReference {
  readonly id: string;
  readonly type: string;
  /** The document (URI="") or the element the reference points to, in the tree that was given. */
  readonly node: Document | Element;
  /** Octets that were hashed, as text. */
  readonly canonical: string;
}

export interface VerifiedSignature {
  readonly references: readonly SignedReference[];
}

const referencesMax = 10;
const signaturesPath = '/descendant::ds:Signature';

/** Every `ds:Signature` of the document, in document order. */
export function signaturesIn(document: Document): Element[] {
  return Array.from(document.getElementsByTagNameNS(dsigNamespace, 'Signature'));
}

/**
 * Core validation of XML-DSig (section 3.2) under a closed profile: references to the whole document or to one Id that
 * exists once, transforms from a short list, allowed algorithms only, and no comment, processing instruction or CDATA in
 * what is signed. The key is the caller's: nothing in the document chooses it.
 */
export function verifySignature(
  signature: Element,
  key: KeyObject,
  policy: SignaturePolicy,
): Verified<VerifiedSignature> {
  return asVerified(() => checkSignature(signature, key, policy));
}

/** As `verifySignature`, throwing SignatureFault: for verifiers built on top of it. */
export function checkSignature(signature: Element, key: KeyObject, policy: SignaturePolicy): VerifiedSignature {
  const signedInfo = required(signature, 'SignedInfo');
  refuseComments(signature);
  const document = signature.ownerDocument;
  if (!document) throw new SignatureFault('structure', 'signature without document');
  const elements = childElements(signedInfo);
  const references = childElements(signedInfo, dsigNamespace, 'Reference');
  if (references.length === 0 || references.length > referencesMax || elements.length !== references.length + 2) {
    throw new SignatureFault('structure', 'SignedInfo');
  }
  const verified = references.map((reference) => checkReference(reference, signature, document, policy));
  checkValue(signature, signedInfo, key, policy);
  return { references: verified };
}

function checkReference(
  reference: Element,
  signature: Element,
  document: Document,
  policy: SignaturePolicy,
): SignedReference {
  const uri = reference.getAttribute('URI');
  if (uri === null) throw new SignatureFault('reference', 'no URI');
  const node = uri === '' ? document : elementById(document, uri);
  refuseComments(node);
  const { form, omitted } = readTransforms(reference, signature, document);
  const canonical = canonicalize(node, form, omitted);
  const method = allowed(digestMethods, required(reference, 'DigestMethod'));
  if (method === 'sha1' && !policy.allowSha1) throw new SignatureFault('algorithm', 'SHA-1 digest');
  const expected = readBase64(required(reference, 'DigestValue'));
  if (!createHash(method).update(canonical, 'utf8').digest().equals(expected)) {
    throw new SignatureFault('digest', uri === '' ? 'document' : 'element');
  }
  return { id: reference.getAttribute('Id') ?? '', type: reference.getAttribute('Type') ?? '', node, canonical };
}

function checkValue(signature: Element, signedInfo: Element, key: KeyObject, policy: SignaturePolicy): void {
  const canonicalization = required(signedInfo, 'CanonicalizationMethod');
  const form = { ...allowed(canonicalForms, canonicalization), inclusivePrefixes: inclusivePrefixes(canonicalization) };
  const methodElement = required(signedInfo, 'SignatureMethod');
  if (childElements(methodElement).length > 0) throw new SignatureFault('algorithm', 'SignatureMethod with parameters');
  const method = allowed(signatureMethods, methodElement);
  if (method.hash === 'sha1' && !policy.allowSha1) throw new SignatureFault('algorithm', 'SHA-1 signature');
  if (key.type !== 'public' || key.asymmetricKeyType !== method.key) throw new SignatureFault('key', 'kind of key');
  if (method.key === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < policy.rsaBitsMin) {
    throw new SignatureFault('key', 'RSA key too short');
  }
  const data = Buffer.from(canonicalize(signedInfo, form), 'utf8');
  const value = readBase64(required(signature, 'SignatureValue'));
  // XML-DSig writes ECDSA as r and s side by side (RFC 6931, 2.3.6).
  const verifier = method.key === 'ec' ? { key, dsaEncoding: 'ieee-p1363' as const } : { key };
  if (!verify(method.hash, data, verifier, value)) throw new SignatureFault('signature-value', 'does not match');
}

/** At most one transform that removes signatures, then at most one canonicalization (default: C14N 1.0). */
function readTransforms(
  reference: Element,
  signature: Element,
  document: Document,
): { form: CanonicalForm; omitted: ReadonlySet<Node> } {
  let form: CanonicalForm = { exclusive: false, withComments: false };
  let omitted: ReadonlySet<Node> = new Set<Node>();
  const container = childElements(reference, dsigNamespace, 'Transforms');
  if (container.length > 1) throw new SignatureFault('structure', 'Transforms');
  const transforms = container[0] ? childElements(container[0]) : [];
  transforms.forEach((transform, position) => {
    if (transform.localName !== 'Transform' || transform.namespaceURI !== dsigNamespace) {
      throw new SignatureFault('structure', 'Transforms');
    }
    const algorithm = transform.getAttribute('Algorithm') ?? '';
    const canonicalForm = Object.hasOwn(canonicalForms, algorithm) ? canonicalForms[algorithm] : undefined;
    if (canonicalForm && position === transforms.length - 1) {
      form = { ...canonicalForm, inclusivePrefixes: inclusivePrefixes(transform) };
    } else if (algorithm === envelopedSignature && position === 0) {
      if (childElements(transform).length > 0) throw new SignatureFault('transform', 'enveloped-signature');
      omitted = new Set<Node>([signature]);
    } else if (algorithm === filter2Namespace && position === 0) {
      requireSubtractSignatures(transform);
      omitted = new Set<Node>(signaturesIn(document));
    } else {
      throw new SignatureFault('transform', 'not in the list, or not in this place');
    }
  });
  return { form, omitted };
}

/** XPath Filter 2.0: no XPath is evaluated; the only accepted one removes every ds:Signature with its content. */
function requireSubtractSignatures(transform: Element): void {
  const [xpath, ...more] = childElements(transform);
  const accepted =
    xpath !== undefined &&
    more.length === 0 &&
    xpath.namespaceURI === filter2Namespace &&
    xpath.localName === 'XPath' &&
    xpath.getAttribute('Filter') === 'subtract' &&
    childElements(xpath).length === 0 &&
    xpath.textContent === signaturesPath &&
    xpath.lookupNamespaceURI('ds') === dsigNamespace;
  if (!accepted) throw new SignatureFault('transform', 'XPath filter');
}

/** Only child of a canonicalization: InclusiveNamespaces, whose prefixes the exclusive form renders anyway. */
function inclusivePrefixes(method: Element): string[] {
  const children = childElements(method);
  if (children.length === 0) return [];
  const [prefixes, ...more] = children;
  const wellPlaced =
    prefixes?.namespaceURI === excC14n && prefixes.localName === 'InclusiveNamespaces' && more.length === 0;
  if (!wellPlaced || !(method.getAttribute('Algorithm') ?? '').startsWith(excC14n)) {
    throw new SignatureFault('transform', 'parameter of a canonicalization');
  }
  return (prefixes.getAttribute('PrefixList') ?? '')
    .split(/\s+/)
    .filter((prefix) => prefix !== '')
    .map((prefix) => (prefix === '#default' ? '' : prefix));
}

const idAttributes = new Set(['Id', 'ID', 'id', 'xml:id', 'wsu:Id']);

/** The one element bearing the Id of a `#fragment`; a second bearer is an attempt at wrapping. */
export function elementById(document: Document, uri: string): Element {
  const id = /^#([A-Za-z_][\w.-]{0,255}|[0-9][\w.-]{0,255})$/.exec(uri)?.[1];
  if (id === undefined) throw new SignatureFault('reference', 'URI form');
  const bearers: Element[] = [];
  walk(document, (element) => {
    for (let at = 0; at < element.attributes.length; at += 1) {
      const attribute = element.attributes.item(at) as Attr;
      if (attribute.value === id && (idAttributes.has(attribute.name) || attribute.localName === 'Id')) {
        bearers.push(element);
        break;
      }
    }
  });
  if (bearers.length > 1) throw new SignatureFault('duplicate-id', 'referenced Id borne more than once');
  const [element] = bearers;
  if (!element) throw new SignatureFault('reference', 'Id not found');
  return element;
}

function walk(node: Node, visit: (element: Element) => void): void {
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!isElement(child)) continue;
    visit(child);
    walk(child, visit);
  }
}

/** A comment splits the text a reader sees without changing what is hashed: signed content must hold none. */
export function refuseComments(node: Node): void {
  for (let child = node.firstChild; child; child = child.nextSibling) {
    const plain = child.nodeType === 1 || child.nodeType === 3 || isXmlDeclaration(child);
    if (!plain) throw new SignatureFault('comment', 'comment, instruction or CDATA in signed content');
    refuseComments(child);
  }
}

/** The parser keeps the XML declaration as a processing instruction. */
function isXmlDeclaration(node: Node): boolean {
  return node.nodeType === 7 && node.nodeName === 'xml' && node.parentNode?.nodeType === 9 && !node.previousSibling;
}

function required(parent: Element, localName: string): Element {
  const [element, ...more] = childElements(parent, dsigNamespace, localName);
  if (!element || more.length > 0) throw new SignatureFault('structure', localName);
  return element;
}

function allowed<T>(table: Readonly<Record<string, T>>, element: Element): T {
  const algorithm = element.getAttribute('Algorithm') ?? '';
  const found = Object.hasOwn(table, algorithm) ? table[algorithm] : undefined;
  if (found === undefined) throw new SignatureFault('algorithm', `${element.localName ?? ''} not in the list`);
  return found;
}

/** Base64 with no freedom but white space: the same bytes cannot be written in two ways. */
export function readBase64(element: Element): Buffer {
  if (childElements(element).length > 0) throw new SignatureFault('structure', element.localName ?? '');
  const text = (element.textContent ?? '').replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== text) throw new SignatureFault('structure', 'Base64');
  return bytes;
}
