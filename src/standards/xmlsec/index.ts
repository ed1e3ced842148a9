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
