import { DemoPatient } from './patients';
import { Attributes } from './part-ten';

/** One object of a demo study, ready to be stored. */
export interface DemoFile {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  transferSyntaxUid: string;
  /** Part 10 bytes. */
  bytes: Buffer;
}

/** A demo study: what `studies[]` of the ready file tells of it (the manifest aside), and its files on demand. */
export interface DemoStudy {
  studyInstanceUid: string;
  accessionNumber: string;
  /** OID of the invented order system that gave the accession number. */
  accessionIssuer: string;
  seriesInstanceUids: string[];
  instances: number;
  patient: DemoPatient;
  modality: string;
  description: string;
  /** YYYYMMDD and HHMMSS. */
  date: string;
  time: string;
  /** Makes the files one by one, always the same bytes. */
  files(): AsyncGenerator<DemoFile>;
}

/** Arc of the invented studies, below the one of the national test studies. */
const arc = '1.2.250.1.213.4.5.2.1';
export const accessionIssuer = '1.2.250.1.213.4.5.2.901';

export interface StudyHead {
  /** Last number of the study UID. */
  number: number;
  accessionNumber: string;
  patient: DemoPatient;
  modality: string;
  description: string;
  date: string;
  time: string;
  bodyPart: string;
  /** LOINC code and meaning of the procedure. */
  procedure: { code: string; meaning: string };
}

export const studyUid = (study: StudyHead) => `${arc}.${study.number}`;
export const seriesUid = (study: StudyHead, series: number) => `${studyUid(study)}.${series}`;
export const instanceUid = (study: StudyHead, series: number, instance: number) =>
  `${seriesUid(study, series)}.${instance}`;

/** Patient, study, equipment and order attributes that every object of a study carries. */
export function commonAttributes(study: StudyHead): Attributes {
  const { patient } = study;
  return {
    StudyDate: study.date,
    StudyTime: study.time,
    AccessionNumber: study.accessionNumber,
    IssuerOfAccessionNumberSequence: [{ UniversalEntityID: accessionIssuer, UniversalEntityIDType: 'ISO' }],
    Manufacturer: 'SIMULATEUR DRIMBOX',
    InstitutionName: 'CENTRE HOSPITALIER FICTIF',
    ReferringPhysicianName: 'PRESCRIPTEUR^FICTIF',
    StudyDescription: study.description,
    ProcedureCodeSequence: [
      { CodeValue: study.procedure.code, CodingSchemeDesignator: 'LN', CodeMeaning: study.procedure.meaning },
    ],
    ManufacturerModelName: 'FANTOME',
    PatientName: `${patient.family}^${patient.given}`,
    PatientID: patient.patientId,
    IssuerOfPatientID: 'CHFICTIF',
    IssuerOfPatientIDQualifiersSequence: [{ UniversalEntityID: patient.patientIdIssuer, UniversalEntityIDType: 'ISO' }],
    PatientBirthDate: patient.birthDate,
    PatientSex: patient.gender,
    PatientAge: `${String(ageInYears(patient.birthDate, study.date)).padStart(3, '0')}Y`,
    BodyPartExamined: study.bodyPart,
    SoftwareVersions: '1',
    DeviceSerialNumber: 'DEMO-1',
    StudyInstanceUID: studyUid(study),
    StudyID: study.accessionNumber.slice(-4),
  };
}

function ageInYears(birth: string, at: string): number {
  return Math.floor((Number(at) - Number(birth)) / 10_000);
}

export interface SeriesHead {
  number: number;
  modality: string;
  description: string;
}

/** Series and instance attributes. */
export function instanceAttributes(
  study: StudyHead,
  series: SeriesHead,
  sopClassUid: string,
  instance: number,
): Attributes {
  return {
    ...commonAttributes(study),
    SOPClassUID: sopClassUid,
    SOPInstanceUID: instanceUid(study, series.number, instance),
    Modality: series.modality,
    SeriesDescription: series.description,
    SeriesDate: study.date,
    SeriesTime: study.time,
    ContentDate: study.date,
    ContentTime: study.time,
    SeriesInstanceUID: seriesUid(study, series.number),
    SeriesNumber: series.number,
    InstanceNumber: instance,
  };
}

export interface PlannedSeries {
  head: SeriesHead;
  instances: number;
  make: () => AsyncGenerator<DemoFile>;
}

/** Puts the series of a study together. */
export function studyOf(head: StudyHead, series: PlannedSeries[]): DemoStudy {
  return {
    studyInstanceUid: studyUid(head),
    accessionNumber: head.accessionNumber,
    accessionIssuer,
    seriesInstanceUids: series.map(({ head: { number } }) => seriesUid(head, number)),
    instances: series.reduce((sum, { instances }) => sum + instances, 0),
    patient: head.patient,
    modality: head.modality,
    description: head.description,
    date: head.date,
    time: head.time,
    async *files() {
      for (const { make } of series) yield* make();
    },
  };
}
