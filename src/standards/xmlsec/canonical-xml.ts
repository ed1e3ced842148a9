import type { Attr, Document, Element, Node } from '@xmldom/xmldom';

/**
 * Canonical XML 1.0 (W3C REC-xml-c14n-20010315) and Exclusive XML Canonicalization 1.0, of a document or of one
 * element in its place. Written here because signatures are checked on the very nodes the gateway then reads: a library
 * that parses the text a second time leaves room for two readings of one document.
 */
export interface CanonicalForm {
  readonly exclusive: boolean;
  readonly withComments: boolean;
  /** InclusiveNamespaces PrefixList of the exclusive form; '' stands for `#default`. */
  readonly inclusivePrefixes?: readonly string[];
}

const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
type Scope = ReadonlyMap<string, string>;

/** `omitted` holds the nodes a transform took out of the node-set, with all they contain. */
export function canonicalize(node: Document | Element, form: CanonicalForm, omitted?: ReadonlySet<Node>): string {
  const writer = new CanonicalWriter(form, omitted ?? new Set<Node>());
  return node.nodeType === 9 ? writer.document(node) : writer.apex(node);
}

class CanonicalWriter {
  private readonly pieces: string[] = [];

  constructor(
    private readonly form: CanonicalForm,
    private readonly omitted: ReadonlySet<Node>,
  ) {}

  document(document: Document): string {
    let rootSeen = false;
    for (let child = document.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === 1) {
        if (!this.omitted.has(child)) this.element(child as Element, new Map(), new Map());
        rootSeen = true;
        continue;
      }
      const text = this.miscellaneous(child);
      if (text !== '') this.pieces.push(rootSeen ? `\n${text}` : `${text}\n`);
    }
    return this.pieces.join('');
  }

  apex(element: Element): string {
    this.element(element, new Map(), inheritedScope(element), inheritedXmlAttributes(element, this.form.exclusive));
    return this.pieces.join('');
  }

  /** `rendered`: declarations already written by the output ancestors. `inherited`: those in scope in the input. */
  private element(element: Element, rendered: Scope, inherited: Scope, imported: readonly Attr[] = []): void {
    const scope = withDeclarations(inherited, element);
    const plain = attributesOf(element).filter((attribute) => attribute.namespaceURI !== xmlnsNamespace);
    const declarations = this.declarations(element, plain, scope, rendered);
    const nowRendered = declarations.length === 0 ? rendered : new Map([...rendered, ...declarations]);
    const attributes = [...imported.filter((one) => !plain.some((own) => own.name === one.name)), ...plain].sort(
      byExpandedName,
    );
    this.pieces.push('<', element.tagName);
    for (const [prefix, uri] of declarations) {
      this.pieces.push(prefix === '' ? ' xmlns="' : ` xmlns:${prefix}="`, escapeAttribute(uri), '"');
    }
    for (const { name, value } of attributes) this.pieces.push(' ', name, '="', escapeAttribute(value), '"');
    this.pieces.push('>');
    for (let child = element.firstChild; child; child = child.nextSibling) this.child(child, nowRendered, scope);
    this.pieces.push('</', element.tagName, '>');
  }

  private child(child: Node, rendered: Scope, scope: Scope): void {
    if (this.omitted.has(child)) return;
    if (child.nodeType === 1) this.element(child as Element, rendered, scope);
    else if (child.nodeType === 3 || child.nodeType === 4) this.pieces.push(escapeText(child.nodeValue ?? ''));
    else this.pieces.push(this.miscellaneous(child));
  }

  private miscellaneous(node: Node): string {
    if (node.nodeType === 8) return this.form.withComments ? `<!--${lineEnds(node.nodeValue ?? '')}-->` : '';
    // The parser keeps the XML declaration as an instruction named xml; it is no part of the canonical form.
    if (node.nodeType !== 7 || node.nodeName === 'xml') return '';
    const data = lineEnds(node.nodeValue ?? '');
    return `<?${node.nodeName}${data === '' ? '' : ` ${data}`}?>`;
  }

  /** Namespace axis of one element (C14N 1.0 section 2.3; exclusive C14N section 3), sorted, default first. */
  private declarations(
    element: Element,
    attributes: readonly Attr[],
    scope: Scope,
    rendered: Scope,
  ): [string, string][] {
    const prefixes = this.form.exclusive ? this.utilised(element, attributes, scope) : new Set(['', ...scope.keys()]);
    const found: [string, string][] = [];
    for (const prefix of [...prefixes].sort(byCodeUnit)) {
      if (prefix === 'xml') continue;
      const uri = scope.get(prefix) ?? '';
      if ((rendered.get(prefix) ?? '') !== uri) found.push([prefix, uri]);
    }
    return found;
  }

  private utilised(element: Element, attributes: readonly Attr[], scope: Scope): Set<string> {
    const prefixes = new Set([element.prefix ?? '']);
    for (const { prefix } of attributes) if (prefix) prefixes.add(prefix);
    for (const prefix of this.form.inclusivePrefixes ?? []) if (scope.has(prefix)) prefixes.add(prefix);
    return prefixes;
  }
}

function attributesOf(element: Element): Attr[] {
  const found: Attr[] = [];
  for (let at = 0; at < element.attributes.length; at += 1) {
    const attribute = element.attributes.item(at);
    if (attribute) found.push(attribute);
  }
  return found;
}

function withDeclarations(scope: Scope, element: Element): Scope {
  let own: Map<string, string> | undefined;
  for (const attribute of attributesOf(element)) {
    if (attribute.namespaceURI !== xmlnsNamespace) continue;
    own ??= new Map(scope);
    own.set(attribute.prefix === 'xmlns' ? (attribute.localName ?? '') : '', attribute.value);
  }
  return own ?? scope;
}

function ancestorsOutermostFirst(element: Element): Element[] {
  const ancestors: Element[] = [];
  for (let node = element.parentNode; node?.nodeType === 1; node = node.parentNode) ancestors.unshift(node as Element);
  return ancestors;
}

function inheritedScope(element: Element): Scope {
  return ancestorsOutermostFirst(element).reduce<Scope>(withDeclarations, new Map());
}

/** C14N 1.0, 2.4: the apex of a document subset takes the xml: attributes of its omitted ancestors; exclusive C14N does not. */
function inheritedXmlAttributes(element: Element, exclusive: boolean): Attr[] {
  if (exclusive) return [];
  const found = new Map<string, Attr>();
  for (const ancestor of ancestorsOutermostFirst(element)) {
    for (const attribute of attributesOf(ancestor)) {
      if (attribute.namespaceURI === xmlNamespace) found.set(attribute.name, attribute);
    }
  }
  return [...found.values()];
}

const byCodeUnit = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function byExpandedName(left: Attr, right: Attr): number {
  return (
    byCodeUnit(left.namespaceURI ?? '', right.namespaceURI ?? '') ||
    byCodeUnit(left.localName ?? left.name, right.localName ?? right.name)
  );
}

const textEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' };
const attributeEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => textEscapes[character] ?? character);
}

function escapeAttribute(value: string): string {
  return value.replace(/[&<"\t\n\r]/g, (character) => attributeEscapes[character] ?? character);
}

function lineEnds(text: string): string {
  return text.replaceAll('\r', '&#xD;');
}
