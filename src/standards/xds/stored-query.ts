import { element, elementAt, type XmlFragment } from '../soap';
import type { XmlElement } from '../xmlsec';
import { NS, STORED_QUERY, type AvailabilityStatus } from './codes';
import { readRegistryObjects } from './decode';
import type { Code, RegistryObjects } from './model';
import { readRegistryResponse, type RegistryResponse } from './registry-response';

/** ITI-18 Registry Stored Query: requests and answers. */

export type ReturnType = 'LeafClass' | 'ObjectRef';
type CodeFilter = Pick<Code, 'code' | 'scheme'>;

/** A range of times, DTM in UTC; `from` included, `to` excluded (ITI TF-2 3.18.4.1.2.3.3). */
export interface TimeRange {
  from?: string;
  to?: string;
}

export interface FindDocuments {
  query: 'findDocuments';
  /** CX. */
  patientId: string;
  status: AvailabilityStatus[];
  /** Codes of one list are alternatives. */
  classCode?: CodeFilter[];
  typeCode?: CodeFilter[];
  formatCode?: CodeFilter[];
  practiceSettingCode?: CodeFilter[];
  healthcareFacilityTypeCode?: CodeFilter[];
  confidentialityCode?: CodeFilter[];
  /** Each inner list gives alternatives; all inner lists must be met (one slot each). */
  eventCodeList?: CodeFilter[][];
  creationTime?: TimeRange;
  serviceStartTime?: TimeRange;
  serviceStopTime?: TimeRange;
}

export interface FindDocumentsByReferenceId extends Omit<FindDocuments, 'query'> {
  query: 'findDocumentsByReferenceId';
  /** CXi values; each inner list gives alternatives, all inner lists must be met. */
  referenceIdList: string[][];
}

export interface FindSubmissionSets {
  query: 'findSubmissionSets';
  patientId: string;
  status: AvailabilityStatus[];
  submissionTime?: TimeRange;
  sourceId?: string[];
}

export interface GetAll {
  query: 'getAll';
  patientId: string;
  status: AvailabilityStatus[];
}

/** By entryUUID or by uniqueId, not both. */
export type GetDocuments = { query: 'getDocuments' | 'getDocumentsAndAssociations' } & (
  { entryUuid: string[]; uniqueId?: undefined } | { uniqueId: string[]; entryUuid?: undefined }
);

export interface GetAssociations {
  query: 'getAssociations' | 'getSubmissionSets';
  uuid: string[];
}

export type StoredQuery =
  FindDocuments | FindDocumentsByReferenceId | FindSubmissionSets | GetAll | GetDocuments | GetAssociations;

/** A literal of the query language: apostrophes doubled (ITI TF-2 3.18.4.1.2.3.4). */
const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const listed = (values: readonly string[]): string => `(${values.map(quoted).join(',')})`;
const coded = (codes: readonly CodeFilter[]): string => listed(codes.map((code) => `${code.code}^^${code.scheme}`));

/** Collects slots `$Name`; absent and empty filters leave no slot. */
class Slots {
  readonly xml: XmlFragment[] = [];

  one(name: string, value: string | undefined): this {
    if (value !== undefined)
      this.xml.push(element('Slot', { name: `$${name}` }, element('ValueList', {}, element('Value', {}, value))));
    return this;
  }
  list(name: string, values: readonly string[] | undefined): this {
    return this.one(name, values && values.length > 0 ? listed(values) : undefined);
  }
  codes(name: string, codes: readonly CodeFilter[] | undefined): this {
    return this.one(name, codes && codes.length > 0 ? coded(codes) : undefined);
  }
  time(name: string, range: TimeRange | undefined): this {
    return this.one(`${name}From`, range?.from).one(`${name}To`, range?.to);
  }
}

function documentSlots(query: Omit<FindDocuments, 'query'>): Slots {
  const entry = 'XDSDocumentEntry';
  const slots = new Slots()
    .one(`${entry}PatientId`, quoted(query.patientId))
    .list(`${entry}Status`, query.status)
    .codes(`${entry}ClassCode`, query.classCode)
    .codes(`${entry}TypeCode`, query.typeCode)
    .codes(`${entry}FormatCode`, query.formatCode)
    .codes(`${entry}PracticeSettingCode`, query.practiceSettingCode)
    .codes(`${entry}HealthcareFacilityTypeCode`, query.healthcareFacilityTypeCode)
    .codes(`${entry}ConfidentialityCode`, query.confidentialityCode)
    .time(`${entry}CreationTime`, query.creationTime)
    .time(`${entry}ServiceStartTime`, query.serviceStartTime)
    .time(`${entry}ServiceStopTime`, query.serviceStopTime);
  for (const alternatives of query.eventCodeList ?? []) slots.codes(`${entry}EventCodeList`, alternatives);
  return slots;
}

function slotsOf(query: StoredQuery): Slots {
  switch (query.query) {
    case 'findDocuments':
      return documentSlots(query);
    case 'findDocumentsByReferenceId': {
      const slots = documentSlots(query);
      for (const alternatives of query.referenceIdList) slots.list('XDSDocumentEntryReferenceIdList', alternatives);
      return slots;
    }
    case 'findSubmissionSets':
      return new Slots()
        .one('XDSSubmissionSetPatientId', quoted(query.patientId))
        .list('XDSSubmissionSetStatus', query.status)
        .list('XDSSubmissionSetSourceId', query.sourceId)
        .time('XDSSubmissionSetSubmissionTime', query.submissionTime);
    case 'getAll':
      return new Slots()
        .one('patientId', quoted(query.patientId))
        .list('XDSDocumentEntryStatus', query.status)
        .list('XDSSubmissionSetStatus', query.status)
        .list('XDSFolderStatus', query.status);
    case 'getDocuments':
    case 'getDocumentsAndAssociations':
      return new Slots()
        .list('XDSDocumentEntryEntryUUID', query.entryUuid)
        .list('XDSDocumentEntryUniqueId', query.uniqueId);
    case 'getAssociations':
    case 'getSubmissionSets':
      return new Slots().list('uuid', query.uuid);
  }
}

/** The body of the request. */
export function adhocQueryRequest(query: StoredQuery, returnType: ReturnType = 'LeafClass'): XmlFragment {
  return element(
    'query:AdhocQueryRequest',
    { 'xmlns:query': NS.query, xmlns: NS.rim },
    element('query:ResponseOption', { returnComposedObjects: 'true', returnType }),
    element('AdhocQuery', { id: STORED_QUERY[query.query] }, slotsOf(query).xml),
  );
}

export type QueryReading =
  { ok: true; response: RegistryResponse; objects: RegistryObjects } | { ok: false; reason: string };

/** Reads `query:AdhocQueryResponse`. */
export function readAdhocQueryResponse(body: XmlElement): QueryReading {
  if (body.localName !== 'AdhocQueryResponse' || body.namespaceURI !== NS.query) {
    return { ok: false, reason: 'the body is not an AdhocQueryResponse' };
  }
  const response = readRegistryResponse(body);
  if (response === undefined) return { ok: false, reason: 'the status of the response is unknown' };
  const list = elementAt(body, NS.rim, 'RegistryObjectList');
  const none = { submissionSets: [], documentEntries: [], associations: [], objectRefs: [] };
  return { ok: true, response, objects: list ? readRegistryObjects(list) : none };
}
