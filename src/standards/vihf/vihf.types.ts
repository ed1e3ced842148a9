import type { SignatureHash } from '../xmlsec';

/** Coded value as HL7 v3 `CE` writes it in the assertion. */
export interface VihfCode {
  readonly code: string;
  /** OID of the code system. */
  readonly system: string;
  readonly systemName?: string;
  readonly label: string;
}

/**
 * `INDIRECTE`: the structure vouches for its professional (publication). `INDIRECTE_RENFORCEE`: he was authenticated by
 * Pro Santé Connect (consultation).
 */
export type VihfMode = 'INDIRECTE' | 'INDIRECTE_RENFORCEE';

/** The software, as registered with the DMP. */
export interface VihfSoftware {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Number of the DMP homologation. */
  readonly homologation: string;
}

/** The professional on whose behalf the call is made: author of the report, or user of the portal. Never the patient. */
export interface VihfProfessional {
  /** National identifier (RPPS with its type digit, or identifier inside the structure); PSC: `SubjectNameID`. */
  readonly nationalId: string;
  readonly givenName: string;
  readonly familyName: string;
  /** Profession first, then speciality (`codeProfession`, `codeSavoirFaire`): at least one. */
  readonly roles: readonly VihfCode[];
}

export interface VihfStructure {
  /** Identifier with its type digit, for example `1` + FINESS. */
  readonly id: string;
  /** Sector of activity, for example `SA25` in 1.2.250.1.71.4.2.4. */
  readonly sector: { readonly code: string; readonly system: string };
}

export interface VihfContext {
  readonly version: '3.0' | '4.0';
  readonly mode: VihfMode;
  readonly professional: VihfProfessional;
  readonly structure: VihfStructure;
  readonly software: VihfSoftware;
  /** Patient concerned: matricule of 15 characters with its key, and OID of its nature. */
  readonly ins: { readonly matricule: string; readonly oid: string };
  readonly purposeOfUse?: VihfCode;
  /** Asks the DMP to hide the professional of this access from the patient (`CONNEXION_SECRETE`). */
  readonly secretConnection?: boolean;
  /** Value of that attribute, where a DMP expects another than ours. */
  readonly secretConnectionCode?: VihfCode;
  readonly hash?: SignatureHash;
}

/** Clock and identifiers are injected, so that an exchange can be replayed. */
export interface VihfMoment {
  readonly issuedAt: Date;
  /** When the professional was authenticated; the moment of issue when not given. */
  readonly authenticatedAt?: Date;
  /** Fresh UUID; becomes a valid NCName (`_` + UUID). */
  readonly uuid: string;
}

export type VihfRefusal =
  | 'professional-id'
  | 'professional-name'
  | 'roles'
  | 'structure-id'
  | 'sector'
  | 'software'
  | 'ins'
  | 'purpose'
  | 'uuid'
  | 'authentication-time';

export type VihfResult =
  | { readonly ok: true; readonly xml: string; readonly id: string }
  | { readonly ok: false; readonly reason: VihfRefusal };
