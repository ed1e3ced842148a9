import type { Element } from '@xmldom/xmldom';
import { institutionId, type Coded } from './registry-objects';
import type { RegisteredAssociation, RegisteredDocument, RegisteredSet, Registry } from './registry';
import {
  adhocQueryResponse,
  associationXml,
  documentXml,
  objectRefXml,
  setXml,
  type RegistryFault,
} from './registry-answer';
import { all, text, texts } from './xml';

/** ITI-18: evaluates the stored queries over the registry. */

const STATUS: Record<string, RegisteredDocument['status']> = {
  'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved': 'Approved',
  'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated': 'Deprecated',
  'urn:asip:ci-sis:2010:StatusType:Deleted': 'Deleted',
};

/** Who asks: a professional (masked documents of others are hidden) or a publishing system. */
export interface Caller {
  structureId: string;
  professional: boolean;
}

class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Slots of the query: each occurrence is one list of values. */
type Slots = Map<string, string[][]>;

/** `('a','b')`, `'a'` or a bare number, as values. */
function literals(value: string): string[] {
  const quoted = [...value.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1].replaceAll("''", "'"));
  return quoted.length > 0 ? quoted : value === '' || value === '()' ? [] : [value];
}

function slotsOf(query: Element): Slots {
  const slots: Slots = new Map();
  for (const slot of all('rim:Slot', query)) {
    const name = slot.getAttribute('name') ?? '';
    const values = texts('rim:ValueList/rim:Value', slot).flatMap(literals);
    slots.set(name, [...(slots.get(name) ?? []), values]);
  }
  return slots;
}

const CODE_SLOTS: Record<string, string> = {
  $XDSDocumentEntryClassCode: 'urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a',
  $XDSDocumentEntryTypeCode: 'urn:uuid:f0306f51-975f-434e-a61c-c59651d33983',
  $XDSDocumentEntryFormatCode: 'urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d',
  $XDSDocumentEntryPracticeSettingCode: 'urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead',
  $XDSDocumentEntryHealthcareFacilityTypeCode: 'urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1',
  $XDSDocumentEntryConfidentialityCode: 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f',
  $XDSDocumentEntryEventCodeList: 'urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4',
};
const TIME_SLOTS = ['creationTime', 'serviceStartTime', 'serviceStopTime'];
const CONFIDENTIALITY = CODE_SLOTS.$XDSDocumentEntryConfidentialityCode;

const pad = (time: string): string => time + '00000101000000'.slice(time.length);
const oneOf = (codes: readonly Coded[], wanted: readonly string[]): boolean =>
  codes.some((code) => wanted.includes(`${code.code}^^${code.scheme}`));

/** `from` included, `to` excluded, on values of any precision. */
function inRange(value: string | undefined, from: string | undefined, to: string | undefined): boolean {
  if (from === undefined && to === undefined) return true;
  if (value === undefined || value === '') return false;
  return (from === undefined || pad(value) >= pad(from)) && (to === undefined || pad(value) < pad(to));
}

/** A masked document is shown to the structure that wrote it, and to no other professional. */
const visible = (document: RegisteredDocument, caller: Caller): boolean =>
  !caller.professional ||
  institutionId(document.authors) === caller.structureId ||
  !(document.codes[CONFIDENTIALITY] ?? []).some((code) => code.code === 'MASQUE_PS');

function mandatory(slots: Slots, name: string): string[] {
  const values = slots.get(name)?.[0] ?? [];
  if (values.length === 0) throw new Refused('XDSStoredQueryMissingParam', name);
  return values;
}

const statuses = (slots: Slots, name: string) => mandatory(slots, name).map((value) => STATUS[value]);

function matches(document: RegisteredDocument, slots: Slots): boolean {
  for (const [slot, scheme] of Object.entries(CODE_SLOTS)) {
    // several slots of one name are all to be met; the values of one slot are alternatives
    if (!(slots.get(slot) ?? []).every((wanted) => oneOf(document.codes[scheme] ?? [], wanted))) return false;
  }
  for (const name of TIME_SLOTS) {
    const slot = `$XDSDocumentEntry${name[0].toUpperCase()}${name.slice(1)}`;
    if (!inRange(document.slots[name]?.[0], slots.get(`${slot}From`)?.[0]?.[0], slots.get(`${slot}To`)?.[0]?.[0]))
      return false;
  }
  const references = document.slots['urn:ihe:iti:xds:2013:referenceIdList'] ?? [];
  return (slots.get('$XDSDocumentEntryReferenceIdList') ?? []).every((wanted) =>
    wanted.some((value) => references.includes(value)),
  );
}

interface Found {
  documents: RegisteredDocument[];
  sets: RegisteredSet[];
  associations: RegisteredAssociation[];
}
const nothing: Found = { documents: [], sets: [], associations: [] };

function findDocuments(registry: Registry, slots: Slots): Found {
  const [patientId] = mandatory(slots, '$XDSDocumentEntryPatientId');
  const wanted = statuses(slots, '$XDSDocumentEntryStatus');
  const documents = registry
    .allDocuments()
    .filter(
      (document) => document.patientId === patientId && wanted.includes(document.status) && matches(document, slots),
    );
  return { ...nothing, documents };
}

function getDocuments(registry: Registry, slots: Slots): Found {
  const byUuid = (slots.get('$XDSDocumentEntryEntryUUID') ?? []).flat().map(registry.document);
  const byUniqueId = (slots.get('$XDSDocumentEntryUniqueId') ?? []).flat().map(registry.documentByUniqueId);
  if (byUuid.length > 0 === byUniqueId.length > 0)
    throw new Refused('XDSStoredQueryParamNumber', 'either entryUUID or uniqueId');
  return { ...nothing, documents: [...byUuid, ...byUniqueId].filter((found) => found !== undefined) };
}

const associationsOf = (registry: Registry, uuids: readonly string[]): RegisteredAssociation[] =>
  registry.allAssociations().filter((one) => uuids.includes(one.source) || uuids.includes(one.target));

const QUERIES: Record<string, (registry: Registry, slots: Slots) => Found> = {
  'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d': findDocuments,
  'urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492': (registry, slots) => {
    mandatory(slots, '$XDSDocumentEntryReferenceIdList');
    return findDocuments(registry, slots);
  },
  'urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9': (registry, slots) => {
    const [patientId] = mandatory(slots, '$XDSSubmissionSetPatientId');
    mandatory(slots, '$XDSSubmissionSetStatus');
    const [from, to] = ['From', 'To'].map((end) => slots.get(`$XDSSubmissionSetSubmissionTime${end}`)?.[0]?.[0]);
    return {
      ...nothing,
      sets: registry.allSets().filter((set) => set.patientId === patientId && inRange(set.submissionTime, from, to)),
    };
  },
  'urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3': (registry, slots) => {
    const [patientId] = mandatory(slots, '$patientId');
    const wanted = statuses(slots, '$XDSDocumentEntryStatus');
    const documents = registry
      .allDocuments()
      .filter((one) => one.patientId === patientId && wanted.includes(one.status));
    const sets = registry.allSets().filter((one) => one.patientId === patientId);
    return {
      documents,
      sets,
      associations: associationsOf(
        registry,
        sets.map((set) => set.entryUuid),
      ),
    };
  },
  'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4': getDocuments,
  'urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a': (registry, slots) => {
    const found = getDocuments(registry, slots);
    return {
      ...found,
      associations: associationsOf(
        registry,
        found.documents.map((one) => one.entryUuid),
      ),
    };
  },
  'urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155': (registry, slots) => ({
    ...nothing,
    associations: associationsOf(registry, mandatory(slots, '$uuid')),
  }),
  'urn:uuid:51224314-5390-4169-9b91-b1980040715a': (registry, slots) => {
    const uuids = mandatory(slots, '$uuid');
    const owners = registry
      .allDocuments()
      .filter((one) => uuids.includes(one.entryUuid))
      .map((one) => one.setUuid);
    const sets = registry.allSets().filter((set) => owners.includes(set.entryUuid));
    return { ...nothing, sets, associations: associationsOf(registry, owners) };
  },
};

/** The body of the answer to an AdhocQueryRequest. */
export function answerQuery(request: Element, registry: Registry, caller: Caller, extra: RegistryFault[] = []): string {
  const query = all('rim:AdhocQuery', request)[0];
  const run = query && QUERIES[query.getAttribute('id') ?? ''];
  if (!run) return adhocQueryResponse('', [{ code: 'XDSUnknownStoredQuery', context: 'unknown query' }]);
  const returnType = text('query:ResponseOption/@returnType', request);
  try {
    const found = run(registry, slotsOf(query));
    const documents = found.documents.filter((document) => visible(document, caller) && document.status !== 'Deleted');
    const hidden = new Set(
      found.documents.filter((document) => !documents.includes(document)).map((document) => document.entryUuid),
    );
    const associations = found.associations.filter((one) => !hidden.has(one.source) && !hidden.has(one.target));
    const objects =
      returnType === 'LeafClass'
        ? [...found.sets.map(setXml), ...documents.map(documentXml), ...associations.map(associationXml)]
        : [...found.sets, ...documents, ...associations].map((object) => objectRefXml(object.entryUuid));
    return adhocQueryResponse(objects.join(''), extra);
  } catch (error) {
    if (error instanceof Refused) return adhocQueryResponse('', [{ code: error.code, context: error.message }]);
    throw error;
  }
}
