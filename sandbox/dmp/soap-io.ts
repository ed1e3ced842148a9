import { randomUUID } from 'node:crypto';
import { DOMParser, type Document } from '@xmldom/xmldom';
import { headerParameter, splitMultipart } from './multipart-splitter';
import { one, text } from './xml';

/** A SOAP 1.2 request as received: envelope, and binary parts by content id. */
export interface SoapRequest {
  action: string;
  messageId: string;
  envelope: Document;
  parts: Map<string, Buffer>;
}

/** Answered as a SOAP fault. */
export class FaultAnswer extends Error {
  constructor(
    readonly code: 'Sender' | 'Receiver' | 'MustUnderstand',
    readonly reason: string,
    readonly subcode?: string,
  ) {
    super(reason);
  }
}

const parse = (source: string): Document => {
  if (/<!DOCTYPE/i.test(source)) throw new FaultAnswer('Sender', 'a document type is not accepted');
  return new DOMParser({
    onError: () => {
      throw new FaultAnswer('Sender', 'the message is not well formed');
    },
  }).parseFromString(source, 'application/xml');
};

/** Reads the HTTP body, plain or MTOM. */
export function readSoapRequest(contentType: string, body: Buffer): SoapRequest {
  const multipart = /^multipart\/related/i.test(contentType);
  let source = body.toString('utf8');
  const parts = new Map<string, Buffer>();
  if (multipart) {
    const boundary = headerParameter(contentType, 'boundary');
    if (!boundary || headerParameter(contentType, 'type') !== 'application/xop+xml') {
      throw new FaultAnswer('Sender', 'the message is not an XOP package');
    }
    const all = splitMultipart(body, boundary);
    const start = headerParameter(contentType, 'start');
    const root = all.find((part) => part.headers['content-id'] === start) ?? all.at(0);
    if (root === undefined) throw new FaultAnswer('Sender', 'the package has no root part');
    if (!/^application\/xop\+xml/i.test(root.headers['content-type'] ?? ''))
      throw new FaultAnswer('Sender', 'the root part is not XOP');
    source = root.bytes.toString('utf8');
    for (const part of all) {
      const id = part.headers['content-id'];
      if (part !== root && id) parts.set(id.replace(/^<|>$/g, ''), part.bytes);
    }
  } else if (!/^application\/soap\+xml/i.test(contentType)) {
    throw new FaultAnswer('Sender', 'the media type is not SOAP 1.2');
  }
  const envelope = parse(source);
  const action = text('/soap:Envelope/soap:Header/wsa:Action', envelope);
  const messageId = text('/soap:Envelope/soap:Header/wsa:MessageID', envelope);
  if (!one('/soap:Envelope/soap:Body', envelope)) throw new FaultAnswer('Sender', 'no SOAP 1.2 envelope');
  if (!action || !/^urn:uuid:[0-9a-f-]{36}$/i.test(messageId))
    throw new FaultAnswer('Sender', 'addressing headers are missing');
  if (!text('/soap:Envelope/soap:Header/wsa:To', envelope)) throw new FaultAnswer('Sender', 'wsa:To is missing');
  const declared = headerParameter(contentType, 'action');
  if (declared !== undefined && declared !== action)
    throw new FaultAnswer('Sender', 'the actions of the header and of the envelope differ');
  return { action, messageId, envelope, parts };
}

export interface SoapAnswer {
  status: number;
  contentType: string;
  body: Buffer;
}

const WSA = 'http://www.w3.org/2005/08/addressing';
const SOAP = 'http://www.w3.org/2003/05/soap-envelope';

const envelopeOf = (action: string, relatesTo: string, body: string): string =>
  `<soap:Envelope xmlns:soap="${SOAP}"><soap:Header><Action xmlns="${WSA}">${action}</Action>` +
  `<MessageID xmlns="${WSA}">urn:uuid:${randomUUID()}</MessageID><RelatesTo xmlns="${WSA}">${relatesTo}</RelatesTo>` +
  `</soap:Header><soap:Body>${body}</soap:Body></soap:Envelope>`;

/** An answer packed as the national server does: multipart/related even without attachment. */
export function mtomAnswer(
  action: string,
  relatesTo: string,
  body: string,
  attachments: { id: string; bytes: Buffer }[] = [],
): SoapAnswer {
  const boundary = `uuid:${randomUUID()}`;
  const head = (id: string, type: string) =>
    Buffer.from(
      `--${boundary}\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${id}>\r\n\r\n`,
    );
  const chunks = [
    head('root.message@cxf.apache.org', 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'),
    Buffer.from(envelopeOf(action, relatesTo, body)),
    ...attachments.flatMap((part) => [Buffer.from('\r\n'), head(part.id, 'application/octet-stream'), part.bytes]),
    Buffer.from(`\r\n--${boundary}--`),
  ];
  return {
    status: 200,
    contentType: `multipart/related; type="application/xop+xml"; boundary="${boundary}"; start="<root.message@cxf.apache.org>"; start-info="application/soap+xml"`,
    body: Buffer.concat(chunks),
  };
}

/** An answer without MTOM. */
export const plainAnswer = (action: string, relatesTo: string, body: string): SoapAnswer => ({
  status: 200,
  contentType: 'application/soap+xml; charset=UTF-8',
  body: Buffer.from(envelopeOf(action, relatesTo, body)),
});

export function faultAnswer(
  fault: FaultAnswer,
  relatesTo = 'urn:uuid:00000000-0000-0000-0000-000000000000',
): SoapAnswer {
  const subcode = fault.subcode ? `<soap:Subcode><soap:Value>${fault.subcode}</soap:Value></soap:Subcode>` : '';
  const body =
    `<soap:Fault xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><soap:Code>` +
    `<soap:Value>soap:${fault.code}</soap:Value>${subcode}</soap:Code><soap:Reason><soap:Text xml:lang="fr">${fault.reason}</soap:Text></soap:Reason></soap:Fault>`;
  return { ...plainAnswer(`${WSA}/fault`, relatesTo, body), status: 500 };
}
