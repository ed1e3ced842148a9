import { CodedValue } from './audit-message';

const dcm = (code: string, meaning: string): CodedValue => ({ code, system: 'DCM', meaning });
const ihe = (code: string, meaning: string): CodedValue => ({ code, system: 'IHE Transactions', meaning });
const rfc3881 = (code: string, meaning: string): CodedValue => ({ code, system: 'RFC-3881', meaning });

/** Audit Event ID, DICOM PS3.16 CID 400. */
export const auditEvents = {
  applicationActivity: dcm('110100', 'Application Activity'),
  auditLogUsed: dcm('110101', 'Audit Log Used'),
  beginTransferring: dcm('110102', 'Begin Transferring DICOM Instances'),
  instancesAccessed: dcm('110103', 'DICOM Instances Accessed'),
  instancesTransferred: dcm('110104', 'DICOM Instances Transferred'),
  export: dcm('110106', 'Export'),
  import: dcm('110107', 'Import'),
  patientRecord: dcm('110110', 'Patient Record'),
  procedureRecord: dcm('110111', 'Procedure Record'),
  query: dcm('110112', 'Query'),
  securityAlert: dcm('110113', 'Security Alert'),
  userAuthentication: dcm('110114', 'User Authentication'),
} as const;

/** Audit Event Type Code, DICOM PS3.16 CID 401, and the transactions of IHE. */
export const auditEventTypes = {
  applicationStart: dcm('110120', 'Application Start'),
  applicationStop: dcm('110121', 'Application Stop'),
  login: dcm('110122', 'Login'),
  logout: dcm('110123', 'Logout'),
  nodeAuthentication: dcm('110126', 'Node Authentication'),
  securityConfiguration: dcm('110129', 'Security Configuration'),
  softwareConfiguration: dcm('110131', 'Software Configuration'),
  restrictedFunction: dcm('110132', 'Use of Restricted Function'),
  iti18: ihe('ITI-18', 'Registry Stored Query'),
  iti41: ihe('ITI-41', 'Provide and Register Document Set-b'),
  iti43: ihe('ITI-43', 'Retrieve Document Set'),
  iti57: ihe('ITI-57', 'Update Document Set'),
  rad107: ihe('RAD-107', 'WADO-RS Retrieve'),
} as const;

/** Audit Active Participant Role ID Code, DICOM PS3.16 CID 402. */
export const participantRoles = {
  application: dcm('110150', 'Application'),
  applicationLauncher: dcm('110151', 'Application Launcher'),
  destination: dcm('110152', 'Destination Role ID'),
  source: dcm('110153', 'Source Role ID'),
  destinationMedia: dcm('110154', 'Destination Media'),
  sourceMedia: dcm('110155', 'Source Media'),
} as const;

/** Media of an export or import (DICOM PS3.16 CID 405): an archive that is handed over as a file. */
export const mediaTypes = { file: dcm('110037', 'File') } as const;

/** Participant Object ID Type Code: RFC 3881, 5.5.4 and DICOM PS3.16 CID 404. */
export const objectIdTypes = {
  patientNumber: rfc3881('2', 'Patient Number'),
  reportNumber: rfc3881('9', 'Report Number'),
  uri: rfc3881('12', 'URI'),
  studyInstanceUid: dcm('110180', 'Study Instance UID'),
  nodeId: dcm('110182', 'Node ID'),
  storedQuery: ihe('ITI-18', 'Registry Stored Query'),
  /** ITI TF-2 3.41.5 and 3.57.5. */
  submissionSet: {
    code: 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd',
    system: 'IHE XDS Metadata',
    meaning: 'submission set classificationNode',
  },
} as const;
