import type { WorkSituation } from '../../connectors/psc';
import { dmpErrors, type DmpCaller, type DmpOutcome, type StructureDirectory } from '../../connectors/dmp';
import { GatewayError } from '../../platform/errors';
import { OID } from '../../standards/xds';
import { situationFor, type PatientContext, type Viewer } from '../context';
import { examErrors } from './exams.errors';

/** TRE_G15 and TRE_R38, as far as they are met by readers of images; another code is its own label. */
const PROFESSIONS: Readonly<Record<string, string>> = {
  '10': 'Médecin',
  '21': 'Pharmacien',
  '26': 'Audioprothésiste',
  '40': 'Chirurgien-dentiste',
  '50': 'Sage-femme',
  '60': 'Infirmier',
  '70': 'Masseur-kinésithérapeute',
  '98': "Manipulateur d'électroradiologie médicale",
};
const SKILLS: Readonly<Record<string, string>> = {
  SM24: 'Médecine nucléaire (SM)',
  SM26: 'Qualifié en Médecine Générale (SM)',
  SM44: 'Radio-diagnostic (SM)',
  SM45: 'Radio-thérapie (SM)',
  SM54: 'Médecine générale (SM)',
};
const professionSystem = '1.2.250.1.71.1.2.7';
const skillSystem = '1.2.250.1.71.4.2.5';

/** A professional who acts on a patient, for a structure. */
export interface Requester {
  readonly context: PatientContext;
  readonly viewer: Viewer;
  readonly situation: WorkSituation;
}

/** @throws GatewayError `exams.consent-missing`, `exams.situation-required` */
export function requesterOf(context: PatientContext, viewer: Viewer): Requester {
  if (context.consent !== 'informed') throw new GatewayError(examErrors.consentMissing, { detail: context.consent });
  const situation = situationFor(context, viewer);
  if (!situation) throw new GatewayError(examErrors.situationRequired);
  return { context, viewer, situation };
}

/** How the DMP is told who asks: identity and situation as Pro Santé Connect certified them (VIHF, INDIRECTE_RENFORCEE). */
export function dmpCallerOf({ context, viewer, situation }: Requester, structures: StructureDirectory): DmpCaller {
  const { professional } = viewer;
  const profession = situation.profession || professional.roles[0]?.split('^')[0] || '';
  const roles = [
    { code: profession, system: professionSystem, label: PROFESSIONS[profession] ?? profession },
    ...(situation.skill
      ? [{ code: situation.skill, system: skillSystem, label: SKILLS[situation.skill] ?? situation.skill }]
      : []),
  ];
  return {
    structure: structures.get(situation.finess ?? situation.structureId),
    professional: {
      nationalId: professional.subjectNameId,
      familyName: situation.family || professional.family || '',
      givenName: situation.given || professional.given || '',
      roles,
    },
    ins: context.patient.ins,
    activity: { id: situation.structureId, sector: { code: situation.sector, system: OID.sectors } },
    authenticatedAt: viewer.loggedInAt,
  };
}

/** The value of an answer, whole or in part; throws the named failure of any other. */
export function answered<T>(outcome: DmpOutcome<T>): { value: T; isPartial: boolean } {
  switch (outcome.kind) {
    case 'accepted':
      return { value: outcome.value, isPartial: false };
    case 'partial':
      return { value: outcome.value, isPartial: true };
    case 'refused':
      throw new GatewayError(dmpErrors.refused, { detail: outcome.code });
    case 'try-again':
      throw new GatewayError(dmpErrors.unavailable, { detail: `${outcome.reason}: ${outcome.detail}` });
    case 'malformed':
      throw new GatewayError(dmpErrors.malformed, { detail: outcome.detail });
  }
}
