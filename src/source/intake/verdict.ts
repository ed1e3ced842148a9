import { createHash } from 'node:crypto';
import type { AuditActor } from '../../audit';
import type { ReceivedMessage } from '../../connectors/ris';
import { correlationId, newCorrelationId } from '../../platform/logging';
import type { OpenedMessage } from './admission/header';
import type { AdmittedReport } from './admission/report';
import type { AdmittedStudyChange } from './admission/study-change';
import type { IntakeRecord } from './intake-message.repository';
import type { IntakeRefusal } from './intake-refusal';
import type { RequestOrigin } from './publication-requests';

/** What a message was found to be, before anything is stored. */
export type Verdict =
  | { readonly outcome: 'report'; readonly admitted: AdmittedReport }
  | { readonly outcome: 'study-change'; readonly changes: readonly AdmittedStudyChange[] }
  | { readonly outcome: 'not-for-dmp' }
  | { readonly outcome: 'refused'; readonly refusal: IntakeRefusal };

/** Longest HD.1 of HL7 2.5, and a bound for what goes into an index. */
const nameLengthMax = 227;

/** What is kept of a message, whatever became of it. */
export function recordOf(
  received: ReceivedMessage,
  opened: OpenedMessage | undefined,
  verdict: Verdict,
  acknowledgement: Buffer,
): IntakeRecord {
  const refusal = verdict.outcome === 'refused' ? verdict.refusal : undefined;
  const report = verdict.outcome === 'report' ? verdict.admitted : undefined;
  const changes = verdict.outcome === 'study-change' ? verdict.changes : [];
  return {
    receivedAt: received.receivedAt,
    sendingApplication: (opened?.sendingApplication ?? '').slice(0, nameLengthMax),
    sendingFacility: (opened?.sendingFacility ?? '').slice(0, nameLengthMax),
    messageControlId: (opened?.messageControlId ?? '').slice(0, nameLengthMax),
    contentSha256: createHash('sha256').update(received.bytes).digest(),
    messageType: opened ? `${opened.type}^${opened.event}`.slice(0, 20) : '',
    kind: report?.decision.kind ?? (changes.length > 0 ? 'study-change' : undefined),
    outcome: refusal ? 'refused' : verdict.outcome === 'not-for-dmp' ? 'not-for-dmp' : 'accepted',
    errorCode: refusal?.code,
    errorDetail: refusal?.detail,
    warnings: report?.decision.contradictions ?? [],
    studyInstanceUids: [...(report?.exams ?? changes)].map((exam) => exam.studyInstanceUid),
    address: received.connection.address,
    peer: received.connection.peer,
    correlationId: correlationId() ?? newCorrelationId(),
    raw: received.bytes,
    acknowledgement,
  };
}

export function originOf(record: IntakeRecord): Omit<RequestOrigin, 'messageId'> {
  return {
    messageControlId: record.messageControlId,
    sendingApplication: record.sendingApplication,
    sendingFacility: record.sendingFacility,
    correlationId: record.correlationId,
    receivedAt: record.receivedAt.toISOString(),
  };
}

export function actorOf(record: IntakeRecord): AuditActor {
  const name = [record.sendingApplication, record.sendingFacility].filter(Boolean).join(' / ');
  return { peer: record.peer ?? name, address: record.address };
}
