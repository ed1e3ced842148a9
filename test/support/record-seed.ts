import type { SandboxDmp } from '../../sandbox/dmp';
import { demoPatients, manifestFile, type DemoPatient } from '../../sandbox/demo-data';
import { makeReport } from '../../sandbox/ris';

/** One exam to put into the record of the sandbox DMP; only the interesting fields are spelled out. */
export interface SeededExam {
  /** The entries do not tell the hash of their documents. */
  withoutHash?: boolean;
  /** Last number of the study UID. */
  number: number;
  patient?: DemoPatient;
  /** yyyyMMddHHmmss, UTC. */
  at: string;
  modality?: string;
  region?: { code: string; display: string };
  description?: string;
  structure?: { id: string; name: string };
  /** Images of each series. */
  series?: readonly number[];
  /** A structured report, a presentation state and an encapsulated document stand in the manifest beside the images. */
  documents?: boolean;
  images?: boolean;
  report?: boolean;
  /** The patient that the manifest names, when it is another one than that of the entry. */
  manifestPatient?: DemoPatient;
  /** The patient that the entries name beside the INS. */
  entryPatient?: DemoPatient;
  /** Not for the patient (true), or not for professionals other than its author. */
  masked?: boolean | 'MASQUE_PS' | 'INVISIBLE_REPRESENTANTS_LEGAUX';
  accession?: string;
  reportId?: string;
}

const thorax = { code: '67734004', display: 'Thorax' };
const accessionIssuer = '1.2.250.1.213.4.5.2.901';
const KOS = {
  mimeType: 'application/dicom',
  classCode: { code: '31', scheme: '1.2.250.1.213.1.1.4.1', display: 'Imagerie médicale' },
  typeCode: { code: 'IMG-KOS', scheme: '1.2.250.1.213.1.1.4.12', display: "Reference d'objets d'un examen d'imagerie" },
  formatCode: { code: '1.2.840.10008.5.1.4.1.1.88.59', scheme: '1.2.840.10008.2.6.1', display: 'KOS' },
};
const CT = '1.2.840.10008.5.1.4.1.1.2';
/** Comprehensive SR, Grayscale Softcopy Presentation State, Encapsulated PDF. */
const documentClasses = ['88.33', '11.1', '104.1'].map((tail) => `1.2.840.10008.5.1.4.1.1.${tail}`);

export const studyUidOf = (number: number): string => `1.2.250.1.213.4.5.2.7.${number}`;

/** A manifest file of an exam, written by dcmjs and not by us. */
export function manifestOfExam(exam: SeededExam): { sopInstanceUid: string; bytes: Buffer } {
  const studyInstanceUid = studyUidOf(exam.number);
  const objects = (exam.series ?? [3]).flatMap((count, series) =>
    Array.from({ length: count }, (_, instance) => ({
      sopClassUid: CT,
      seriesInstanceUid: `${studyInstanceUid}.${series + 1}`,
      sopInstanceUid: `${studyInstanceUid}.${series + 1}.${instance + 1}`,
    })),
  );
  const documents = documentClasses.map((sopClassUid, index) => ({
    sopClassUid,
    seriesInstanceUid: `${studyInstanceUid}.${90 + index}`,
    sopInstanceUid: `${studyInstanceUid}.${90 + index}.1`,
  }));
  return manifestFile({
    studyInstanceUid,
    accessionNumber: exam.accession ?? `A${exam.number}`,
    accessionIssuer,
    description: exam.description ?? 'Scanner thoracique',
    patient: exam.manifestPatient ?? exam.patient ?? demoPatients.thorax,
    objects: exam.documents ? [...objects, ...documents] : objects,
    retrieveBase: 'https://localhost:1/drimbox/rs',
  });
}

/** Registers manifest and report of an exam. @returns the unique identifiers of both */
export function seedExam(dmp: SandboxDmp, exam: SeededExam): { manifest?: string; report?: string } {
  const patient = exam.patient ?? demoPatients.thorax;
  const named = exam.entryPatient ?? patient;
  const region = exam.region ?? thorax;
  const modality = exam.modality ?? 'CT';
  const studyInstanceUid = studyUidOf(exam.number);
  const accessionNumber = exam.accession ?? `A${exam.number}`;
  const common = {
    ins: { matricule: patient.ins, oid: patient.oid },
    author: { id: '801234560801', family: 'BIDEAULT', given: 'Jacques' },
    structure: exam.structure ?? { id: '1750803447', name: 'Centre de radiologie Ambroise' },
    withoutHash: exam.withoutHash,
    creationTime: exam.at,
    serviceStartTime: exam.at,
    referenceIds: [
      `${accessionNumber}^^^&${accessionIssuer}&ISO^urn:ihe:iti:xds:2013:accession`,
      `${studyInstanceUid}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID`,
    ],
    eventCodes: [
      { code: modality, scheme: '1.2.250.1.213.1.1.5.618', display: modality },
      { ...region, scheme: '1.2.250.1.213.1.1.5.695' },
      ...(exam.description ? [{ code: '24628-0', scheme: '2.16.840.1.113883.6.1', display: exam.description }] : []),
    ],
    confidentialityCodes: [
      { code: 'N', scheme: '2.16.840.1.113883.5.25', display: 'Normal' },
      ...(exam.masked
        ? [
            {
              code: exam.masked === true ? 'INVISIBLE_PATIENT' : exam.masked,
              scheme: '1.2.250.1.213.1.1.4.13',
              display: 'Non visible',
            },
          ]
        : []),
    ],
    sourcePatientInfo: [
      `PID-5|${named.family}^${named.given.split(' ')[0]}^${named.given}^^^^L`,
      `PID-7|${named.birthDate}`,
      `PID-8|${named.gender}`,
      `PID-11|^^^^^^BDL^^${named.birthPlace}`,
    ],
  };
  const seeded: { manifest?: string; report?: string } = {};
  if (exam.images !== false) {
    const { sopInstanceUid, bytes } = manifestOfExam(exam);
    dmp.addReport({
      ...common,
      content: bytes,
      kind: KOS,
      uniqueId: sopInstanceUid,
      title: "Reference d'Objets d'un Examen d'Imagerie",
    });
    seeded.manifest = sopInstanceUid;
  }
  if (exam.report) {
    const label = exam.description ?? 'Scanner thoracique';
    const content = Buffer.from(
      makeReport([
        {
          studyInstanceUid,
          accessionNumber,
          accessionIssuer,
          orderNumber: `O${exam.number}`,
          orderIssuer: '1.2.250.1.213.4.5.2.902',
          act: { code: '24628-0', label },
          modality: { code: modality, label: modality },
          region: { code: region.code, label: region.display },
          start: `${exam.at}+0000`,
          stop: `${exam.at}+0000`,
          patient: {
            ...(exam.manifestPatient ?? patient),
            given: (exam.manifestPatient ?? patient).given.split(' ')[0] ?? '',
          },
        },
      ]),
    );
    const uniqueId = exam.reportId ?? `${studyInstanceUid}.9.1`;
    dmp.addReport({ ...common, content, uniqueId, title: label });
    seeded.report = uniqueId;
  }
  return seeded;
}

/** The form of a contextual call for a demo patient. */
export const callOf = (patient: DemoPatient, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  'Patient.identifier.value': patient.ins,
  'Patient.identifier.system': patient.oid,
  'Patient.name.family': patient.family,
  'Patient.name.given': patient.given.split(' ')[0] ?? '',
  'Patient.gender': patient.gender,
  'Patient.birthDate': patient.birthDate,
  'Address.district': patient.birthPlace,
  PatientID: patient.patientId,
  PatientIDIssuer: `CHFICTIF&${patient.patientIdIssuer}&ISO`,
  InformationEtConsentement: 'oui',
  ...more,
});

/** A day some months ago, as DTM: the record is asked for two years back from today. */
export function monthsAgo(months: number, now = new Date()): string {
  const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 10, 8, 30));
  return at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
}
