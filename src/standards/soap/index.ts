export {
  buildEnvelope,
  readEnvelope,
  SOAP_NS,
  WSA_NS,
  WSSE_NS,
  type EnvelopeParts,
  type EnvelopeReading,
  type SoapFault,
} from './envelope';
export {
  packMtom,
  packPlain,
  xopInclude,
  XOP_NS,
  type MtomAttachment,
  type MtomMessage,
  type PackedMessage,
} from './mtom';
export { attributeOf, elementAt } from './xml-reader';
export { element, fragment, join, type XmlAttributes, type XmlChild, type XmlFragment } from './xml-writer';
