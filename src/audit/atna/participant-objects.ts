import { objectIdTypes, ParticipantObject } from '../../standards/atna';
import { withPatient } from '../trail/told-query';
import { EventRule, own } from './event-rule';
import { SpooledRecord } from './spooled-record';

/** What the event was about: patient, study, documents, and what the table of its transaction asks for. */
export function objectsOf(record: SpooledRecord, rule: EventRule): ParticipantObject[] {
  const { patient, studyInstanceUid, instances } = record;
  const objects: ParticipantObject[] = [];
  const isAlert = rule.parties === 'alert';
  if (patient)
    objects.push({
      id: `${patient.matricule}^^^&${patient.oid}&ISO^NH`,
      type: '1',
      role: '1',
      idType: objectIdTypes.patientNumber,
      content: { name: 'INS' },
      details: [],
    });
  if (studyInstanceUid)
    objects.push({
      id: studyInstanceUid,
      type: '2',
      role: '3',
      lifeCycle: lifeCycles[rule.action],
      idType: objectIdTypes.studyInstanceUid,
      content: { name: 'study' },
      details: [],
      instances: instances === undefined || isAlert ? undefined : { count: instances },
    });
  objects.push(...documentsOf(record).map((document) => documentObject(document, rule)));
  if (rule.iti === 'ITI-18') objects.push(queryOf(record));
  if (typeof record.facts.submissionSetUniqueId === 'string')
    objects.push(submissionSet(record.facts.submissionSetUniqueId));
  if (rule.trail) objects.push(auditLog);
  return [...objects, lineOf(record, isAlert)];
}

const lifeCycles = { C: '1', R: '6', U: '3', D: '14', E: '6' } as const;

interface ToldDocument {
  readonly uniqueId: string;
  readonly repositoryUniqueId?: string;
  readonly homeCommunityId?: string;
}

/** The document of the record; several are in a fact, a line each (src/connectors/dmp, ITI-43). */
function documentsOf({ documentUniqueId, facts }: SpooledRecord): ToldDocument[] {
  const told = (name: string) => (typeof facts[name] === 'string' ? facts[name] : undefined);
  const one = documentUniqueId && {
    uniqueId: documentUniqueId,
    repositoryUniqueId: told('repositoryUniqueId'),
    homeCommunityId: told('homeCommunityId'),
  };
  const lines = (told('documents') ?? '').split('\n').filter((line) => line !== '');
  const several = lines.map((line) => {
    const [uniqueId = '', repositoryUniqueId] = line.split(' ');
    return { uniqueId, repositoryUniqueId };
  });
  return [...(one ? [one] : []), ...several];
}

/** ITI TF-2 3.43.6.1.1 (Final Text): the words of the details are those of its table. */
function documentObject(document: ToldDocument, rule: EventRule): ParticipantObject {
  const { uniqueId, repositoryUniqueId, homeCommunityId } = document;
  return {
    id: uniqueId,
    type: '2',
    role: '3',
    lifeCycle: lifeCycles[rule.action],
    idType: objectIdTypes.reportNumber,
    content: { name: 'document' },
    details: [
      ...(repositoryUniqueId ? [{ type: 'Repository Unique ID', value: repositoryUniqueId }] : []),
      ...(homeCommunityId ? [{ type: 'ihe:homeCommunityID', value: homeCommunityId }] : []),
    ],
  };
}

/** ITI TF-2 3.41.5.1.1, and the same for 3.57. */
const submissionSet = (uniqueId: string): ParticipantObject => ({
  id: uniqueId,
  type: '2',
  role: '20',
  idType: objectIdTypes.submissionSet,
  content: { name: 'submission set' },
  details: [],
});

/** The stored query, word for word (ITI TF-2 3.18.5.1.1); one too long for the trail is told by its identifier alone. */
function queryOf({ facts, patient }: SpooledRecord): ParticipantObject {
  const { queryId, query } = facts;
  const isWhole = typeof query === 'string';
  return {
    id: typeof queryId === 'string' ? queryId : 'ITI-18',
    type: '2',
    role: '24',
    idType: objectIdTypes.storedQuery,
    content: isWhole ? { query: Buffer.from(withPatient(query, patient)) } : { name: 'Registry Stored Query' },
    details: isWhole ? [{ type: 'QueryEncoding', value: 'UTF-8' }] : [],
  };
}

/** The trail as the object of its own consultation (A.5.3.2). */
const auditLog: ParticipantObject = {
  id: 'urn:drimbox:audit-trail',
  type: '2',
  role: '13',
  idType: objectIdTypes.uri,
  content: { name: 'Security Audit Log' },
  details: [],
};

/** Facts that are objects by themselves. */
const ownObjects = { query: undefined, queryId: undefined, documents: undefined, submissionSetUniqueId: undefined };

/** The line of the trail that this message tells: by it a repeated message is recognised, and the line found again. */
function lineOf(record: SpooledRecord, isAlert: boolean): ParticipantObject {
  const { correlationId, errorCode, bytes, durationMs, instances, facts } = record;
  const told = { correlationId, bytes, durationMs, instances, ...facts, ...ownObjects };
  return {
    id: record.id,
    type: isAlert ? '2' : '4',
    role: isAlert ? '13' : '20',
    idType: own('trail-record', 'Record of the audit trail'),
    content: { name: record.kind },
    details: [
      ...(isAlert ? [{ type: 'Alert Description', value: errorCode ?? record.kind }] : []),
      ...Object.entries(told).flatMap(([type, value]) =>
        value === undefined || value === '' ? [] : [{ type, value: String(value) }],
      ),
    ],
  };
}
