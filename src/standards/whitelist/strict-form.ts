import type { X509Certificate } from 'node:crypto';
import { certificateNames, formatDistinguishedName } from '../identity';
import { childElements, dsigNamespace, isElement, textOf, type XmlElement } from '../xmlsec';

const name = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const plainTag = new RegExp(`<(?:/${name}|${name}(?: ${name}="[^"<>\\t\\r\\n]*")*/?)>`, 'y');
const plainReference = /&(?!(?:amp|lt|gt|quot|apos);)/;
const declaration = /^<\?xml version="1\.0" encoding="(?:UTF-8|utf-8)"(?: standalone="(?:yes|no)")?\?>(?=<)/;

/**
 * One way of writing: declaration (or none) and tags exactly as signing tools write them, no lone carriage return, no
 * numeric reference, nothing around the root but a line end after it. What an XML parser would make equal is thus told apart.
 */
export function isPlainlyWritten(text: string): boolean {
  const body = text.startsWith('<?xml') ? text.replace(declaration, '') : text;
  if (!body.startsWith('<') || /\r(?!\n)/.test(body) || plainReference.test(body)) return false;
  if (!/>(?:\r?\n)?$/.test(body)) return false;
  for (let at = body.indexOf('<'); at !== -1; at = body.indexOf('<', plainTag.lastIndex)) {
    plainTag.lastIndex = at;
    if (!plainTag.test(body)) return false;
  }
  return true;
}

type AttributeRule = (value: string, context: FormContext) => boolean;

interface FormContext {
  readonly signatureId: string;
  readonly certificate: X509Certificate;
}

const namespaces = new Set([dsigNamespace, 'http://uri.etsi.org/01903/v1.3.2#']);

/** Ways in which signing tools derive the Id of the value from that of the signature. */
const valueIds: readonly ((id: string) => string)[] = [
  (id) => `value-${id}`,
  (id) => `${id}-sigvalue`,
  (id) => `${id}-value`,
  (id) => `SignatureValue-${id}`,
];

/** Elements of the signature that no reference covers, with the attributes each may bear. */
const uncovered: Readonly<Record<string, Readonly<Record<string, AttributeRule>>>> = {
  Signature: { Id: () => true },
  SignatureValue: { Id: (value, { signatureId }) => valueIds.some((derive) => derive(signatureId) === value) },
  KeyInfo: {},
  X509Data: {},
  X509Certificate: {},
  X509SubjectName: {},
  Object: {},
  QualifyingProperties: { Target: (value, { signatureId }) => value === `#${signatureId}` },
};

/** Covered by the signature value itself, or by the reference to SignedProperties. */
const covered = new Set(['SignedInfo', 'SignedProperties']);

/** Every part of the signature that is not signed follows from what is: known elements, derived attributes, no other text, not even white space. */
export function isFullyDetermined(signature: XmlElement, certificate: X509Certificate): boolean {
  return determined(signature, { signatureId: signature.getAttribute('Id') ?? '', certificate });
}

function determined(element: XmlElement, context: FormContext): boolean {
  const local = element.localName ?? '';
  if (covered.has(local)) return true;
  const rules = Object.hasOwn(uncovered, local) ? uncovered[local] : undefined;
  if (!rules) return false;
  for (let at = 0; at < element.attributes.length; at += 1) {
    const attribute = element.attributes.item(at);
    if (!attribute) return false;
    const declares = attribute.name === 'xmlns' || attribute.name.startsWith('xmlns:');
    const rule = rules[attribute.name];
    if (declares ? !namespaces.has(attribute.value) : !rule?.(attribute.value, context)) return false;
  }
  if (local === 'X509SubjectName') return isNameOf(textOf(element), element.textContent ?? '', context.certificate);
  if (local === 'X509Certificate' || local === 'SignatureValue') {
    return childElements(element).length === 0 && !/\s/.test(element.textContent ?? '');
  }
  return contentIsDetermined(element, context);
}

function contentIsDetermined(element: XmlElement, context: FormContext): boolean {
  for (let child = element.firstChild; child; child = child.nextSibling) {
    if (isElement(child) ? !determined(child, context) : (child.nodeValue ?? '') !== '') return false;
  }
  return true;
}

/** The printed subject in one of the usual forms, to the letter. */
function isNameOf(printed: string, raw: string, certificate: X509Certificate): boolean {
  const { subject } = certificateNames(certificate.raw);
  const forms = [subject, [...subject].reverse()].flatMap((rdns) => [
    formatDistinguishedName(rdns, ','),
    formatDistinguishedName(rdns, ', '),
  ]);
  return raw === printed && forms.includes(printed);
}
