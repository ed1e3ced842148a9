import { isIP } from 'node:net';
import {
  ActiveParticipant,
  AuditMessage,
  AuditSource,
  EventOutcome,
  mediaTypes,
  participantRoles,
} from '../../standards/atna';
import { EventRule } from './event-rule';
import { ruleFor } from './event-table';
import { objectsOf } from './participant-objects';
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

/**
 * ITI names the application that asks by the content of wsa:ReplyTo. Our messages hold none, which means this address
 * (WS-Addressing 1.0 Core, 3.2); the gateway is told by its process, its access point and the source of the message.
 */
const anonymousReplyTo = 'http://www.w3.org/2005/08/addressing/anonymous';

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
    userId: rule.iti ? anonymousReplyTo : node.source.id,
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
function personOf({ actor, facts }: SpooledRecord): ActiveParticipant | undefined {
  if (!actor.professionalId) return operatorOf(facts);
  return {
    userId: actor.professionalId,
    alternativeUserId: actor.structureId,
    userName: actor.professionalName,
    isRequestor: true,
    roles: [],
    networkAccessPoint: actor.address && !actor.peer ? { id: actor.address, type: 'address' } : undefined,
  };
}

/** Who gave a command on a machine of the gateway: an account of its operating system. */
function operatorOf({ operator, operatorHost }: SpooledRecord['facts']): ActiveParticipant | undefined {
  if (typeof operator !== 'string' || operator === '') return undefined;
  const host = typeof operatorHost === 'string' ? operatorHost : undefined;
  return {
    userId: operator,
    isRequestor: true,
    roles: [],
    networkAccessPoint: host ? { id: host, type: 'name' } : undefined,
  };
}

function neighbourOf(
  { actor, facts }: SpooledRecord,
  rule: EventRule,
  role: keyof typeof participantRoles,
  isRequestor: boolean,
): ActiveParticipant {
  const endpoint = typeof facts.endpoint === 'string' ? facts.endpoint : undefined;
  const named = [endpoint, actor.peer, facts.host, facts.pacs].find((name) => typeof name === 'string' && name !== '');
  return {
    userId: (named as string | undefined) ?? rule.neighbour ?? actor.address ?? 'unknown',
    alternativeUserId: actor.peerCertificateSha256,
    isRequestor,
    roles: [participantRoles[role]],
    networkAccessPoint: actor.address ? { id: actor.address, type: 'address' } : accessPointOf(endpoint ?? ''),
  };
}

/** The machine of an address of the web. */
function accessPointOf(endpoint: string): ActiveParticipant['networkAccessPoint'] {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname.replace(/^\[|\]$/g, '') : '';
  return host === '' ? undefined : { id: host, type: isIP(host) ? 'address' : 'name' };
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
