import { createHash } from 'node:crypto';
import type { ImagingReport } from '../../../standards/cda';
import { timestampToUtcDigits } from '../../../standards/identity';
import type { Manifest } from '../../../standards/manifest';
import { formatPatientId, KOS_CODES, newOid, type Code, type DocumentEntry } from '../../../standards/xds';
import type { PatientContext } from '../../context';
import type { Exam, ExamDocument } from '../exam';
import { LOINC, notImages } from '../list/entry-facts';
import { opaqueId } from '../list/pair-exams';

/** A report that came with a manifest, proven to be this patient's. */
export interface UploadedReport {
  readonly report: ImagingReport;
  readonly digest: Buffer;
}

const visibility = { masquePs: false, invisiblePatient: false, invisibleRepresentantsLegaux: false };

const REPORT_CODES: { classCode: Code; typeCode: Code; formatCode: Code } = {
  classCode: { code: '10', scheme: '1.2.250.1.213.1.1.4.1', display: 'Compte rendu' },
  typeCode: { code: '18748-4', scheme: LOINC, display: "CR d'imagerie médicale" },
  formatCode: {
    code: 'urn:ihe:iti:xds-sd:pdf:2008',
    scheme: '1.3.6.1.4.1.19376.1.2.3',
    display: 'Document à corps non structuré en Pdf/A-1',
  },
};

/** Opaque name of the report in addresses. */
export const reportIdOf = (context: PatientContext, digest: Buffer): string =>
  opaqueId(context.id, `document file ${digest.toString('hex')}`);

/** A line of the list made of what was brought alone; `reports`: those of the patient, of whatever study. */
export function examOf(
  manifest: Manifest,
  digest: Buffer,
  context: PatientContext,
  reports: readonly UploadedReport[] = [],
): Exam {
  const [study] = manifest.studies;
  const series = manifest.studies.flatMap((one) => one.series);
  const codes = [...new Set(series.flatMap(({ modality }) => (modality ? [modality] : [])))];
  const key = `file ${digest.toString('hex')}`;
  return {
    id: opaqueId(context.id, key),
    studyInstanceUid: study?.studyInstanceUid,
    accessionNumbers: manifest.studies.flatMap(({ requests }) =>
      requests.flatMap(({ accession }) => (accession?.value ? [accession.value] : [])),
    ),
    date: study?.date ? `${study.date}${(study.time ?? '').slice(0, 6)}` : undefined,
    modalities: codes.filter((code) => !notImages.has(code)).map((code) => ({ code, label: code })),
    regions: (manifest.targetRegions ?? []).map(({ value, meaning }) => ({ code: value, label: meaning })),
    description: manifest.actLabel ?? study?.description ?? '',
    structure: manifest.institution?.name ?? '',
    manifest: {
      id: opaqueId(context.id, `document ${key}`),
      entry: entryOf(manifest, context),
      title: '',
      createdAt: `${manifest.createdDate}${manifest.createdTime}`,
      isReplaced: false,
      visibility,
    },
    references: {
      studies: manifest.studies.map(({ studyInstanceUid }) => studyInstanceUid),
      accessions: manifest.studies.flatMap(({ requests }) =>
        requests.flatMap(({ accession }) =>
          accession?.value ? [{ number: accession.value, issuer: accession.issuerOid || undefined }] : [],
        ),
      ),
    },
    source: 'file',
    otherManifests: [],
    earlierManifests: [],
    reports: reports.filter(({ report }) => isOf(report, manifest)).map((one) => documentOf(one, context)),
    earlierReports: [],
    differences: [],
  };
}

/** Whether files bring all that the record has of an exam: it need not be listed twice. What is newer, more or blocked there is. */
export function isBrought(exam: Exam, uploaded: readonly Exam[]): boolean {
  const { manifest, reports, differences } = exam;
  const same = uploaded.find((one) => one.manifest?.entry.uniqueId === manifest?.entry.uniqueId);
  const brought = new Set(same?.reports.map(({ entry }) => entry.uniqueId));
  const isComplete = manifest !== undefined && same !== undefined && differences.length === 0;
  return isComplete && reports.every(({ entry }) => brought.has(entry.uniqueId));
}

const isOf = ({ acts }: ImagingReport, { studies }: Manifest): boolean =>
  acts.some((act) => studies.some(({ studyInstanceUid }) => studyInstanceUid === act.studyInstanceUid));

function documentOf({ report, digest }: UploadedReport, context: PatientContext): ExamDocument {
  const { documentId, title, effectiveTime } = report;
  const createdAt = effectiveTime && timestampToUtcDigits(effectiveTime);
  return {
    id: reportIdOf(context, digest),
    entry: {
      ...entryFor(context),
      // The registry's own form of a document identifier.
      uniqueId: documentId.extension ? `${documentId.root}^${documentId.extension}` : documentId.root || oidOf(digest),
      mimeType: 'text/xml',
      ...REPORT_CODES,
      title,
      creationTime: createdAt,
    },
    title,
    createdAt,
    isReplaced: false,
    visibility,
  };
}

const oidOf = (digest: Buffer): string => newOid(createHash('sha256').update(digest).digest('hex').slice(0, 32));

const entryFor = (context: PatientContext) => ({
  entryUuid: '',
  patientId: formatPatientId(context.patient.ins),
  authors: [],
  confidentialityCode: [],
  eventCodeList: [],
  sourcePatientInfo: [],
  referenceIdList: [],
});

/** What an entry of the record would say of this manifest. */
function entryOf(manifest: Manifest, context: PatientContext): DocumentEntry {
  return {
    ...entryFor(context),
    uniqueId: manifest.sopInstanceUid,
    mimeType: 'application/dicom',
    ...KOS_CODES,
  };
}
