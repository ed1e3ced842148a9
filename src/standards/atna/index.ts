export type {
  ActiveParticipant,
  AuditMessage,
  AuditSource,
  CodedValue,
  EventAction,
  EventOutcome,
  ParticipantObject,
} from './audit-message';
export { auditEvents, auditEventTypes, mediaTypes, objectIdTypes, participantRoles } from './codes';
export { writeAuditMessage } from './write-audit-message';
