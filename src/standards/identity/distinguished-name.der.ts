import type { Rdn } from './distinguished-name';

/** One element of a DER encoding (X.690 8.1): its tag, its content, and all its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly bytes: Buffer;
}

/** Fields of a certificate read from its bytes (RFC 5280, 4.1), so that no printed form can be misread. */
export interface CertificateNames {
  /** INTEGER content, as encoded. */
  readonly serial: Buffer;
  readonly issuer: readonly Rdn[];
  /** DER of the issuer's Name. */
  readonly issuerDer: Buffer;
  readonly subject: readonly Rdn[];
}

/** The bytes are not the DER (or not the certificate) they should be. */
export class DerFault extends Error {
  constructor(detail: string) {
    super(`DER: ${detail}`);
    this.name = 'DerFault';
  }
}

const tags = { integer: 0x02, oid: 0x06, sequence: 0x30, set: 0x31, version: 0xa0 } as const;
const elementsMax = 200;

/** Elements laid one after the other; throws DerFault when the bytes are not definite-length DER. */
export function readDer(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (elements.length >= elementsMax) throw new DerFault('too many elements');
    if (at + 2 > bytes.length) throw new DerFault('cut short');
    const tag = bytes.readUInt8(at);
    if ((tag & 0x1f) === 0x1f) throw new DerFault('long tag');
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 4) throw new DerFault('length form');
    if (at + 2 + lengthBytes > bytes.length) throw new DerFault('cut short');
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    if (start + length > bytes.length) throw new DerFault('cut short');
    elements.push({ tag, content: bytes.subarray(start, start + length), bytes: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return elements;
}

/** Names and serial number of a DER certificate; throws DerFault when it is not one. */
export function certificateNames(der: Buffer): CertificateNames {
  const [certificate] = readDer(der);
  const [tbs] = readDer(expect(certificate, tags.sequence).content);
  const fields = readDer(expect(tbs, tags.sequence).content);
  const start = fields[0]?.tag === tags.version ? 1 : 0;
  const issuer = expect(fields[start + 2], tags.sequence);
  return {
    serial: expect(fields[start], tags.integer).content,
    issuer: readName(issuer),
    issuerDer: issuer.bytes,
    subject: readName(expect(fields[start + 4], tags.sequence)),
  };
}

/** RDNs of the subject of a DER certificate, in the order of the certificate. */
export function subjectRdns(der: Buffer): readonly Rdn[] {
  return certificateNames(der).subject;
}

function readName(name: DerElement): Rdn[] {
  return readDer(name.content).map((set) =>
    readDer(expect(set, tags.set).content).map((pair) => {
      const [type, value] = readDer(expect(pair, tags.sequence).content);
      if (!value) throw new DerFault('attribute without value');
      return { oid: readOid(expect(type, tags.oid).content), value: readString(value) };
    }),
  );
}

function expect(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerFault('unexpected element');
  return element;
}

function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerFault('OID arc');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = arcs.shift() ?? 0;
  const root = first < 80 ? Math.floor(first / 40) : 2;
  return [root, first - root * 40, ...arcs].join('.');
}

/** DirectoryString and its kin (X.520); anything else keeps its DER as `#hex`, like RFC 4514 section 2.4. */
function readString({ tag, content, bytes }: DerElement): string {
  switch (tag) {
    case 0x0c:
      return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(content);
    case 0x12:
    case 0x13:
    case 0x14:
    case 0x16:
      return content.toString('latin1');
    case 0x1e:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : `#${bytes.toString('hex')}`;
    default:
      return `#${bytes.toString('hex')}`;
  }
}
