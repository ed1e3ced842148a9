import { childElements, type XmlElement, type XmlNode } from '../xmlsec';

/** The element reached by a path of child names in one namespace; the first of each name. */
export function elementAt(parent: XmlNode, namespace: string, ...path: string[]): XmlElement | undefined {
  let current: XmlNode | undefined = parent;
  for (const name of path) {
    current = current && childElements(current, namespace, name)[0];
  }
  return current === parent ? undefined : (current as XmlElement | undefined);
}

/** An attribute without namespace; absent and empty are told apart. */
export const attributeOf = (element: XmlElement | undefined, name: string): string | undefined =>
  element?.getAttribute(name) ?? undefined;
