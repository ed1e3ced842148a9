/**
 * What a contextual call may carry (DRIMbox specification 4.6.1). The texts at hand disagree: the ANS test tool of December
 * 2024 renamed the consent parameter and removed the optional filters of May 2024. A profile says which form is spoken here.
 */

export type ConsentDecision = 'informed' | 'opposed' | 'not-collected';

/** Words of each decision, compared by their letters and digits, without case or accents. */
export type ConsentWords = Readonly<Record<ConsentDecision, readonly string[]>>;

export interface CallProfile {
  /** Accepted names of the consent parameter, each with its words; one of them must come, and only one. */
  readonly consent: ReadonlyMap<string, ConsentWords>;
  /** Optional parameters that are accepted; any other one makes the call unacceptable. */
  readonly optional: readonly OptionalParameter[];
}

export const mandatoryParameters = [
  'Patient.identifier.value',
  'Patient.identifier.system',
  'Patient.name.family',
  'Patient.name.given',
  'Patient.gender',
  'Patient.birthDate',
  'Address.district',
  'PatientID',
  'PatientIDIssuer',
] as const;
export type MandatoryParameter = (typeof mandatoryParameters)[number];

export const optionalParameters = [
  'Situation',
  'StudyInstanceUID',
  'AccessionNumber',
  'AccessionNumberIssuer',
  'Modality',
  'StudyDate',
  'AnatomicRegion',
] as const;
export type OptionalParameter = (typeof optionalParameters)[number];

export const consentName = 'InformationEtConsentement';
export const oppositionName = 'InformationEtOppositionConsultation';

const unknown = ['unknown', 'inconnu', 'non recueilli', 'non informé', 'not collected', 'na'];

/** "Informed, and consenting or not opposed": an affirmation opens, a negation closes. */
export const consentWords: ConsentWords = {
  informed: [
    ...['true', 'oui', 'o', 'yes', 'y', '1', 'consentement', 'consentant', 'accord', 'accepté'],
    ...['informé et non opposé', 'informé non opposé', 'non opposé', 'non opposition', 'informé et consentant'],
  ],
  opposed: [
    ...['false', 'non', 'n', 'no', '0', 'refus', 'refusé', 'opposé', 'opposition'],
    ...['informé et opposé', 'informé opposé'],
  ],
  'not-collected': unknown,
};

/** "Opposed to the consultation": an affirmation closes. */
export const oppositionWords: ConsentWords = {
  informed: ['false', 'non', 'n', 'no', '0', 'non opposé', 'non opposition', 'informé et non opposé'],
  opposed: ['true', 'oui', 'o', 'yes', 'y', '1', 'opposé', 'opposition', 'informé et opposé'],
  'not-collected': unknown,
};

export const profileNames = ['ans-2024-12', 'ans-2024-05', 'tolerant'] as const;
export type ProfileName = (typeof profileNames)[number];

const newer = new Map([[consentName, consentWords]]);
const older = new Map([[oppositionName, oppositionWords]]);

/** The two published forms, and one that takes either (never both names in one call). */
export const callProfiles: Readonly<Record<ProfileName, CallProfile>> = {
  'ans-2024-12': { consent: newer, optional: ['Situation'] },
  'ans-2024-05': { consent: older, optional: optionalParameters },
  tolerant: { consent: new Map([...newer, ...older]), optional: optionalParameters },
};

const comparable = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '');

/** Why these words would not tell the decisions apart; undefined when they do. */
export function wordsFault(words: ConsentWords): string | undefined {
  const decisionOf = new Map<string, string>();
  for (const [decision, list] of Object.entries(words))
    for (const word of list.map(comparable)) {
      if (word === '') return `${decision} holds a word without letter or digit`;
      const other = decisionOf.get(word) ?? decision;
      if (other !== decision) return `${other} and ${decision} have a word in common`;
      decisionOf.set(word, decision);
    }
  return undefined;
}

/** The decision that a value means; undefined when it is none of the words. */
export function consentOf(value: string, words: ConsentWords): ConsentDecision | undefined {
  const wanted = comparable(value);
  if (wanted === '') return undefined;
  const decisions = Object.keys(words) as ConsentDecision[];
  return decisions.find((decision) => words[decision].some((word) => comparable(word) === wanted));
}
