import { DOMParser, type Document, type Element } from '@xmldom/xmldom';
import { decodeXml } from './decode-xml';
import { scanLexically } from './lexical-scan';
import { defaultXmlLimits, XmlLimits, XmlRefusedError } from './xml-limits';

/**
 * The one way XML enters the gateway. Namespace-aware; refuses DOCTYPE, entities, malformed markup and whatever goes
 * beyond the limits, with an `XmlRefusedError` whose `reason` is stable and whose text holds nothing of the document.
 * Given bytes, the encoding is that of the byte order mark or of the XML declaration.
 */
export function parseXml(source: string | Uint8Array, limits: Partial<XmlLimits> = {}): Document {
  const bounds = { ...defaultXmlLimits, ...limits };
  if (source.length > bounds.sizeMax) throw new XmlRefusedError('too-large', `more than ${bounds.sizeMax}`);
  const decoded = typeof source === 'string' ? source : decodeXml(source);
  const text = decoded.startsWith('\ufeff') ? decoded.slice(1) : decoded;
  if (text.trim() === '') throw new XmlRefusedError('empty', 'no content');
  scanLexically(text, bounds);
  return buildTree(text);
}

/** `parseXml` for the caller who wants the root element. */
export function parseXmlRoot(source: string | Uint8Array, limits: Partial<XmlLimits> = {}): Element {
  return parseXml(source, limits).documentElement as Element;
}

function buildTree(text: string): Document {
  // The parser's own messages quote the document, so only their level is kept.
  const onError = (level: string, message: unknown): void => {
    // U+FFFD is a legal character; senders who mix encodings produce it, and the reader of the field judges it.
    if (level === 'warning' && String(message).startsWith('Unicode replacement')) return;
    throw new XmlRefusedError('not-well-formed', `parser ${level}`);
  };
  let document: Document;
  try {
    document = new DOMParser({ onError, locator: false }).parseFromString(text, 'application/xml');
  } catch (error) {
    if (error instanceof XmlRefusedError) throw error;
    throw new XmlRefusedError('not-well-formed', 'parser error');
  }
  if (!document.documentElement) throw new XmlRefusedError('not-well-formed', 'no root element');
  return document;
}
