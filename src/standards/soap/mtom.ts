import { element, type XmlFragment } from './xml-writer';

/** MTOM packaging of a SOAP 1.2 message (SOAP MTOM 1.0, XOP 1.0, RFC 2387): root first, then binary parts. */

export const XOP_NS = 'http://www.w3.org/2004/08/xop/include';
const CRLF = '\r\n';
const TOKEN = /^[0-9A-Za-z'()+_,./:=?-]{1,70}$/;

export interface MtomAttachment {
  /** Without angle brackets, for instance `0.2`; named in the body by `xopInclude`. */
  contentId: string;
  contentType: string;
  bytes: Uint8Array;
}

export interface MtomMessage {
  envelope: string;
  action: string;
  attachments: readonly MtomAttachment[];
  /** Unique text; must not occur in any part (a UUID is enough). */
  boundary: string;
}

export interface PackedMessage {
  /** Value of the HTTP header Content-Type. */
  contentType: string;
  body: Buffer;
}

/** The element that stands for a binary part. */
export const xopInclude = (contentId: string): XmlFragment =>
  element('xop:Include', { 'xmlns:xop': XOP_NS, href: `cid:${encodeURIComponent(contentId)}` });

const ROOT_ID = '0.1';

/** Packs the envelope and its attachments; attachments are sent as they are (binary), without base64. */
export function packMtom(message: MtomMessage): PackedMessage {
  if (!TOKEN.test(message.boundary)) throw new TypeError('not a MIME boundary');
  if (/["\r\n\\]/.test(message.action)) throw new TypeError('not a SOAP action');
  const chunks: Buffer[] = [];
  const open = (contentId: string, contentType: string) =>
    chunks.push(
      Buffer.from(
        [
          `--${message.boundary}`,
          `Content-Type: ${contentType}`,
          'Content-Transfer-Encoding: binary',
          `Content-ID: <${contentId}>`,
          '',
          '',
        ].join(CRLF),
      ),
    );
  open(ROOT_ID, `application/xop+xml; charset=UTF-8; type="application/soap+xml"; action="${message.action}"`);
  chunks.push(Buffer.from(message.envelope + CRLF));
  for (const attachment of message.attachments) {
    open(attachment.contentId, attachment.contentType);
    chunks.push(
      Buffer.from(attachment.bytes.buffer, attachment.bytes.byteOffset, attachment.bytes.byteLength),
      Buffer.from(CRLF),
    );
  }
  chunks.push(Buffer.from(`--${message.boundary}--${CRLF}`));
  return {
    contentType:
      `multipart/related; boundary="${message.boundary}"; type="application/xop+xml"; ` +
      `start="<${ROOT_ID}>"; start-info="application/soap+xml"; action="${message.action}"`,
    body: Buffer.concat(chunks),
  };
}

/** A message without attachments and without MTOM. */
export function packPlain(message: Pick<MtomMessage, 'envelope' | 'action'>): PackedMessage {
  if (/["\r\n\\]/.test(message.action)) throw new TypeError('not a SOAP action');
  return {
    contentType: `application/soap+xml; charset=UTF-8; action="${message.action}"`,
    body: Buffer.from(message.envelope),
  };
}
