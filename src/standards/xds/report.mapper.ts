import type { CdaCode, ExamAct, ImagingReport, ReportProfessional } from '../cda';
import { timestampToUtcDigits, type Timestamp } from '../identity';
import { OID } from './codes';
import type { Code } from './model';
import type { SubmissionPerson, SubmissionReport } from './submission.mapper';

/** What the message around the report adds to it. */
export interface ReportCircumstances {
  studyInstanceUid: string;
  /** The professional of PRT `SB`; the first author of the report when absent. */
  sender?: SubmissionPerson;
  /** PV1-2. */
  patientClass?: string;
  /** Start of the study in the PACS, DTM in UTC: used when the report tells no time. */
  studyStart?: string;
}

export type ReportFacts = { ok: true; facts: SubmissionReport } | { ok: false; missing: string };

const missing = (what: string): ReportFacts => ({ ok: false, missing: what });
const person = (from: ReportProfessional | undefined): SubmissionPerson | undefined =>
  from?.id ? { id: from.id.national, family: from.family, given: from.given } : undefined;
const toCode = (code: CdaCode, scheme = code.codeSystem): Code => ({
  code: code.code,
  scheme,
  display: code.displayName || code.code,
});
const utc = (stamp: Timestamp | undefined): string | undefined => stamp && timestampToUtcDigits(stamp).slice(0, 14);

/** The facts of one study of the report, or the name of what the DMP demands and the report does not tell. */
export function reportFacts(report: ImagingReport, around: ReportCircumstances): ReportFacts {
  const acts = report.acts.filter((act) => act.studyInstanceUid === around.studyInstanceUid);
  const author = around.sender ?? report.authors.map(person).find((found) => found !== undefined);
  const legalAuthenticator = person(report.legalAuthenticator) ?? author;
  const practice = [...acts.map((act) => act.performer), ...report.authors].find(
    (one) => one?.organisation?.practiceSetting,
  );
  const start = utc(firstOf(acts, 'start')) ?? around.studyStart;
  if (acts.length === 0) return missing('no act of this study');
  if (author === undefined || legalAuthenticator === undefined) return missing('the national identifier of the author');
  if (report.facility.code === undefined) return missing('the code of the facility');
  if (practice?.organisation?.practiceSetting === undefined) return missing('the practice setting');
  if (start === undefined) return missing('the time of the act');
  const { patient } = report;
  return {
    ok: true,
    facts: {
      ins: patient.ins,
      localPatientId: patient.localId?.extension
        ? { value: patient.localId.extension, issuerOid: patient.localId.root }
        : undefined,
      birthFamilyName: patient.birthFamily,
      firstGivenName: patient.firstBirthGiven,
      birthDate: patient.birthDate.text,
      gender: patient.gender,
      birthPlace: patient.birthPlace?.code,
      author,
      legalAuthenticator,
      serviceStart: start,
      serviceStop: utc(firstOf(acts, 'stop')),
      healthcareFacilityType: toCode(report.facility.code),
      practiceSetting: toCode(practice.organisation.practiceSetting),
      // regions are written with the OID of their value set, as stored queries ask for them
      regions: acts.flatMap((act) => act.regions.map((region) => toCode(region, OID.regions))),
      acts: acts.flatMap((act) => (act.ccam.length > 0 ? act.ccam : [act.code]).map((code) => toCode(code))),
      modalities: [...new Set(acts.flatMap((act) => act.modalities.map((modality) => modality.code)))],
      patientClass: around.patientClass,
    },
  };
}

const firstOf = (acts: readonly ExamAct[], edge: 'start' | 'stop'): Timestamp | undefined => {
  const told = acts.map((act) => act[edge]).filter((stamp) => stamp !== undefined);
  return edge === 'start' ? told.at(0) : told.at(-1);
};
