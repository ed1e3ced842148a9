import { attributeOf, elementAt } from '../soap';
import { childElements, textOf, type XmlElement } from '../xmlsec';
import {
  CLASSIFICATION,
  IDENTIFIER,
  NS,
  REFERENCE_ID_LIST,
  STATUS,
  SUBMISSION_SET_NODE,
  type AvailabilityStatus,
} from './codes';
import type { Association, Author, Code, DocumentEntry, RegistryObjects, SubmissionSet } from './model';

/** Reads ebRIM 3.0 objects, of an answer or of a METADATA.XML. Tolerant of order, of prefixes and of extra slots. */

const rim = (parent: XmlElement, name: string): XmlElement[] => childElements(parent, NS.rim, name);

/** The values of one slot, also when a sender cut the list into several slots of one name. */
function slotValues(object: XmlElement, name: string): string[] {
  return rim(object, 'Slot')
    .filter((slot) => attributeOf(slot, 'name') === name)
    .flatMap((slot) => rim(slot, 'ValueList'))
    .flatMap((list) => rim(list, 'Value'))
    .map(textOf)
    .filter((value) => value !== '');
}

const slotValue = (object: XmlElement, name: string): string | undefined => slotValues(object, name)[0];

function localized(object: XmlElement, name: 'Name' | 'Description'): string | undefined {
  return attributeOf(elementAt(object, NS.rim, name, 'LocalizedString'), 'value');
}

const classifications = (object: XmlElement, scheme: string): XmlElement[] =>
  rim(object, 'Classification').filter((one) => attributeOf(one, 'classificationScheme') === scheme);

const codesOf = (object: XmlElement, scheme: string): Code[] =>
  classifications(object, scheme).map((one) => ({
    code: attributeOf(one, 'nodeRepresentation') ?? '',
    scheme: slotValue(one, 'codingScheme') ?? '',
    display: localized(one, 'Name') ?? '',
  }));

const authorsOf = (object: XmlElement, scheme: string): Author[] =>
  classifications(object, scheme).map((one) => ({
    authorPerson: slotValue(one, 'authorPerson'),
    authorInstitution: slotValues(one, 'authorInstitution'),
    authorRole: slotValues(one, 'authorRole'),
    authorSpecialty: slotValues(one, 'authorSpecialty'),
  }));

const identifierOf = (object: XmlElement, scheme: string): string =>
  attributeOf(
    rim(object, 'ExternalIdentifier').find((one) => attributeOf(one, 'identificationScheme') === scheme),
    'value',
  ) ?? '';

const KNOWN_STATUS: readonly string[] = Object.values(STATUS);
const statusOf = (object: XmlElement): AvailabilityStatus | undefined => {
  const status = attributeOf(object, 'status');
  return status !== undefined && KNOWN_STATUS.includes(status) ? (status as AvailabilityStatus) : undefined;
};

function readSubmissionSet(object: XmlElement): SubmissionSet {
  return {
    entryUuid: attributeOf(object, 'id') ?? '',
    uniqueId: identifierOf(object, IDENTIFIER.submissionSetUniqueId),
    sourceId: identifierOf(object, IDENTIFIER.submissionSetSourceId),
    patientId: identifierOf(object, IDENTIFIER.submissionSetPatientId),
    submissionTime: slotValue(object, 'submissionTime') ?? '',
    contentTypeCode: codesOf(object, CLASSIFICATION.contentTypeCode)[0],
    authors: authorsOf(object, CLASSIFICATION.submissionSetAuthor),
    title: localized(object, 'Name'),
    comments: localized(object, 'Description'),
    availabilityStatus: statusOf(object),
  };
}

function sizeOf(object: XmlElement): number | undefined {
  const size = slotValue(object, 'size');
  return size !== undefined && /^\d{1,12}$/.test(size) ? Number(size) : undefined;
}

/** Reads one `ExtrinsicObject`. */
export function readDocumentEntry(object: XmlElement): DocumentEntry {
  const one = (scheme: string) => codesOf(object, scheme)[0];
  return {
    entryUuid: attributeOf(object, 'id') ?? '',
    uniqueId: identifierOf(object, IDENTIFIER.documentUniqueId),
    patientId: identifierOf(object, IDENTIFIER.documentPatientId),
    mimeType: attributeOf(object, 'mimeType') ?? '',
    availabilityStatus: statusOf(object),
    authors: authorsOf(object, CLASSIFICATION.author),
    legalAuthenticator: slotValue(object, 'legalAuthenticator'),
    classCode: one(CLASSIFICATION.classCode),
    typeCode: one(CLASSIFICATION.typeCode),
    formatCode: one(CLASSIFICATION.formatCode),
    confidentialityCode: codesOf(object, CLASSIFICATION.confidentialityCode),
    healthcareFacilityTypeCode: one(CLASSIFICATION.healthcareFacilityTypeCode),
    practiceSettingCode: one(CLASSIFICATION.practiceSettingCode),
    eventCodeList: codesOf(object, CLASSIFICATION.eventCodeList),
    creationTime: slotValue(object, 'creationTime'),
    submissionTime: slotValue(object, 'submissionTime'),
    serviceStartTime: slotValue(object, 'serviceStartTime'),
    serviceStopTime: slotValue(object, 'serviceStopTime'),
    languageCode: slotValue(object, 'languageCode'),
    sourcePatientId: slotValue(object, 'sourcePatientId'),
    sourcePatientInfo: slotValues(object, 'sourcePatientInfo'),
    referenceIdList: slotValues(object, REFERENCE_ID_LIST),
    hash: slotValue(object, 'hash')?.toLowerCase(),
    size: sizeOf(object),
    uri: slotValue(object, 'URI'),
    repositoryUniqueId: slotValue(object, 'repositoryUniqueId'),
    homeCommunityId: attributeOf(object, 'home'),
    title: localized(object, 'Name'),
    comments: localized(object, 'Description'),
  };
}

function readAssociation(object: XmlElement): Association {
  const status = slotValue(object, 'SubmissionSetStatus');
  return {
    id: attributeOf(object, 'id') ?? '',
    type: attributeOf(object, 'associationType') ?? '',
    sourceObject: attributeOf(object, 'sourceObject') ?? '',
    targetObject: attributeOf(object, 'targetObject') ?? '',
    submissionSetStatus: status === 'Original' || status === 'Reference' ? status : undefined,
    originalStatus: slotValue(object, 'OriginalStatus'),
    newStatus: slotValue(object, 'NewStatus'),
  };
}

const isSubmissionSet = (object: XmlElement): boolean =>
  rim(object, 'Classification').some((one) => attributeOf(one, 'classificationNode') === SUBMISSION_SET_NODE);

/** Reads the objects of a `RegistryObjectList`. Folders and unknown objects are passed over. */
export function readRegistryObjects(list: XmlElement): RegistryObjects {
  return {
    submissionSets: rim(list, 'RegistryPackage').filter(isSubmissionSet).map(readSubmissionSet),
    documentEntries: rim(list, 'ExtrinsicObject').map(readDocumentEntry),
    associations: rim(list, 'Association').map(readAssociation),
    objectRefs: rim(list, 'ObjectRef').flatMap((ref) => attributeOf(ref, 'id') ?? []),
  };
}
