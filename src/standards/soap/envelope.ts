import { childElements, rootOf, textOf, type XmlDocument, type XmlElement } from '../xmlsec';
import { elementAt } from './xml-reader';
import { element, type XmlFragment } from './xml-writer';

/** SOAP 1.2 envelope with WS-Addressing 1.0 headers (IHE ITI TF-2 appendix V). */

export const SOAP_NS = 'http://www.w3.org/2003/05/soap-envelope';
export const WSA_NS = 'http://www.w3.org/2005/08/addressing';
export const WSSE_NS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

export interface EnvelopeParts {
  /** wsa:Action, the URN of the transaction. */
  action: string;
  /** wsa:MessageID, `urn:uuid:…`. */
  messageId: string;
  /** wsa:To, the address called. */
  to: string;
  /** Signed SAML assertion, put unchanged into wsse:Security. */
  assertion?: XmlFragment;
  body: XmlFragment;
}

/** The text of a request envelope, with its XML declaration. */
export function buildEnvelope(parts: EnvelopeParts): string {
  const envelope = element(
    'soap:Envelope',
    { 'xmlns:soap': SOAP_NS },
    element(
      'soap:Header',
      {},
      element('MessageID', { xmlns: WSA_NS }, parts.messageId),
      element('To', { xmlns: WSA_NS }, parts.to),
      element('Action', { xmlns: WSA_NS, 'soap:mustUnderstand': 'true' }, parts.action),
      parts.assertion && element('wsse:Security', { 'xmlns:wsse': WSSE_NS }, parts.assertion),
    ),
    element('soap:Body', {}, parts.body),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${envelope.text}`;
}

/** A SOAP 1.2 fault (SOAP 1.2 part 1, 5.4). `code` is the local part: Sender, Receiver, MustUnderstand… */
export interface SoapFault {
  code: string;
  /** Local parts of the subcodes, outermost first. */
  subcodes: string[];
  reason: string;
}

export type EnvelopeReading =
  | {
      ok: true;
      action?: string;
      messageId?: string;
      relatesTo?: string;
      body: XmlElement | undefined;
      fault?: SoapFault;
    }
  | { ok: false; reason: string };

const localPart = (qname: string): string => qname.slice(qname.indexOf(':') + 1);

/** Reads an answer. The body is its first child element, absent when the body is empty or a fault. */
export function readEnvelope(document: XmlDocument): EnvelopeReading {
  const root = rootOf(document);
  if (root.localName !== 'Envelope') return { ok: false, reason: 'the root element is not a SOAP envelope' };
  if (root.namespaceURI !== SOAP_NS) return { ok: false, reason: 'the envelope is not SOAP 1.2' };
  const bodies = childElements(root, SOAP_NS, 'Body');
  if (bodies.length !== 1) return { ok: false, reason: 'the envelope does not have exactly one body' };
  const header = elementAt(root, SOAP_NS, 'Header');
  const address = (name: string) => (header && textOf(elementAt(header, WSA_NS, name))) || undefined;
  const first = childElements(bodies[0]).at(0);
  const isFault = first?.localName === 'Fault' && first.namespaceURI === SOAP_NS;
  return {
    ok: true,
    action: address('Action'),
    messageId: address('MessageID'),
    relatesTo: address('RelatesTo'),
    body: isFault ? undefined : first,
    fault: isFault ? readFault(first) : undefined,
  };
}

function readFault(fault: XmlElement): SoapFault {
  const subcodes: string[] = [];
  let deeper = elementAt(fault, SOAP_NS, 'Code', 'Subcode');
  while (deeper && subcodes.length < 8) {
    subcodes.push(localPart(textOf(elementAt(deeper, SOAP_NS, 'Value'))));
    deeper = elementAt(deeper, SOAP_NS, 'Subcode');
  }
  return {
    code: localPart(textOf(elementAt(fault, SOAP_NS, 'Code', 'Value'))),
    subcodes,
    reason: textOf(elementAt(fault, SOAP_NS, 'Reason', 'Text')),
  };
}
