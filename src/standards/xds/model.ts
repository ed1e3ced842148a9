import type { AvailabilityStatus } from './codes';

/**
 * XDS.b metadata (ITI TF-3 4.2). Values keep the data types of the wire: CX, XCN and XON as HL7 v2.5 text,
 * DTM as `yyyyMMddHHmmss` in UTC (precision may be shorter in what others registered).
 */

export interface Code {
  code: string;
  /** OID (or `URN`, `ASTM` for the signature document) of the code system or value set. */
  scheme: string;
  display: string;
}

export interface Author {
  /** XCN. */
  authorPerson?: string;
  /** XON, possibly several. */
  authorInstitution: string[];
  authorRole: string[];
  authorSpecialty: string[];
}

export interface SubmissionSet {
  /** Symbolic in a submission (`SubmissionSet01`), `urn:uuid:…` once registered. */
  entryUuid: string;
  uniqueId: string;
  sourceId: string;
  /** CX with the INS. */
  patientId: string;
  /** DTM, UTC. */
  submissionTime: string;
  contentTypeCode?: Code;
  authors: Author[];
  title?: string;
  comments?: string;
  availabilityStatus?: AvailabilityStatus;
}

export interface DocumentEntry {
  /** Symbolic in a submission (`DocumentKOS`), `urn:uuid:…` once registered. */
  entryUuid: string;
  /** For a manifest: the SOP instance UID of the KOS. */
  uniqueId: string;
  /** CX with the INS. */
  patientId: string;
  mimeType: string;
  availabilityStatus?: AvailabilityStatus;
  authors: Author[];
  /** XCN. */
  legalAuthenticator?: string;
  classCode?: Code;
  typeCode?: Code;
  formatCode?: Code;
  confidentialityCode: Code[];
  healthcareFacilityTypeCode?: Code;
  practiceSettingCode?: Code;
  eventCodeList: Code[];
  /** DTM, UTC. */
  creationTime?: string;
  submissionTime?: string;
  serviceStartTime?: string;
  serviceStopTime?: string;
  languageCode?: string;
  /** CX of the patient in the local domain, or the INS again when there is none. */
  sourcePatientId?: string;
  /** Each `PID-n|value`. */
  sourcePatientInfo: string[];
  /** Each a CXi: `value^^^&authority&ISO^type`. */
  referenceIdList: string[];
  /** SHA-1 of the document, hexadecimal. */
  hash?: string;
  /** Bytes. */
  size?: number;
  uri?: string;
  repositoryUniqueId?: string;
  homeCommunityId?: string;
  title?: string;
  comments?: string;
}

export interface Association {
  id: string;
  /** One of `ASSOCIATION`, or another URN. */
  type: string;
  sourceObject: string;
  targetObject: string;
  /** Slot `SubmissionSetStatus` of HasMember: `Original` or `Reference`. */
  submissionSetStatus?: 'Original' | 'Reference';
  /** Slots of UpdateAvailabilityStatus. */
  originalStatus?: string;
  newStatus?: string;
}

/** What one ITI-41 or ITI-57 submits. */
export interface Submission {
  submissionSet: SubmissionSet;
  documentEntries: DocumentEntry[];
  associations: Association[];
}

/** What a registry answered: the objects of a LeafClass answer and the ids of an ObjectRef answer. */
export interface RegistryObjects {
  submissionSets: SubmissionSet[];
  documentEntries: DocumentEntry[];
  associations: Association[];
  objectRefs: string[];
}
