import { Ins } from '../../standards/identity';

/** What can happen. One line a kind; `room.act`. */
export const auditKinds = [
  'gateway.started',
  'gateway.stopped',
  'configuration.changed',
  'certificate.changed',
  'audit.chain-broken',
  'audit.archived',
  'audit.exported',
  'audit.verified',
  'serving.delivered',
  'serving.refused',
  'serving.failed',
  'whitelist.refreshed',
  'whitelist.refused',
  'pki.certificate-refused',
  'pacs.association-refused',
  'manifest.imported',
  'intake.accepted',
  'intake.refused',
  'intake.duplicate',
  'intake.contradictory',
  'intake.not-for-dmp',
  'intake.control-id-reused',
  'intake.connection-refused',
  'dmp.provide-and-register',
  'dmp.update-document-set',
  'dmp.stored-query',
  'dmp.retrieve',
  'dmp.status',
  'viewer.opened',
  'viewer.refused',
  'viewer.link-opened',
  'publication.published',
  'publication.withdrawn',
  'publication.unchanged',
  'publication.refused',
  'publication.given-up',
  'publication.retried',
  'publication.rejection-note',
  'publication.searched',
  'portal.login',
  'portal.login-refused',
  'portal.logout',
  'portal.logged-out-by-provider',
  'portal.situation-chosen',
  'portal.access-refused',
  'portal.trail-consulted',
  'context.called',
  'context.opened',
  'context.address-refused',
  'context.situation-chosen',
  'context.stopped-by-consent',
  'context.closed',
  'exams.listed',
  'exams.report-shown',
  'exams.manifest-read',
  'exams.identity-differs',
  'exams.uploaded',
  'retrieval.series',
  'retrieval.object-refused',
  'retrieval.name-differs',
  'retrieval.purged',
  'transfer.started',
  'transfer.imported',
  'transfer.archive-exported',
  'transfer.archive-read',
  'alarm.raised',
  'alarm.cleared',
  'alarm.acknowledged',
  'statistics.exported',
] as const;
export type AuditKind = (typeof auditKinds)[number];

export type AuditOutcome = 'success' | 'refused' | 'failure';

/** Who acted. Peers by certificate, professionals by PSC identity, systems by name. */
export interface AuditActor {
  /** Another gateway, a RIS, a PACS… : subject DN of its certificate, AE title or sender name. */
  readonly peer?: string;
  readonly peerCertificateSha256?: string;
  /** National identifier of the professional (PSC `SubjectNameID`). */
  readonly professionalId?: string;
  readonly professionalName?: string;
  /** Structure on whose behalf. */
  readonly structureId?: string;
  readonly address?: string;
}

export interface AuditEvent {
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
  readonly actor: AuditActor;
  /** When it happened, for a record that could not be written then. */
  readonly at?: Date;
  /** The patient concerned. Kept in the trail, never in a log or metric. */
  readonly patient?: Ins;
  readonly studyInstanceUid?: string;
  readonly documentUniqueId?: string;
  /** Number of objects and bytes that left or arrived. */
  readonly instances?: number;
  readonly bytes?: number;
  readonly durationMs?: number;
  /** Stable error code of the catalogue when not a success. */
  readonly errorCode?: string;
  /** Further technical facts, flat. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}
