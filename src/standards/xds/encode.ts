import { element, type XmlFragment } from '../soap';
import { CLASSIFICATION, IDENTIFIER, NS, STABLE_DOCUMENT, SUBMISSION_SET_NODE, REFERENCE_ID_LIST } from './codes';
import type { Association, Author, Code, DocumentEntry, Submission, SubmissionSet } from './model';

/** Writes metadata as ebRIM 3.0 (ITI TF-3 4.2.1). Elements are in the default namespace `rim` of the caller. */

/** Hands out the ids that ebRIM wants on classifications and identifiers; unique inside one message. */
class LocalIds {
  private classifications = 0;
  private identifiers = 0;
  classification = (): string => `cla${String(++this.classifications)}`;
  identifier = (): string => `ei${String(++this.identifiers)}`;
}

const slot = (name: string, values: readonly (string | undefined)[]): XmlFragment | undefined => {
  const present = values.filter((value) => value !== undefined && value !== '');
  if (present.length === 0) return undefined;
  return element(
    'Slot',
    { name },
    element(
      'ValueList',
      {},
      present.map((value) => element('Value', {}, value)),
    ),
  );
};

const localized = (name: 'Name' | 'Description', value: string | undefined): XmlFragment | undefined =>
  value === undefined
    ? undefined
    : element(name, {}, element('LocalizedString', { charset: 'UTF8', value, 'xml:lang': 'FR' }));

/** The parts of one registry object, in the order of the ebRIM schema: slots, name, description, the rest. */
class ObjectWriter {
  constructor(
    private readonly owner: string,
    private readonly ids: LocalIds,
  ) {}

  coded(scheme: string, code: Code | undefined): XmlFragment | undefined {
    if (code === undefined) return undefined;
    return element(
      'Classification',
      {
        classificationScheme: scheme,
        classifiedObject: this.owner,
        id: this.ids.classification(),
        nodeRepresentation: code.code,
      },
      slot('codingScheme', [code.scheme]),
      localized('Name', code.display),
    );
  }

  author(scheme: string, author: Author): XmlFragment {
    return element(
      'Classification',
      // nodeRepresentation is mandatory and empty for an author (ITI TF-3 4.2.3.1.2)
      {
        classificationScheme: scheme,
        classifiedObject: this.owner,
        id: this.ids.classification(),
        nodeRepresentation: '',
      },
      slot('authorPerson', [author.authorPerson]),
      slot('authorInstitution', author.authorInstitution),
      slot('authorRole', author.authorRole),
      slot('authorSpecialty', author.authorSpecialty),
    );
  }

  node(classificationNode: string): XmlFragment {
    return element('Classification', {
      classificationNode,
      classifiedObject: this.owner,
      id: this.ids.classification(),
    });
  }

  identifier(scheme: string, name: string, value: string): XmlFragment {
    return element(
      'ExternalIdentifier',
      { id: this.ids.identifier(), identificationScheme: scheme, registryObject: this.owner, value },
      localized('Name', name),
    );
  }
}

function submissionSetXml(set: SubmissionSet, ids: LocalIds): XmlFragment {
  const write = new ObjectWriter(set.entryUuid, ids);
  return element(
    'RegistryPackage',
    { id: set.entryUuid },
    slot('submissionTime', [set.submissionTime]),
    localized('Name', set.title),
    localized('Description', set.comments),
    set.authors.map((author) => write.author(CLASSIFICATION.submissionSetAuthor, author)),
    write.coded(CLASSIFICATION.contentTypeCode, set.contentTypeCode),
    write.node(SUBMISSION_SET_NODE),
    write.identifier(IDENTIFIER.submissionSetPatientId, 'XDSSubmissionSet.patientId', set.patientId),
    write.identifier(IDENTIFIER.submissionSetSourceId, 'XDSSubmissionSet.sourceId', set.sourceId),
    write.identifier(IDENTIFIER.submissionSetUniqueId, 'XDSSubmissionSet.uniqueId', set.uniqueId),
  );
}

function documentEntryXml(entry: DocumentEntry, ids: LocalIds): XmlFragment {
  const write = new ObjectWriter(entry.entryUuid, ids);
  return element(
    'ExtrinsicObject',
    { id: entry.entryUuid, mimeType: entry.mimeType, objectType: STABLE_DOCUMENT },
    slot('creationTime', [entry.creationTime]),
    slot('submissionTime', [entry.submissionTime]),
    slot('languageCode', [entry.languageCode]),
    slot('legalAuthenticator', [entry.legalAuthenticator]),
    slot('serviceStartTime', [entry.serviceStartTime]),
    slot('serviceStopTime', [entry.serviceStopTime]),
    slot('sourcePatientId', [entry.sourcePatientId]),
    slot('hash', [entry.hash]),
    slot('size', [entry.size?.toString()]),
    slot('URI', [entry.uri]),
    slot('sourcePatientInfo', entry.sourcePatientInfo),
    slot('repositoryUniqueId', [entry.repositoryUniqueId]),
    slot(REFERENCE_ID_LIST, entry.referenceIdList),
    localized('Name', entry.title),
    localized('Description', entry.comments),
    entry.authors.map((author) => write.author(CLASSIFICATION.author, author)),
    write.coded(CLASSIFICATION.classCode, entry.classCode),
    write.coded(CLASSIFICATION.typeCode, entry.typeCode),
    entry.confidentialityCode.map((code) => write.coded(CLASSIFICATION.confidentialityCode, code)),
    write.coded(CLASSIFICATION.formatCode, entry.formatCode),
    write.coded(CLASSIFICATION.healthcareFacilityTypeCode, entry.healthcareFacilityTypeCode),
    write.coded(CLASSIFICATION.practiceSettingCode, entry.practiceSettingCode),
    entry.eventCodeList.map((code) => write.coded(CLASSIFICATION.eventCodeList, code)),
    write.identifier(IDENTIFIER.documentPatientId, 'XDSDocumentEntry.patientId', entry.patientId),
    write.identifier(IDENTIFIER.documentUniqueId, 'XDSDocumentEntry.uniqueId', entry.uniqueId),
  );
}

const associationXml = (association: Association): XmlFragment =>
  element(
    'Association',
    {
      associationType: association.type,
      id: association.id,
      sourceObject: association.sourceObject,
      targetObject: association.targetObject,
    },
    slot('SubmissionSetStatus', [association.submissionSetStatus]),
    slot('OriginalStatus', [association.originalStatus]),
    slot('NewStatus', [association.newStatus]),
  );

/** `lcm:SubmitObjectsRequest` with the whole submission. */
export function submitObjectsRequest(submission: Submission): XmlFragment {
  const ids = new LocalIds();
  return element(
    'lcm:SubmitObjectsRequest',
    { 'xmlns:lcm': NS.lcm, xmlns: NS.rim },
    element(
      'RegistryObjectList',
      {},
      submissionSetXml(submission.submissionSet, ids),
      submission.documentEntries.map((entry) => documentEntryXml(entry, ids)),
      submission.associations.map(associationXml),
    ),
  );
}
