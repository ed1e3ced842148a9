/**
 * Fixed identifiers of XDS.b: IHE ITI TF-3 4.2.3 (metadata), 4.2.5.2 (UUIDs), TF-2 3.18 (stored queries),
 * and the values the French DMP expects for an imaging manifest (CI-SIS "Partage de documents de santé").
 */

export const NS = {
  rim: 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0',
  rs: 'urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0',
  lcm: 'urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0',
  query: 'urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0',
  xdsb: 'urn:ihe:iti:xds-b:2007',
} as const;

export const ACTION = {
  provideAndRegister: 'urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b',
  updateDocumentSet: 'urn:ihe:iti:2010:UpdateDocumentSet',
  registryStoredQuery: 'urn:ihe:iti:2007:RegistryStoredQuery',
  retrieveDocumentSet: 'urn:ihe:iti:2007:RetrieveDocumentSet',
  patientDemographics: 'urn:hl7-org:v3:PRPA_IN201307UV02',
} as const;

/** objectType of a stable document entry. */
export const STABLE_DOCUMENT = 'urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1';
/** classificationNode that makes a RegistryPackage a submission set. */
export const SUBMISSION_SET_NODE = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd';

/** classificationScheme of each coded attribute. */
export const CLASSIFICATION = {
  submissionSetAuthor: 'urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d',
  contentTypeCode: 'urn:uuid:aa543740-bdda-424e-8c96-df4873be8500',
  author: 'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d',
  classCode: 'urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a',
  typeCode: 'urn:uuid:f0306f51-975f-434e-a61c-c59651d33983',
  formatCode: 'urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d',
  confidentialityCode: 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f',
  healthcareFacilityTypeCode: 'urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1',
  practiceSettingCode: 'urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead',
  eventCodeList: 'urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4',
} as const;

/** identificationScheme of each external identifier. */
export const IDENTIFIER = {
  submissionSetPatientId: 'urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446',
  submissionSetSourceId: 'urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832',
  submissionSetUniqueId: 'urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8',
  documentPatientId: 'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427',
  documentUniqueId: 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab',
} as const;

export const ASSOCIATION = {
  hasMember: 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember',
  replaces: 'urn:ihe:iti:2007:AssociationType:RPLC',
  appends: 'urn:ihe:iti:2007:AssociationType:APND',
  transforms: 'urn:ihe:iti:2007:AssociationType:XFRM',
  signs: 'urn:ihe:iti:2007:AssociationType:signs',
  updateAvailabilityStatus: 'urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus',
} as const;

export const STATUS = {
  approved: 'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved',
  deprecated: 'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated',
  /** Status added by the French DMP; the entry is no longer found nor retrieved. */
  deleted: 'urn:asip:ci-sis:2010:StatusType:Deleted',
} as const;
export type AvailabilityStatus = (typeof STATUS)[keyof typeof STATUS];

export const RESPONSE_STATUS = {
  success: 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success',
  partialSuccess: 'urn:ihe:iti:2007:ResponseStatusType:PartialSuccess',
  failure: 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure',
} as const;

/** Identifiers of the stored queries (ITI TF-2 3.18.4.1.2.4). */
export const STORED_QUERY = {
  findDocuments: 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d',
  findDocumentsByReferenceId: 'urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492',
  findSubmissionSets: 'urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9',
  getAll: 'urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3',
  getDocuments: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
  getAssociations: 'urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155',
  getDocumentsAndAssociations: 'urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a',
  getSubmissionSets: 'urn:uuid:51224314-5390-4169-9b91-b1980040715a',
} as const;

export const REFERENCE_ID_LIST = 'urn:ihe:iti:xds:2013:referenceIdList';

/** Identifier type codes of referenceIdList (ITI TF-3 4.2.3.1.7, table of CXi.5). */
export const REFERENCE_TYPE = {
  accession: 'urn:ihe:iti:xds:2013:accession',
  order: 'urn:ihe:iti:xds:2013:order',
  uniqueId: 'urn:ihe:iti:xds:2013:uniqueId',
  studyInstanceUid: 'urn:ihe:iti:xds:2016:studyInstanceUID',
} as const;

/** OIDs of code systems and value sets met in French metadata. */
export const OID = {
  insNir: '1.2.250.1.213.1.4.8',
  insNia: '1.2.250.1.213.1.4.9',
  insNirTest: '1.2.250.1.213.1.4.10',
  persons: '1.2.250.1.71.4.2.1',
  structures: '1.2.250.1.71.4.2.2',
  sectors: '1.2.250.1.71.4.2.4',
  modalities: '1.2.250.1.213.1.1.5.618',
  regions: '1.2.250.1.213.1.1.5.695',
  acts: '1.2.250.1.213.2.5',
  contentTypes: '1.2.250.1.213.2.2',
  visibility: '1.2.250.1.213.1.1.4.13',
  confidentiality: '2.16.840.1.113883.5.25',
} as const;

export const MIME = { kos: 'application/dicom', xml: 'text/xml' } as const;
