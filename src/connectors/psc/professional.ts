/** One situation in which a professional may act (an activity of SubjectRefPro). */
export interface WorkSituation {
  /** ancienIdentifiantDeLaStructure: what `Situation` of a contextual call names. */
  readonly structureId: string;
  readonly structureName: string;
  /** Code of TRE_R02 (SA01, SA07…). */
  readonly sector: string;
  /** Code of TRE_G15 (10: physician). */
  readonly profession: string;
  /** Code of TRE_R38, when there is one. */
  readonly skill?: string;
  /** Name under which the professional practises there. */
  readonly family: string;
  readonly given: string;
  /** FINESS of the site, when known. */
  readonly finess?: string;
}

/** Who is asking, as Pro Santé Connect certifies it. Kept for the audit; not written to logs. */
export interface Professional {
  /** `sub` of the token. */
  readonly subject: string;
  /** National identifier with its type digit (SubjectNameID, for example 8 followed by the RPPS number). */
  readonly subjectNameId: string;
  /** Eleven digits, when the national identifier is an RPPS one. */
  readonly rpps?: string;
  readonly family?: string;
  readonly given?: string;
  /** Code of TRE_G15 with its OID, as SubjectRole gives it. */
  readonly roles: readonly string[];
}

export type Claims = Readonly<Record<string, unknown>>;

const textMax = 300;
const situationsMax = 200;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= textMax ? value : undefined;
}

function recordsOf(value: unknown): Claims[] {
  return Array.isArray(value)
    ? value.filter((one): one is Claims => typeof one === 'object' && one !== null).slice(0, situationsMax)
    : [];
}

/**
 * The identity in an introspection answer, an ID token or userinfo; undefined when none of them names a professional.
 * Keycloak-like subjects carry the national identifier after the last colon (`f:<uuid>:8…`).
 */
export function professionalOf(claims: Claims): Professional | undefined {
  const subject = textOf(claims.sub);
  const subjectNameId =
    textOf(claims.SubjectNameID) ??
    textOf(claims.preferred_username) ??
    /^f:[^:]+:([0-9A-Z/-]+)$/i.exec(subject ?? '')?.[1];
  if (!subject || !subjectNameId) return undefined;
  const rpps = /^8(\d{11})$/.exec(subjectNameId)?.[1];
  const roles = Array.isArray(claims.SubjectRole)
    ? claims.SubjectRole.map(textOf).filter((role) => role !== undefined)
    : [];
  return {
    subject,
    subjectNameId,
    rpps,
    family: textOf(claims.family_name),
    given: textOf(claims.given_name),
    roles: roles.slice(0, 20),
  };
}

/** Every activity of every practice in userinfo, in the order given; without the structure's identifier one cannot act. */
export function workSituationsOf(claims: Claims): WorkSituation[] {
  const reference = claims.SubjectRefPro;
  if (typeof reference !== 'object' || reference === null) return [];
  return recordsOf((reference as Claims).exercices)
    .flatMap((exercice) => recordsOf(exercice.activities).map((activity) => situation(exercice, activity)))
    .filter((one) => one !== undefined)
    .slice(0, situationsMax);
}

function situation(exercice: Claims, activity: Claims): WorkSituation | undefined {
  const structureId = textOf(activity.ancienIdentifiantDeLaStructure);
  if (!structureId) return undefined;
  return {
    structureId,
    structureName: textOf(activity.raisonSocialeSite) ?? textOf(activity.enseigneCommercialeSite) ?? structureId,
    sector: textOf(activity.codeSecteurDactivite) ?? '',
    profession: textOf(exercice.codeProfession) ?? '',
    skill: textOf(exercice.codeSavoirFaire),
    family: textOf(exercice.nomDexercice) ?? '',
    given: textOf(exercice.prenomDexercice) ?? '',
    finess: textOf(activity.numeroFinessSite),
  };
}
