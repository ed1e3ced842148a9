import {
  ActiveParticipant,
  AuditMessage,
  AuditSource,
  EventOutcome,
  mediaTypes,
  objectIdTypes,
  ParticipantObject,
  participantRoles,
} from '../../standards/atna';
import { EventRule, own } from './event-rule';
import { ruleFor } from './event-table';
import { SpooledRecord } from './spooled-record';

/** The gateway as it names itself to the repository. */
export interface AuditingNode {
  readonly source: AuditSource;
  /** Host name in the network, for the access point. */
  readonly hostName: string;
  /** Process identifier, as in the logs of the system. */
  readonly processId: string;
}

/** A refusal kept things safe: minor (A.5.3.11); what failed is serious. */
const outcomes: Record<SpooledRecord['outcome'], EventOutcome> = { success: '0', refused: '4', failure: '8' };

/** One record of the trail as an audit message of DICOM PS3.15, A.5. */
export function toAuditMessage(record: SpooledRecord, node: AuditingNode): AuditMessage {
  const rule = ruleFor(record.kind, record.errorCode);
  return {
    event: rule.event,
    types: rule.types,
    action: rule.action,
    at: record.at,
    outcome: outcomes[record.outcome] ?? '8',
    outcomeDescription: record.errorCode,
    participants: participantsOf(record, rule, node),
    source: node.source,
    objects: objectsOf(record, rule),
  };
}

function participantsOf(record: SpooledRecord, rule: EventRule, node: AuditingNode): AuditMessage['participants'] {
  const person = personOf(record);
  const gateway = (role: keyof typeof participantRoles, isRequestor = false): ActiveParticipant => ({
    userId: node.source.id,
    alternativeUserId: node.processId,
    isRequestor: isRequestor && !person,
    roles: [participantRoles[role]],
    networkAccessPoint: { id: node.hostName, type: 'name' },
  });
  const neighbour = (role: keyof typeof participantRoles, isRequestor = false): ActiveParticipant =>
    neighbourOf(record, rule, role, isRequestor && !person);
  const people = person ? [person] : [];
  switch (rule.parties) {
    case 'application':
      return [gateway('application', true), ...people];
    case 'asks':
      return [neighbour('source'), gateway('destination', true), ...people];
    case 'sends':
      return [gateway('source', true), neighbour('destination'), ...people];
    case 'serves':
      return [gateway('source'), neighbour('destination', true), ...people];
    case 'receives':
      return [neighbour('source', true), gateway('destination'), ...people];
    case 'user':
    case 'alert':
      return [
        gateway('application'),
        ...(person ? people : [neighbour(rule.parties === 'user' ? 'applicationLauncher' : 'source', true)]),
        ...(rule.media ? [mediaOf(rule)] : []),
      ];
  }
}

/** The professional on whose behalf it happened: the one requestor (A.5.2), whatever machines did it. */
function personOf({ actor }: SpooledRecord): ActiveParticipant | undefined {
  if (!actor.professionalId) return undefined;
  return {
    userId: actor.professionalId,
    alternativeUserId: actor.structureId,
    userName: actor.professionalName,
    isRequestor: true,
    roles: [],
    networkAccessPoint: actor.address && !actor.peer ? { id: actor.address, type: 'address' } : undefined,
  };
}

function neighbourOf(
  { actor, facts }: SpooledRecord,
  rule: EventRule,
  role: keyof typeof participantRoles,
  isRequestor: boolean,
): ActiveParticipant {
  const named = [actor.peer, facts.host, facts.pacs].find((name) => typeof name === 'string' && name !== '');
  return {
    userId: (named as string | undefined) ?? rule.neighbour ?? actor.address ?? 'unknown',
    alternativeUserId: actor.peerCertificateSha256,
    isRequestor,
    roles: [participantRoles[role]],
    networkAccessPoint: actor.address ? { id: actor.address, type: 'address' } : undefined,
  };
}

function mediaOf(rule: EventRule): ActiveParticipant {
  const isExport = rule.action === 'R';
  return {
    userId: 'archive',
    isRequestor: false,
    roles: [isExport ? participantRoles.destinationMedia : participantRoles.sourceMedia],
    media: mediaTypes.file,
  };
}

function objectsOf(record: SpooledRecord, rule: EventRule): ParticipantObject[] {
  const { patient, studyInstanceUid, documentUniqueId, instances } = record;
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
  if (documentUniqueId)
    objects.push({
      id: documentUniqueId,
      type: '2',
      role: '3',
      lifeCycle: lifeCycles[rule.action],
      idType: objectIdTypes.reportNumber,
      content: { name: 'document' },
      details: [],
    });
  if (rule.query) objects.push(queryOf(record));
  if (rule.trail) objects.push(auditLog);
  return [...objects, lineOf(record, isAlert)];
}

const lifeCycles = { C: '1', R: '6', U: '3', D: '14', E: '6' } as const;

/** The stored query. Its parameters are not in the trail: the identity is in the patient object, never in two places. */
function queryOf({ facts }: SpooledRecord): ParticipantObject {
  return {
    id: typeof facts.messageId === 'string' ? facts.messageId : 'ITI-18',
    type: '2',
    role: '24',
    idType: objectIdTypes.storedQuery,
    content: { query: Buffer.from(JSON.stringify(facts)) },
    details: [],
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

/** The line of the trail that this message tells: by it a repeated message is recognised, and the line found again. */
function lineOf(record: SpooledRecord, isAlert: boolean): ParticipantObject {
  const { correlationId, errorCode, bytes, durationMs, instances, facts } = record;
  const told = { correlationId, bytes, durationMs, instances, ...facts };
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
