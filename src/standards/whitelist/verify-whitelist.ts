import type { X509Certificate } from 'node:crypto';
import { certificateNames, dnValues, prepareDnValue } from '../identity';
import {
  modernPolicy,
  parseXml,
  rootOf,
  signaturesIn,
  verifyXades,
  type VerifiedXades,
  XmlRefusedError,
  type XmlDocument,
} from '../xmlsec';
import { readWhiteList } from './read-whitelist';
import { isFullyDetermined, isPlainlyWritten } from './strict-form';
import type { AcceptedWhiteList, WhiteListPolicy, WhiteListRefusal, WhiteListVerdict } from './whitelist.types';

/** Size of a list in bytes: some thousand entries. */
export const whiteListBytesMax = 8 * 1024 * 1024;

class Refused extends Error {
  constructor(
    readonly reason: WhiteListRefusal,
    readonly detail: string,
  ) {
    super(reason);
  }
}

/**
 * Verifies a signed list (enveloped XAdES-BASELINE-B, DRIM-M_DATA) and gives its content. In order: form, signature over
 * the whole document, name of the signer, dates of his certificate, chain and revocation, content.
 */
export function verifyWhiteList(bytes: Uint8Array, policy: WhiteListPolicy): WhiteListVerdict {
  try {
    return { accepted: true, ...examine(bytes, policy) };
  } catch (error) {
    if (error instanceof Refused) return { accepted: false, reason: error.reason, detail: error.detail };
    if (error instanceof XmlRefusedError) return { accepted: false, reason: 'xml', detail: error.reason };
    throw error;
  }
}

function examine(bytes: Uint8Array, policy: WhiteListPolicy): AcceptedWhiteList {
  const document = parseXml(bytes, { sizeMax: whiteListBytesMax, depthMax: 20 });
  const root = rootOf(document);
  const [signature, ...more] = signaturesIn(document);
  if (!signature) throw new Refused('unsigned', 'no signature');
  // A second signature would be left out of the digest by the filter, with whatever it carries.
  if (more.length > 0 || signature.parentNode !== root) throw new Refused('coverage', 'place of the signature');
  if (policy.strictForm && !isPlainlyWritten(Buffer.from(bytes).toString('utf8'))) throw new Refused('form', 'writing');
  const verified = verifyXades(signature, modernPolicy);
  if (!verified.verified) throw new Refused('signature', `${verified.reason}: ${verified.detail}`);
  requireWholeDocument(
    verified.references.map(({ node }) => node),
    document,
  );
  if (policy.strictForm && !isFullyDetermined(signature, verified.certificate)) throw new Refused('form', 'signature');
  requireSigner(verified, policy);
  requireDates(verified.certificate, verified.signingTime);
  const list = readWhiteList(root);
  if (!list) throw new Refused('content', 'not a white list of a known version');
  return { list, signedAt: verified.signingTime, signer: verified.certificate };
}

function requireWholeDocument(nodes: readonly unknown[], document: XmlDocument): void {
  if (nodes.length !== 1 || nodes[0] !== document) throw new Refused('coverage', 'the whole document must be signed');
}

function requireSigner(verified: VerifiedXades, policy: WhiteListPolicy): void {
  const { certificate } = verified;
  const { subject } = certificateNames(certificate.raw);
  const isOnly = (type: string, expected: string): boolean => {
    const values = dnValues(subject, type);
    return values.length === 1 && prepareDnValue(values[0] ?? '') === prepareDnValue(expected);
  };
  if (!isOnly('CN', policy.signer.commonName)) throw new Refused('signer-name', 'CN');
  if (!isOnly('OU', policy.signer.organizationalUnit)) throw new Refused('signer-name', 'OU');
  const at = policy.at === 'signing-time' ? verified.signingTime : policy.at;
  if (at < new Date(certificate.validFrom)) throw new Refused('signer-not-yet-valid', 'certificate');
  if (at > new Date(certificate.validTo)) throw new Refused('signer-expired', 'certificate');
  const fault = policy.trust(certificate, verified.otherCertificates, at);
  if (fault) throw new Refused(fault, 'certificate');
}

/** The time the signer claims must lie within the life of his certificate. */
function requireDates(certificate: X509Certificate, signedAt: Date): void {
  if (signedAt < new Date(certificate.validFrom)) throw new Refused('signer-not-yet-valid', 'signing time');
  if (signedAt > new Date(certificate.validTo)) throw new Refused('signer-expired', 'signing time');
}
