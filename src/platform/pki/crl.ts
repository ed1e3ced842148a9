import { KeyObject, verify, X509Certificate } from 'node:crypto';
import { certificateSubjectKey } from './certificate-fields';
import {
  children,
  contentOf,
  DerElement,
  DerError,
  derTag,
  expectElement,
  integerKey,
  nameKey,
  oidText,
  readElement,
  timeOf,
} from './der';

/** A certificate revocation list (RFC 5280, section 5), reduced to what a decision needs. */
export interface RevocationList {
  /** Reduced issuer name, comparable with `certificateSubjectKey`. */
  readonly issuerKey: string;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revokedCount: number;
  /** Serial as `certificateSerialKey` gives it. */
  isRevoked(serialKey: string): boolean;
  /** Bytes that were signed, algorithm and signature, for `verifyRevocationList`. */
  readonly signed: { readonly tbs: Buffer; readonly algorithm: string; readonly signature: Buffer };
}

export type CrlRefusal =
  | 'malformed'
  | 'too-large'
  | 'no-next-update'
  | 'critical-extension'
  | 'partial'
  | 'issuer-mismatch'
  | 'older'
  | 'algorithm'
  | 'signature';

export class CrlError extends Error {
  constructor(
    readonly reason: CrlRefusal,
    options?: ErrorOptions,
  ) {
    super(`revocation list refused: ${reason}`, options);
    this.name = 'CrlError';
  }
}

export interface CrlLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
}

export const defaultCrlLimits: CrlLimits = { bytesMax: 64 * 1024 * 1024, entriesMax: 2_000_000 };

/**
 * Reads a DER or PEM list. Delta and indirect lists, lists limited to some reasons and unknown critical extensions are
 * refused: such a list alone cannot say that a certificate is good (RFC 5280, 5.2).
 */
export function parseRevocationList(input: Buffer, limits: CrlLimits = defaultCrlLimits): RevocationList {
  if (input.length > limits.bytesMax) throw new CrlError('too-large');
  try {
    return walkList(fromPem(input), limits);
  } catch (error) {
    if (error instanceof CrlError) throw error;
    throw new CrlError('malformed', { cause: error });
  }
}

function fromPem(input: Buffer): Buffer {
  if (input[0] === derTag.sequence) return input;
  const body = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END/.exec(input.toString('latin1'));
  if (!body) throw new CrlError('malformed');
  return Buffer.from(body[1], 'base64');
}

function walkList(der: Buffer, limits: CrlLimits): RevocationList {
  const list = expectElement(der, 0, der.length, derTag.sequence);
  if (list.end !== der.length) throw new DerError('length');
  const [tbs, algorithm, signature] = children(der, list, 3);
  if (tbs?.tag !== derTag.sequence || algorithm?.tag !== derTag.sequence || signature?.tag !== derTag.bitString)
    throw new DerError('tag');
  const parts = children(der, tbs, 8);
  if (parts[0]?.tag === derTag.integer) parts.shift();
  const [innerAlgorithm, issuer, thisUpdate, nextUpdate, ...rest] = parts;
  if (
    !innerAlgorithm ||
    !issuer ||
    !thisUpdate ||
    !der.subarray(innerAlgorithm.offset, innerAlgorithm.end).equals(der.subarray(algorithm.offset, algorithm.end))
  )
    throw new DerError('tag');
  if (nextUpdate?.tag !== derTag.utcTime && nextUpdate?.tag !== derTag.generalizedTime)
    throw new CrlError('no-next-update');
  const entries = rest[0]?.tag === derTag.sequence ? rest.shift() : undefined;
  checkExtensions(der, rest[0]);
  const revoked = entries ? readSerials(der, entries, limits.entriesMax) : new Set<string>();
  return {
    issuerKey: nameKey(der, issuer),
    thisUpdate: timeOf(der, thisUpdate),
    nextUpdate: timeOf(der, nextUpdate),
    revokedCount: revoked.size,
    isRevoked: (serialKey) => revoked.has(serialKey),
    signed: {
      tbs: der.subarray(tbs.offset, tbs.end),
      algorithm: oidText(contentOf(der, readElement(der, algorithm.start, algorithm.end))),
      signature: der.subarray(signature.start + 1, signature.end),
    },
  };
}

/** revokedCertificates: only the serial of each entry counts; reasons that undo a revocation exist in delta lists only. */
function readSerials(der: Buffer, entries: DerElement, entriesMax: number): Set<string> {
  const serials = new Set<string>();
  for (let at = entries.start; at < entries.end;) {
    const entry = expectElement(der, at, entries.end, derTag.sequence);
    serials.add(integerKey(der, expectElement(der, entry.start, entry.end, derTag.integer)));
    if (serials.size > entriesMax) throw new CrlError('too-large');
    at = entry.end;
  }
  return serials;
}

const issuingDistributionPoint = '2.5.29.28';
const deltaCrlIndicator = '2.5.29.27';

function checkExtensions(der: Buffer, wrapper: DerElement | undefined): void {
  if (!wrapper) return;
  const sequence = expectElement(der, wrapper.start, wrapper.end, derTag.sequence);
  for (const extension of children(der, sequence, 50)) {
    const parts = children(der, extension, 3);
    const oid = oidText(contentOf(der, parts[0]));
    const critical = parts.length === 3 && der[parts[1].start] !== 0;
    if (oid === deltaCrlIndicator) throw new CrlError('partial');
    if (oid === issuingDistributionPoint) checkDistributionPoint(der, parts[parts.length - 1]);
    else if (critical) throw new CrlError('critical-extension');
  }
}

/** [0] distributionPoint and [1] onlyContainsUserCerts are understood; [2]..[5] narrow the list too much for us. */
function checkDistributionPoint(der: Buffer, value: DerElement): void {
  const point = expectElement(der, value.start, value.end, derTag.sequence);
  if (children(der, point, 10).some((field) => (field.tag & 0x1f) > 1)) throw new CrlError('partial');
}

const signatureHashes: Record<string, string> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** The list was issued and signed by this authority; throws `CrlError` otherwise. SHA-1 is not accepted. */
export function verifyRevocationList(list: RevocationList, authority: X509Certificate): void {
  if (list.issuerKey !== certificateSubjectKey(authority.raw)) throw new CrlError('issuer-mismatch');
  const hash = signatureHashes[list.signed.algorithm];
  if (!hash) throw new CrlError('algorithm');
  if (!signatureFits(hash, list, authority.publicKey)) throw new CrlError('signature');
}

function signatureFits(hash: string, list: RevocationList, key: KeyObject): boolean {
  try {
    return verify(hash, list.signed.tbs, key, list.signed.signature);
  } catch {
    return false;
  }
}
