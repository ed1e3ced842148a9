import { auditEvents as dicom, auditEventTypes as types } from '../../standards/atna';
import { AuditKind } from '../trail/audit-event';
import { act, alert, event, EventRule, nodeRefused, own, taken, useRefused } from './event-rule';

/**
 * Every kind of the trail as an event of DICOM PS3.15, A.5.3 and of the IHE transactions. A kind that is not here yet is
 * still sent, under its own name; a test asks for its line.
 */
export const eventTable: Partial<Record<AuditKind, EventRule>> = {
  'gateway.started': event(dicom.applicationActivity, types.applicationStart, 'E', 'application'),
  'gateway.stopped': event(dicom.applicationActivity, types.applicationStop, 'E', 'application'),
  'configuration.changed': alert(types.softwareConfiguration, 'configuration.changed', 'Configuration changed'),
  'certificate.changed': alert(types.securityConfiguration, 'certificate.changed', 'Certificate replaced'),
  'audit.chain-broken': alert(types.restrictedFunction, 'audit.chain-broken', 'Audit trail altered'),

  // RAD-107, source: another gateway asked for images.
  'serving.delivered': event(dicom.instancesTransferred, types.rad107, 'R', 'serves'),
  'serving.refused': event(dicom.instancesTransferred, types.rad107, 'R', 'serves'),
  'serving.failed': event(dicom.instancesTransferred, types.rad107, 'R', 'serves'),
  // RAD-107, consumer.
  'retrieval.series': event(dicom.instancesTransferred, types.rad107, 'C', 'asks'),
  'retrieval.object-refused': useRefused('retrieval.object-refused', 'An object of a peer was refused'),
  'retrieval.name-differs': act('retrieval.name-differs', 'An image carries another name', 'R'),
  'retrieval.purged': act('retrieval.purged', 'Copies of images purged', 'D', 'application'),

  'whitelist.refreshed': alert(types.securityConfiguration, 'whitelist.refreshed', 'White list of gateways in force'),
  'whitelist.refused': alert(types.securityConfiguration, 'whitelist.refused', 'White list of gateways refused'),
  'pki.certificate-refused': nodeRefused('pki.certificate-refused', 'Certificate refused'),
  'intake.connection-refused': nodeRefused('intake.connection-refused', 'Connection of a sender refused'),
  'pacs.association-refused': nodeRefused('pacs.association-refused', 'DICOM caller refused'),

  'manifest.imported': taken('manifest.imported', 'Manifest imported by an operator', 'user'),
  'intake.accepted': taken('intake.accepted', 'Report received', 'receives'),
  'intake.refused': taken('intake.refused', 'Report refused', 'receives'),
  'intake.duplicate': taken('intake.duplicate', 'Report received again', 'receives'),
  'intake.contradictory': taken('intake.contradictory', 'Report contradicts an earlier one', 'receives'),
  'intake.not-for-dmp': taken('intake.not-for-dmp', 'Report that is not for the DMP', 'receives'),
  'intake.control-id-reused': taken(
    'intake.control-id-reused',
    'Control identifier used for another message',
    'receives',
  ),

  'dmp.provide-and-register': event(dicom.export, types.iti41, 'R', 'sends', { neighbour: 'DMP', iti: 'ITI-41' }),
  'dmp.update-document-set': event(dicom.export, types.iti57, 'U', 'sends', { neighbour: 'DMP', iti: 'ITI-57' }),
  'dmp.stored-query': event(dicom.query, types.iti18, 'E', 'sends', { neighbour: 'DMP', iti: 'ITI-18' }),
  'dmp.retrieve': event(dicom.import, types.iti43, 'C', 'asks', { neighbour: 'DMP', iti: 'ITI-43' }),
  'dmp.status': event(dicom.query, own('TD0.2', 'Status of a DMP'), 'E', 'sends', { neighbour: 'DMP' }),

  'viewer.opened': event(dicom.instancesAccessed, own('viewer.opened', 'Images opened in the viewer'), 'R', 'user'),
  'viewer.link-opened': event(
    dicom.instancesAccessed,
    own('viewer.link-opened', 'Link of a report followed'),
    'R',
    'user',
  ),
  'viewer.refused': useRefused('viewer.refused', 'Opening of images refused'),

  'publication.published': act('publication.published', 'Study published', 'C', 'application'),
  'publication.withdrawn': act('publication.withdrawn', 'Study withdrawn', 'D', 'application'),
  'publication.unchanged': act('publication.unchanged', 'Publication without a change', 'R', 'application'),
  'publication.refused': act('publication.refused', 'Publication refused', 'C', 'application'),
  'publication.given-up': act('publication.given-up', 'Publication given up', 'C', 'application'),
  'publication.retried': act('publication.retried', 'Publication tried again by an operator', 'E'),
  'publication.rejection-note': taken('publication.rejection-note', 'Rejection note of the PACS', 'receives'),
  'publication.searched': act('publication.searched', 'Publications searched by words', 'R'),

  'portal.login': event(dicom.userAuthentication, types.login, 'E', 'user'),
  'portal.login-refused': event(dicom.userAuthentication, types.login, 'E', 'user'),
  'portal.logout': event(dicom.userAuthentication, types.logout, 'E', 'user'),
  'portal.logged-out-by-provider': event(dicom.userAuthentication, types.logout, 'E', 'user'),
  'portal.situation-chosen': act('portal.situation-chosen', 'Situation of exercise chosen', 'E'),
  'portal.access-refused': useRefused('portal.access-refused', 'Access to a page refused'),
  'portal.trail-consulted': event(dicom.auditLogUsed, undefined, 'R', 'user', { trail: true }),
  'statistics.exported': event(dicom.auditLogUsed, own('statistics.exported', 'Statistics exported'), 'R', 'user', {
    trail: true,
  }),
  'audit.archived': event(dicom.auditLogUsed, own('audit.archived', 'Periods archived'), 'U', 'user', { trail: true }),
  'audit.exported': event(dicom.auditLogUsed, own('audit.exported', 'Trail exported'), 'R', 'user', { trail: true }),
  'audit.verified': event(dicom.auditLogUsed, own('audit.verified', 'Trail verified'), 'R', 'user', { trail: true }),

  'context.called': event(dicom.patientRecord, own('context.called', 'Contextual call'), 'R', 'receives'),
  'context.opened': event(dicom.patientRecord, own('context.opened', 'Patient opened'), 'R', 'user'),
  'context.stopped-by-consent': useRefused('context.stopped-by-consent', 'The patient is opposed or was not asked'),
  'context.address-refused': useRefused('context.address-refused', 'Address of a contextual call used again'),
  'context.situation-chosen': act('context.situation-chosen', 'Situation of exercise chosen for a patient', 'E'),
  'context.closed': act('context.closed', 'Patient closed', 'E'),
  'exams.listed': event(dicom.patientRecord, own('exams.listed', 'Exams of a patient listed'), 'R', 'user'),
  'exams.report-shown': event(dicom.procedureRecord, own('exams.report-shown', 'Report shown'), 'R', 'user'),
  'exams.manifest-read': event(dicom.instancesAccessed, own('exams.manifest-read', 'Manifest read'), 'R', 'user'),
  'exams.identity-differs': useRefused('exams.identity-differs', 'Identity of a document differs from the patient’s'),
  'exams.uploaded': taken('exams.uploaded', 'Documents uploaded', 'user', { media: true }),

  'transfer.started': event(
    dicom.beginTransferring,
    own('transfer.started', 'Import into the PACS begun'),
    'E',
    'sends',
  ),
  'transfer.imported': event(dicom.import, own('transfer.imported', 'Import into the PACS'), 'C', 'sends'),
  'transfer.archive-exported': event(
    dicom.export,
    own('transfer.archive-exported', 'XDM archive exported'),
    'R',
    'user',
    { media: true },
  ),
  'transfer.archive-read': taken('transfer.archive-read', 'XDM archive read', 'user', { media: true }),

  'alarm.raised': act('alarm.raised', 'Alarm raised', 'E', 'application'),
  'alarm.cleared': act('alarm.cleared', 'Alarm over', 'E', 'application'),
  'alarm.acknowledged': act('alarm.acknowledged', 'Alarm acknowledged', 'E'),
};

/** Refusals of the exchange listener that are about who asks, not about what is asked for. */
const trustRefusals: Readonly<Record<string, EventRule>> = {
  'serving.peer-not-listed': nodeRefused('serving.refused', 'Gateway not on the white list'),
  'serving.token-absent': useRefused('serving.refused', 'Request without a token'),
  'serving.patient-contradicted': useRefused('serving.refused', 'Images of another patient held back'),
};

/** The rule of one record; a kind without a line is told as an act of its own name. */
export function ruleFor(kind: string, errorCode: string | undefined): EventRule {
  if (kind.startsWith('serving.') && errorCode !== undefined) {
    if (errorCode.startsWith('psc.token-')) return useRefused('serving.refused', 'Token refused');
    if (Object.hasOwn(trustRefusals, errorCode)) return trustRefusals[errorCode];
  }
  const known = Object.hasOwn(eventTable, kind) ? eventTable[kind as AuditKind] : undefined;
  return known ?? { event: own(kind, kind), types: [], action: 'E', parties: 'user' };
}
