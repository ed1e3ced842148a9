import { createHash } from 'node:crypto';
import type { AssociationMetadata, DocumentMetadata, ReceivedSubmission, SetMetadata } from './registry-objects';
import { RPLC, type Registry } from './registry';
import type { RegistryFault } from './registry-answer';

/** What the national registry would refuse in a submission, as registry errors. Written from the profile, not from our encoder. */

const OID = /^(0|1|2)(\.(0|[1-9]\d*)){1,}$/;
const ANY_DTM = /^\d{4}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d([0-5]\d)?)?)?)?)?$/;
const DTM = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)$/;
const PATIENT_ID = /^[12378]\d{4}(\d{2}|2A|2B)\d{8}\^\^\^&1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)&ISO\^NH$/;
const XCN = /^[^^]+\^[^^]*\^[^^]*\^\^\^\^\^\^&1\.2\.250\.1\.71\.4\.2\.1&ISO\^(D|U|L)\^\^\^(IDNPS|EI|RPPS|RRI)$/;
const XON = /^[^^]+\^\^\^\^\^&1\.2\.250\.1\.71\.4\.2\.2&ISO\^IDNST\^\^\^[^^]+$/;
const REFERENCE =
  /^[^^]+\^\^\^&[0-2](\.\d+)+&ISO\^urn:ihe:iti:xds:(2013:(accession|order|uniqueId)|2016:studyInstanceUID)$/;

const SCHEME = {
  classCode: 'urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a',
  typeCode: 'urn:uuid:f0306f51-975f-434e-a61c-c59651d33983',
  formatCode: 'urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d',
  confidentialityCode: 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f',
  healthcareFacilityTypeCode: 'urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1',
  practiceSettingCode: 'urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead',
  eventCodeList: 'urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4',
};

/** Combinations of type, class, format and media type that the sandbox knows. */
const KINDS = [
  {
    name: 'kos',
    mimeType: 'application/dicom',
    typeCode: 'IMG-KOS',
    classCode: '31',
    formatCode: '1.2.840.10008.5.1.4.1.1.88.59',
  },
  {
    name: 'signature',
    mimeType: 'text/xml',
    typeCode: 'E1762',
    classCode: 'urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1',
    formatCode: 'http://www.w3.org/2000/09/xmldsig#',
  },
  { name: 'report', mimeType: 'text/xml', typeCode: '18748-4', classCode: undefined, formatCode: undefined },
];
const CONFIDENTIALITY: Record<string, string> = {
  N: '2.16.840.1.113883.5.25',
  R: '2.16.840.1.113883.5.25',
  V: '2.16.840.1.113883.5.25',
  MASQUE_PS: '1.2.250.1.213.1.1.4.13',
  INVISIBLE_PATIENT: '1.2.250.1.213.1.1.4.13',
  INVISIBLE_REPRESENTANTS_LEGAUX: '1.2.250.1.213.1.1.4.13',
};
const HAS_MEMBER = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember';
const SIGNS = 'urn:ihe:iti:2007:AssociationType:signs';

/** Collects refusals. */
class Findings {
  readonly faults: RegistryFault[] = [];
  constructor(private readonly code: string) {}
  want(condition: boolean, context: string, code = this.code): void {
    if (!condition) this.faults.push({ code, context });
  }
}

export const kindOf = (document: DocumentMetadata): string | undefined =>
  KINDS.find(
    (kind) => kind.mimeType === document.mimeType && document.codes[SCHEME.typeCode]?.[0]?.code === kind.typeCode,
  )?.name;

function checkSet(set: SetMetadata, registry: Registry, find: Findings): void {
  find.want(PATIENT_ID.test(set.patientId), 'XDSSubmissionSet.patientId');
  find.want(OID.test(set.uniqueId) && set.uniqueId.length <= 64, 'XDSSubmissionSet.uniqueId');
  find.want(OID.test(set.sourceId), 'XDSSubmissionSet.sourceId');
  find.want(DTM.test(set.submissionTime), 'submissionTime');
  find.want(set.contentType?.scheme === '1.2.250.1.213.2.2' && set.contentType.display !== '', 'contentTypeCode');
  checkAuthors(set.authors, 'XDSSubmissionSet.author', find);
  find.want(!registry.hasSet(set.uniqueId), set.uniqueId, 'XDSDuplicateUniqueIdInRegistry');
}

function checkAuthors(authors: DocumentMetadata['authors'], where: string, find: Findings): void {
  find.want(authors.length > 0, where);
  for (const author of authors) {
    find.want(XCN.test(author.person), `${where} authorPerson`);
    find.want(author.institutions.length === 1 && XON.test(author.institutions[0]), `${where} authorInstitution`);
  }
}

function checkDocument(
  document: DocumentMetadata,
  set: SetMetadata,
  content: Buffer | undefined,
  find: Findings,
): void {
  const slot = (name: string) => document.slots[name]?.[0] ?? '';
  const at = (what: string) => `${document.symbol} ${what}`;
  const kind = KINDS.find((known) => known.name === kindOf(document));
  find.want(kind !== undefined, at('typeCode and mimeType'));
  for (const [name, scheme] of Object.entries(SCHEME)) {
    const codes = document.codes[scheme] ?? [];
    find.want(codes.length > 0 || (name === 'eventCodeList' && kind?.name === 'report'), at(name));
    find.want(
      codes.every((code) => code.code !== '' && code.scheme !== '' && code.display !== ''),
      at(`${name} without code, scheme or label`),
    );
    if (name !== 'eventCodeList' && name !== 'confidentialityCode')
      find.want(codes.length <= 1, at(`${name} repeated`));
  }
  for (const name of ['classCode', 'formatCode'] as const) {
    const wanted = kind?.[name];
    find.want(wanted === undefined || document.codes[SCHEME[name]]?.[0]?.code === wanted, at(name));
  }
  const confidentiality = document.codes[SCHEME.confidentialityCode] ?? [];
  find.want(
    confidentiality.every((code) => CONFIDENTIALITY[code.code] === code.scheme),
    at('confidentialityCode value set'),
  );
  find.want(
    confidentiality.some((code) => ['N', 'R', 'V'].includes(code.code)),
    at('confidentialityCode without N, R or V'),
  );
  find.want(
    new Set(confidentiality.map((code) => code.code)).size === confidentiality.length,
    at('confidentialityCode repeated'),
  );
  find.want(OID.test(document.uniqueId) && document.uniqueId.length <= 64, at('uniqueId'));
  find.want(document.patientId === set.patientId, at('patientId'), 'XDSPatientIdDoesNotMatch');
  for (const name of ['creationTime', 'serviceStartTime']) find.want(ANY_DTM.test(slot(name)), at(name));
  find.want(slot('serviceStopTime') === '' || ANY_DTM.test(slot('serviceStopTime')), at('serviceStopTime'));
  find.want(['fr-FR', 'art'].includes(slot('languageCode')), at('languageCode'));
  find.want(XCN.test(slot('legalAuthenticator')), at('legalAuthenticator'));
  find.want(/^[^^]+\^\^\^&[0-2](\.\d+)+&ISO\^(PI|NH)$/.test(slot('sourcePatientId')), at('sourcePatientId'));
  find.want(document.title !== '', at('title'));
  checkAuthors(document.authors, at('author'), find);
  if (kind?.name === 'kos') checkImaging(document, find);
  checkContent(document, content, slot, find);
}

function checkImaging(document: DocumentMetadata, find: Findings): void {
  const references = document.slots['urn:ihe:iti:xds:2013:referenceIdList'] ?? [];
  find.want(
    references.every((reference) => REFERENCE.test(reference)),
    `${document.symbol} referenceIdList`,
  );
  for (const type of ['2013:accession', '2016:studyInstanceUID']) {
    find.want(
      references.some((reference) => reference.endsWith(type)),
      `${document.symbol} referenceIdList without ${type}`,
    );
  }
  const info = document.slots.sourcePatientInfo ?? [];
  for (const [field, shape] of [
    ['PID-5', /^[^^]+\^[^^]*\^\^\^\^\^L$/],
    ['PID-7', /^\d{4}(\d{2}){0,2}$/],
    ['PID-8', /^[MFOU]$/],
  ] as const) {
    const value = info.find((one) => one.startsWith(`${field}|`))?.slice(6) ?? '';
    find.want(shape.test(value), `${document.symbol} sourcePatientInfo ${field}`);
  }
  find.want(
    (document.codes[SCHEME.eventCodeList] ?? []).some((code) => code.scheme === '1.2.250.1.213.1.1.5.618'),
    `${document.symbol} eventCodeList without modality`,
  );
}

function checkContent(
  document: DocumentMetadata,
  content: Buffer | undefined,
  slot: (name: string) => string,
  find: Findings,
): void {
  find.want(content !== undefined, document.symbol, 'XDSMissingDocument');
  if (content === undefined) return;
  find.want(slot('size') === String(content.length), `${document.symbol} size`);
  const sha1 = createHash('sha1').update(content).digest('hex');
  find.want(slot('hash').toLowerCase() === sha1, `${document.symbol} hash`, 'XDSRepositoryMetadataError');
  if (document.mimeType === 'application/dicom') {
    find.want(
      content.subarray(128, 132).toString('latin1') === 'DICM',
      `${document.symbol} is no DICOM file`,
      'XDSRepositoryMetadataError',
    );
    find.want(
      content.includes(Buffer.from(document.uniqueId, 'latin1')),
      `${document.symbol} does not hold its uniqueId`,
      'XDSRepositoryMetadataError',
    );
  }
}

function checkAssociations(received: ReceivedSubmission, registry: Registry, find: Findings): void {
  const set = received.sets[0].symbol;
  for (const document of received.documents) {
    const member = received.associations.find((one) => one.type === HAS_MEMBER && one.target === document.symbol);
    find.want(
      member?.source === set && member.slots.SubmissionSetStatus?.[0] === 'Original',
      `${document.symbol} HasMember`,
    );
  }
  const signature = received.documents.find((document) => kindOf(document) === 'signature');
  const signs = received.associations.filter((one) => one.type === SIGNS);
  find.want(
    signature !== undefined && signs.length === 1 && signs[0].source === signature.symbol && signs[0].target === set,
    'signs',
  );
  for (const replacing of received.associations.filter((one) => one.type === RPLC)) {
    const target = registry.document(replacing.target);
    find.want(
      received.documents.some((document) => document.symbol === replacing.source),
      'RPLC source',
      'UnresolvedReferenceException',
    );
    find.want(target !== undefined && target.status !== 'Deleted', replacing.target, 'UnresolvedReferenceException');
    find.want(
      target === undefined || target.status !== 'Deprecated',
      replacing.target,
      'XDSRegistryDeprecatedDocumentError',
    );
    find.want(
      target === undefined || target.patientId === received.sets[0].patientId,
      'RPLC across patients',
      'XDSPatientIdDoesNotMatch',
    );
  }
}

/** All faults of an ITI-41; empty when it may be registered. */
export function checkSubmission(
  received: ReceivedSubmission,
  contents: Map<string, Buffer>,
  registry: Registry,
): RegistryFault[] {
  const find = new Findings('XDSRegistryMetadataError');
  find.want(received.sets.length === 1, 'exactly one submission set');
  find.want(received.documents.length > 0, 'no document entry');
  if (find.faults.length > 0) return find.faults;
  const [set] = received.sets;
  checkSet(set, registry, find);
  for (const document of received.documents) {
    checkDocument(document, set, contents.get(document.symbol), find);
    const known = registry.documentByUniqueId(document.uniqueId);
    find.want(known === undefined, document.uniqueId, 'XDSDuplicateUniqueIdInRegistry');
  }
  for (const symbol of contents.keys()) {
    find.want(
      received.documents.some((document) => document.symbol === symbol),
      symbol,
      'XDSMissingDocumentMetadata',
    );
  }
  checkAssociations(received, registry, find);
  return find.faults;
}

const UPDATE = 'urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus';
const DELETED = 'urn:asip:ci-sis:2010:StatusType:Deleted';

/** All faults of an ITI-57, and what it deletes. */
export function checkDeletion(
  received: ReceivedSubmission,
  registry: Registry,
): { faults: RegistryFault[]; deletions: AssociationMetadata[] } {
  const find = new Findings('XDSMetadataUpdateError');
  const deletions = received.associations.filter((one) => one.type === UPDATE);
  find.want(received.sets.length === 1, 'exactly one submission set');
  if (received.sets.length === 1) checkSet(received.sets[0], registry, find);
  find.want(deletions.length > 0 && received.documents.length === 0, 'only deletions are supported');
  for (const deletion of deletions) {
    const target = registry.document(deletion.target);
    find.want(deletion.slots.NewStatus?.[0] === DELETED, 'NewStatus');
    find.want(target !== undefined && target.status !== 'Deleted', deletion.target, 'UnresolvedReferenceException');
    if (target === undefined) continue;
    const original = `urn:oasis:names:tc:ebxml-regrep:StatusType:${target.status}`;
    find.want(deletion.slots.OriginalStatus?.[0] === original, 'OriginalStatus');
    find.want(received.sets[0]?.patientId === target.patientId, 'patientId', 'XDSPatientIdDoesNotMatch');
  }
  return { faults: find.faults, deletions };
}
