import { createHash } from 'node:crypto';
import { checkTimestamp, timestampToUtcDigits } from '../identity';
import type { Manifest } from '../manifest';
import { ASSOCIATION, MIME, OID, REFERENCE_TYPE } from './codes';
import type { Association, Author, Code, DocumentEntry, Submission } from './model';
import {
  confidentialityCodes,
  contentTypeCode,
  KOS_CODES,
  modalityCode,
  SIGNATURE_CODES,
  type VisibilityFlags,
} from './value-sets';
import { formatCx, formatDtm, formatPatientId, formatXcn, formatXon } from './values';

/**
 * From a manifest and the report that announced it to XDS metadata, and nowhere else. The pattern is the one of the ANS
 * samples; departures: times are UTC (ITI TF-3 4.2.3.1.7), unique ids are UUID-derived OIDs, and the authority of
 * the study reference is not the placeholder of the samples.
 */

/** A professional, by national identifier. */
export interface SubmissionPerson {
  id: string;
  family: string;
  given: string;
}

/** What the metadata take from the report and from the message that carried it. */
export interface SubmissionReport {
  ins: { matricule: string; oid: string };
  /** Local identifier of the patient, for sourcePatientId. */
  localPatientId?: { value: string; issuerOid: string };
  birthFamilyName: string;
  firstGivenName: string;
  /** YYYYMMDD. */
  birthDate: string;
  gender: 'M' | 'F' | 'O' | 'U' | '';
  /** INSEE code of the place of birth. */
  birthPlace?: string;
  /** Who answers for the submission: the professional of PRT `SB`, or the author of the report. */
  author: SubmissionPerson;
  legalAuthenticator: SubmissionPerson;
  /** DTM, UTC, of the service event; the start is that of the study when the report does not tell it. */
  serviceStart: string;
  serviceStop?: string;
  healthcareFacilityType: Code;
  practiceSetting: Code;
  /** Acts and anatomical regions, in the order of the report. */
  regions: Code[];
  acts: Code[];
  /** Used when the manifest names no modality. */
  modalities: string[];
  /** PV1-2. */
  patientClass?: string;
}

/** The structure that publishes, as its mode (EJ, EG, EJ/EG) names it. */
export interface SubmissionStructure {
  /** National identifier with its leading type digit, 1 for FINESS. */
  id: string;
  name: string;
}

export interface SubmissionIds {
  /** A fresh UUID-derived OID, `2.25.…`. */
  oid(): string;
  /** A fresh `urn:uuid:…`-less UUID. */
  uuid(): string;
}

export interface SubmissionInput {
  manifest: Manifest;
  /** The KOS as it is sent. */
  document: Uint8Array;
  report: SubmissionReport;
  flags: VisibilityFlags;
  structure: SubmissionStructure;
  /** The gateway as an author; `sourceId` is its OID as a document source. */
  system: { id: string; family: string; given: string; sourceId: string };
  /** entryUUID of the entry that this one replaces. */
  replaces?: string;
  ids: SubmissionIds;
  clock: () => Date;
}

export const KOS_ENTRY = 'DocumentKOS';
export const SIGNATURE_ENTRY = 'Signature01';
export const SUBMISSION_SET = 'SubmissionSet01';

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** The submission without its signature document, which is made over it: see `withSignature`. */
export function submissionFor(input: SubmissionInput): Submission {
  const { report, ids } = input;
  const now = formatDtm(input.clock());
  const patientId = formatPatientId(report.ins);
  const submissionSet = {
    entryUuid: SUBMISSION_SET,
    uniqueId: ids.oid(),
    sourceId: input.system.sourceId,
    patientId,
    submissionTime: now,
    contentTypeCode: contentTypeCode(report.patientClass),
    authors: [systemAuthor(input)],
    title: "Publication d'une référence d'examen d'imagerie",
  };
  const associations = [hasMember(ids, KOS_ENTRY)];
  if (input.replaces !== undefined) {
    associations.push(
      association(ids, { type: ASSOCIATION.replaces, sourceObject: KOS_ENTRY, targetObject: input.replaces }),
    );
  }
  return { submissionSet, documentEntries: [kosEntry(input, now, patientId)], associations };
}

function kosEntry(input: SubmissionInput, now: string, patientId: string): DocumentEntry {
  const { manifest, report } = input;
  return {
    entryUuid: KOS_ENTRY,
    uniqueId: manifest.sopInstanceUid,
    patientId,
    mimeType: MIME.kos,
    authors: [systemAuthor(input)],
    legalAuthenticator: personXcn(report.legalAuthenticator),
    ...KOS_CODES,
    confidentialityCode: confidentialityCodes(input.flags),
    healthcareFacilityTypeCode: report.healthcareFacilityType,
    practiceSettingCode: report.practiceSetting,
    eventCodeList: eventCodes(input),
    creationTime: utc(`${manifest.createdDate}${manifest.createdTime}${manifest.timezoneOffset ?? ''}`) ?? now,
    submissionTime: now,
    serviceStartTime: report.serviceStart,
    serviceStopTime: report.serviceStop,
    languageCode: 'fr-FR',
    sourcePatientId: sourcePatientId(report),
    sourcePatientInfo: sourcePatientInfo(report),
    referenceIdList: referenceIds(manifest),
    hash: sha1(input.document),
    size: input.document.byteLength,
    title: "Reference d'Objets d'un Examen d'Imagerie",
    comments: 'KOS',
  };
}

/**
 * Adds the XAdES document that signs the submission set: its entry, its membership and the `signs` association.
 * `uniqueId` is the one written into the signature.
 */
export function withSignature(
  submission: Submission,
  signature: { document: Uint8Array; uniqueId: string; signer: SubmissionPerson; structure: SubmissionStructure },
  ids: SubmissionIds,
): Submission {
  const [signed] = submission.documentEntries;
  const time = submission.submissionSet.submissionTime;
  const signer: Author = personAuthor(signature.signer, signature.structure);
  const entry: DocumentEntry = {
    entryUuid: SIGNATURE_ENTRY,
    uniqueId: signature.uniqueId,
    patientId: submission.submissionSet.patientId,
    mimeType: MIME.xml,
    authors: [signer],
    legalAuthenticator: signer.authorPerson,
    classCode: SIGNATURE_CODES.classCode,
    typeCode: SIGNATURE_CODES.typeCode,
    formatCode: SIGNATURE_CODES.formatCode,
    // a signature is for machines: hidden from professionals and patient in every sample
    confidentialityCode: confidentialityCodes({
      masquePs: true,
      invisiblePatient: true,
      invisibleRepresentantsLegaux: false,
    }),
    healthcareFacilityTypeCode: signed.healthcareFacilityTypeCode,
    practiceSettingCode: signed.practiceSettingCode,
    eventCodeList: [SIGNATURE_CODES.purpose],
    creationTime: time,
    submissionTime: time,
    serviceStartTime: time,
    serviceStopTime: time,
    languageCode: 'art',
    sourcePatientId: submission.submissionSet.patientId,
    sourcePatientInfo: [],
    referenceIdList: signed.referenceIdList,
    hash: sha1(signature.document),
    size: signature.document.byteLength,
    title: 'Source',
    comments: '',
  };
  return {
    submissionSet: submission.submissionSet,
    documentEntries: [...submission.documentEntries, entry],
    associations: [
      ...submission.associations,
      hasMember(ids, SIGNATURE_ENTRY),
      association(ids, {
        type: ASSOCIATION.signs,
        sourceObject: SIGNATURE_ENTRY,
        targetObject: SUBMISSION_SET,
        submissionSetStatus: 'Original',
      }),
    ],
  };
}

const association = (ids: SubmissionIds, rest: Omit<Association, 'id'>): Association => ({ id: ids.uuid(), ...rest });

const hasMember = (ids: SubmissionIds, entry: string): Association =>
  association(ids, {
    type: ASSOCIATION.hasMember,
    sourceObject: SUBMISSION_SET,
    targetObject: entry,
    submissionSetStatus: 'Original',
  });

const personXcn = (person: SubmissionPerson): string =>
  formatXcn({ ...person, authority: OID.persons, nameType: 'D', idType: 'IDNPS' });

const institutionXon = (structure: SubmissionStructure): string =>
  formatXon({ ...structure, authority: OID.structures });

/** The professional as author, with the structure. */
export const personAuthor = (person: SubmissionPerson, structure: SubmissionStructure): Author => ({
  authorPerson: personXcn(person),
  authorInstitution: [institutionXon(structure)],
  authorRole: [],
  authorSpecialty: [],
});

/** The gateway as author: XCN of type U / EI, as in the samples of the ANS validator. */
export const systemAuthor = (input: Pick<SubmissionInput, 'system' | 'structure'>): Author => ({
  authorPerson: formatXcn({ ...input.system, authority: OID.persons, nameType: 'U', idType: 'EI' }),
  authorInstitution: [institutionXon(input.structure)],
  authorRole: [],
  authorSpecialty: [],
});

function utc(text: string): string | undefined {
  const checked = checkTimestamp(text.replace(/\.\d+/, ''));
  return checked.ok ? timestampToUtcDigits(checked.value) : undefined;
}

const sourcePatientId = (report: SubmissionReport): string =>
  report.localPatientId
    ? formatCx({ value: report.localPatientId.value, authority: report.localPatientId.issuerOid, type: 'PI' })
    : formatPatientId(report.ins);

/** PID-5 name at birth, PID-7, PID-8, PID-11 place of birth (type BDL, INSEE code as PID-11.9). */
function sourcePatientInfo(report: SubmissionReport): string[] {
  const name = `${component(report.birthFamilyName)}^${component(report.firstGivenName)}^^^^^L`;
  return [
    `PID-5|${name}`,
    ...(report.birthDate ? [`PID-7|${report.birthDate}`] : []),
    ...(report.gender ? [`PID-8|${report.gender}`] : []),
    ...(report.birthPlace ? [`PID-11|^^^^^^BDL^^${component(report.birthPlace)}`] : []),
  ];
}

const component = (value: string): string => value.replace(/[\\^&|~]/g, ' ').trim();

/** Regions, then one code per modality of the study, then acts; each once. */
function eventCodes({ manifest, report }: SubmissionInput): Code[] {
  const imaged = manifest.studies.flatMap((study) => study.series.flatMap((series) => series.modality ?? []));
  const modalities = imaged.length > 0 ? imaged : report.modalities;
  const all = [...report.regions, ...[...new Set(modalities)].map(modalityCode), ...report.acts];
  return all.filter(
    (code, index) => all.findIndex((other) => other.code === code.code && other.scheme === code.scheme) === index,
  );
}

/**
 * Accession numbers, studies and orders. A study UID is unique by itself; CXi wants an authority all the same
 * (ITI TF-3 4.2.3.1.7): the DICOM UID root of the standard is given, where the samples hold 1.2.3.4.5.6.
 */
function referenceIds(manifest: Manifest): string[] {
  const requests = manifest.studies.flatMap((study) => study.requests);
  const issued = (id: { value: string; issuerOid?: string } | undefined, type: string): string[] =>
    id?.issuerOid ? [formatCx({ value: id.value, authority: id.issuerOid, type })] : [];
  const all = [
    ...requests.flatMap((request) => issued(request.accession, REFERENCE_TYPE.accession)),
    ...manifest.studies.map((study) =>
      formatCx({ value: study.studyInstanceUid, authority: DICOM_UID_ROOT, type: REFERENCE_TYPE.studyInstanceUid }),
    ),
    ...requests.flatMap((request) => issued(request.placerOrder, REFERENCE_TYPE.order)),
  ];
  return [...new Set(all)];
}

/** OID of DICOM unique identifiers. */
export const DICOM_UID_ROOT = '1.2.840.10008.2.6.1';
