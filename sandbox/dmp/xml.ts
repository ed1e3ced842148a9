import type { Document, Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';

/** XPath with the prefixes of the standards, for the decoders of the sandbox. */
const prefixes = {
  soap: 'http://www.w3.org/2003/05/soap-envelope',
  wsa: 'http://www.w3.org/2005/08/addressing',
  wsse: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  rim: 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0',
  rs: 'urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0',
  lcm: 'urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0',
  query: 'urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0',
  xdsb: 'urn:ihe:iti:xds-b:2007',
  xop: 'http://www.w3.org/2004/08/xop/include',
  hl7: 'urn:hl7-org:v3',
};

const evaluate = xpath.useNamespaces(prefixes) as unknown as (expression: string, node: Document | Element) => unknown;

/** All elements that the expression selects. */
export const all = (expression: string, node: Document | Element): Element[] => evaluate(expression, node) as Element[];
export const one = (expression: string, node: Document | Element): Element | undefined => all(expression, node)[0];
/** String value of the first node selected, trimmed; empty when there is none. */
export function text(expression: string, node: Document | Element): string {
  const found = evaluate(`string(${expression})`, node);
  return typeof found === 'string' ? found.trim() : '';
}
/** String values of all attributes or elements selected. */
export const texts = (expression: string, node: Document | Element): string[] =>
  (evaluate(expression, node) as Node[]).map((found) =>
    (found.nodeType === 1 ? (found.textContent ?? '') : (found.nodeValue ?? '')).trim(),
  );

export const xmlEscape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
