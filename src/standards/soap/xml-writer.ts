import { escapeXml } from '../xmlsec';

/**
 * Writes XML by construction: text and attribute values are always escaped, only what `element()` or
 * `fragment()` made is taken as markup. No value of a report can therefore open or close an element.
 */

const written = Symbol('xml');

/** A piece of well-formed XML. Made by `element`, or by `fragment` for a signed block that must stay byte-exact. */
export interface XmlFragment {
  readonly [written]: true;
  readonly text: string;
}

export type XmlChild = XmlFragment | string | undefined | readonly XmlChild[];
export type XmlAttributes = Record<string, string | number | undefined>;

const NAME = /^[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?$/;

/** Marks text that is already XML (a signed assertion, for instance). The caller answers for it. */
export const fragment = (text: string): XmlFragment => ({ [written]: true, text });

/** One element. `undefined` attributes and children are left out; strings are escaped. */
export function element(name: string, attributes: XmlAttributes = {}, ...children: XmlChild[]): XmlFragment {
  if (!NAME.test(name)) throw new TypeError('not an XML name');
  let text = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (!NAME.test(key)) throw new TypeError('not an XML attribute name');
    text += ` ${key}="${escapeXml(String(value))}"`;
  }
  const inside = join(children);
  return fragment(inside === '' ? `${text}/>` : `${text}>${inside}</${name}>`);
}

/** Puts fragments and strings side by side. */
export function join(children: readonly XmlChild[]): string {
  let text = '';
  for (const child of children) {
    if (child === undefined) continue;
    if (typeof child === 'string') text += escapeXml(child);
    else if (isList(child)) text += join(child);
    else text += child.text;
  }
  return text;
}

const isList = (child: XmlChild): child is readonly XmlChild[] => Array.isArray(child);
