import { randomUUID } from 'node:crypto';
import type { Manifest } from '../../src/standards/manifest';
import {
  newOid,
  submissionFor,
  type Submission,
  type SubmissionInput,
  type SubmissionReport,
} from '../../src/standards/xds';

/** Builders for submissions: a small KOS-like file, and the metadata around it. */

/** A DICOM file in its outside form: preamble, magic, and its own SOP instance UID somewhere inside. */
export const kosLike = (sopInstanceUid: string): Buffer =>
  Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    Buffer.from(sopInstanceUid, 'latin1'),
    Buffer.from([0, 13, 10, 45, 45]),
  ]);

export const manifestOf = (changes: Partial<Manifest> = {}): Manifest => ({
  sopInstanceUid: newOid(randomUUID()),
  seriesInstanceUid: newOid(randomUUID()),
  instanceNumber: 1,
  createdDate: '20231114',
  createdTime: '144457',
  timezoneOffset: '+0100',
  title: { value: '113030', scheme: 'DCM', meaning: 'Manifest' },
  patient: {
    birthFamilyName: 'PAT-SIX',
    firstGivenName: 'Alain',
    birthDate: '19960124',
    gender: 'M',
    birthPlace: '29758',
    otherNames: [],
  },
  studies: [
    {
      studyInstanceUid: '1.3.6.1.4.1.5962.99.1.3711725607.829148806.1687338938407.3.116',
      requests: [
        {
          accession: { value: '7252295367250016', issuerOid: '1.2.840.113619.6.196' },
          placerOrder: { value: '12989855966', issuerOid: '2.16.840.1.113883.6.96' },
        },
      ],
      series: [{ seriesInstanceUid: '1.2.3.4', modality: 'MR', instances: [] }],
    },
  ],
  ...changes,
});

export const reportOf = (changes: Partial<SubmissionReport> = {}): SubmissionReport => ({
  ins: { matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' },
  birthFamilyName: 'PAT-SIX',
  firstGivenName: 'Alain',
  birthDate: '19960124',
  gender: 'M',
  birthPlace: '29758',
  author: { id: '899700367909', family: 'DOC0036790', given: 'KIT' },
  legalAuthenticator: { id: '899700367909', family: 'DOC0036790', given: 'KIT' },
  serviceStart: '20210104082200',
  serviceStop: '20210104150500',
  healthcareFacilityType: { code: 'SA01', scheme: '1.2.250.1.71.4.2.4', display: 'Etablissement public de santé' },
  practiceSetting: { code: 'AMBULATOIRE', scheme: '1.2.250.1.213.1.1.4.9', display: 'Ambulatoire' },
  regions: [{ code: '63337009', scheme: '1.2.250.1.213.2.5', display: 'Abdomen + pelvis' }],
  acts: [],
  modalities: ['MR'],
  patientClass: 'O',
  ...changes,
});

export function inputOf(changes: Partial<SubmissionInput> = {}): SubmissionInput {
  const manifest = changes.manifest ?? manifestOf();
  return {
    manifest,
    document: kosLike(manifest.sopInstanceUid),
    report: reportOf(),
    flags: { masquePs: false, invisiblePatient: false, invisibleRepresentantsLegaux: false },
    structure: { id: '999900000000019', name: 'CENTRE DE DEMONSTRATION' },
    system: { id: '899711256811', family: 'DRIMBox', given: 'ANS', sourceId: '1.2.250.1.999.1.1.8121' },
    ids: { oid: () => newOid(randomUUID()), uuid: randomUUID },
    clock: () => new Date('2023-11-14T13:44:58Z'),
    ...changes,
  };
}

export function submissionOf(changes: Partial<SubmissionInput> = {}): {
  submission: Submission;
  document: Uint8Array;
  uniqueId: string;
} {
  const input = inputOf(changes);
  return { submission: submissionFor(input), document: input.document, uniqueId: input.manifest.sopInstanceUid };
}
