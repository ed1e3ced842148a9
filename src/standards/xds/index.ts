export * from './codes';
export { readDocumentEntry, readRegistryObjects } from './decode';
export {
  dmpStatusRequest,
  readDmpStatusResponse,
  type DmpAuthorisation,
  type DmpStatus,
  type DmpStatusReading,
  type DmpStatusRequest,
} from './dmp-status';
export { submitObjectsRequest } from './encode';
export type { Association, Author, Code, DocumentEntry, RegistryObjects, Submission, SubmissionSet } from './model';
export {
  provideAndRegister,
  updateDocumentSet,
  type ProvideAndRegister,
  type SubmittedDocument,
} from './provide-and-register';
export {
  readRegistryResponse,
  type RegistryError,
  type RegistryResponse,
  type ResponseStatus,
} from './registry-response';
export {
  readRetrieveDocumentSetResponse,
  retrieveDocumentSetRequest,
  type DocumentRequest,
  type DocumentResponse,
  type RetrieveReading,
} from './retrieve-document-set';
export {
  adhocQueryRequest,
  readAdhocQueryResponse,
  type FindDocuments,
  type FindDocumentsByReferenceId,
  type FindSubmissionSets,
  type GetAll,
  type GetAssociations,
  type GetDocuments,
  type QueryReading,
  type ReturnType,
  type StoredQuery,
  type TimeRange,
} from './stored-query';
export {
  KOS_ENTRY,
  personAuthor,
  SIGNATURE_ENTRY,
  submissionFor,
  SUBMISSION_SET,
  systemAuthor,
  withSignature,
  type SubmissionIds,
  type SubmissionInput,
  type SubmissionPerson,
  type SubmissionReport,
  type SubmissionStructure,
} from './submission.mapper';
export { newOid } from './new-oid';
export { reportFacts, type ReportCircumstances, type ReportFacts } from './report.mapper';
export {
  confidentialityCodes,
  contentTypeCode,
  KOS_CODES,
  modalityCode,
  SIGNATURE_CODES,
  visibilityOf,
  type VisibilityFlags,
} from './value-sets';
export * from './values';
export { withdrawalFor, type WithdrawalInput } from './withdrawal';
