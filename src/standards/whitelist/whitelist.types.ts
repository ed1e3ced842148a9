import type { X509Certificate } from 'node:crypto';
import type { Rdn } from '../identity';

/** One `Domaine` of the white list: a gateway that may take part in the exchange. */
export interface WhiteListEntry {
  /** `Identifiant`: running number; not unique in the samples. */
  readonly identifiant: string;
  /** Host name of the gateway's exchange address, lower case. */
  readonly db: string;
  /** Host name of its viewer, lower case; undefined when empty. */
  readonly vi: string | undefined;
  readonly denomination: string;
  /** `DNCertificatOperateur` as written. */
  readonly dn: string;
  readonly rdns: readonly Rdn[];
  readonly supportContact: string;
  readonly dateMaj: Date;
}

export interface WhiteList {
  /** `DateDeGeneration`. */
  readonly generatedAt: Date;
  readonly versionFormat: string;
  readonly entries: readonly WhiteListEntry[];
  /** Signed entries that cannot be used (position from 1, field at fault): they admit nobody. */
  readonly unusable: readonly { readonly position: number; readonly field: string }[];
}

/** Why a list was not accepted. Stable words: the room maps them to entries of its catalogue. */
export type WhiteListRefusal =
  | 'xml'
  | 'content'
  | 'unsigned'
  | 'form'
  | 'signature'
  | 'coverage'
  | 'signer-name'
  | 'signer-not-yet-valid'
  | 'signer-expired'
  | 'signer-untrusted'
  | 'signer-revoked'
  | 'revocation-unknown';

/** Trust in the signer beyond his dates: chain to a configured anchor, revocation. Undefined when trusted. */
export type SignerTrust = (
  certificate: X509Certificate,
  otherCertificates: readonly X509Certificate[],
  at: Date,
) => 'signer-untrusted' | 'signer-revoked' | 'revocation-unknown' | undefined;

export interface WhiteListPolicy {
  /**
   * Moment at which the signer's certificate must be valid; `signing-time` for a list that was accepted before and is
   * only read back.
   */
  readonly at: Date | 'signing-time';
  /** Subject the signer must have: `CN=Liste Blanche DRIM-M`, `OU=318751275100020`. */
  readonly signer: { readonly commonName: string; readonly organizationalUnit: string };
  readonly trust: SignerTrust;
  /**
   * Also refuses what no signature covers: any other way of writing the same document, and unsigned attributes that do
   * not follow from signed ones. Off only when the authority changes its signing tool.
   */
  readonly strictForm: boolean;
}

export interface AcceptedWhiteList {
  readonly list: WhiteList;
  readonly signedAt: Date;
  readonly signer: X509Certificate;
}

export type WhiteListVerdict =
  | ({ readonly accepted: true } & AcceptedWhiteList)
  | { readonly accepted: false; readonly reason: WhiteListRefusal; readonly detail: string };
