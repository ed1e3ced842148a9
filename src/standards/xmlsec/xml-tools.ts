import type { Document, Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';

/** Prefixes used in the XPath expressions of the caller; they need not be those of the document. */
export type NamespaceMap = Readonly<Record<string, string>>;

type Selector = (expression: string, node: Node) => unknown;
const selectors = new WeakMap<NamespaceMap, Selector>();

function selectorFor(namespaces: NamespaceMap): Selector {
  let selector = selectors.get(namespaces);
  if (!selector) {
    // xpath types its nodes with the browser's DOM library; xmldom's nodes are what it walks at run time.
    selector = xpath.useNamespaces({ ...namespaces }) as unknown as Selector;
    selectors.set(namespaces, selector);
  }
  return selector;
}

/**
 * Elements found by a namespace-aware XPath 1.0 expression, in document order. Expressions are written by us, never
 * built from received text. Declare `namespaces` once as a constant: the compiled resolver is kept per map.
 */
export function select(expression: string, node: Node, namespaces: NamespaceMap = {}): Element[] {
  const found = selectorFor(namespaces)(expression, node);
  return Array.isArray(found) ? (found as Node[]).filter(isElement) : [];
}

/** First element found, or undefined. */
export function selectOne(expression: string, node: Node, namespaces: NamespaceMap = {}): Element | undefined {
  return select(expression, node, namespaces)[0];
}

/** Trimmed string value of the first node (element, attribute, text) or of the XPath result itself; undefined when absent. */
export function selectText(expression: string, node: Node, namespaces: NamespaceMap = {}): string | undefined {
  const found = selectorFor(namespaces)(expression, node);
  if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return String(found);
  const first = Array.isArray(found) ? (found as Node[])[0] : undefined;
  return first === undefined ? undefined : ((first.nodeType === 1 ? first.textContent : first.nodeValue) ?? '').trim();
}

/** Trimmed text of an element, '' when the element is undefined or empty. */
export function textOf(node: Node | null | undefined): string {
  return (node?.textContent ?? '').trim();
}

export function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}

/** Child elements, all or those of one expanded name; no descendants. */
export function childElements(parent: Node, namespace?: string, localName?: string): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child; child = child.nextSibling) {
    if (!isElement(child)) continue;
    if (localName !== undefined && (child.localName !== localName || child.namespaceURI !== namespace)) continue;
    found.push(child);
  }
  return found;
}

/** The only child element of that expanded name; undefined when there is none or more than one. */
export function onlyChild(parent: Node, namespace: string, localName: string): Element | undefined {
  const found = childElements(parent, namespace, localName);
  return found.length === 1 ? found[0] : undefined;
}

/** Root element of the document a node belongs to. */
export function rootOf(document: Document): Element {
  return document.documentElement as Element;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Control characters, non-characters and lone surrogates (XML 1.0, 2.2 Char). */
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * Text made safe for element content and for attribute values between either quote. Characters XML cannot hold
 * (control characters, lone surrogates) become U+FFFD, so that what we write can always be read.
 */
export function escapeXml(text: string): string {
  return text.replace(unwritable, '\ufffd').replace(/[&<>"'\t\n\r]/g, (character) => escapes[character] ?? character);
}
