import { AuditActor, AuditEvent, AuditKind, AuditOutcome } from './audit-event';

/** A row of `audit_record` as the database gives it. */
export type TrailRow = Readonly<Record<string, unknown>>;

/** A record of the trail that was read again: all but its patient, whom each reader shows in its own way. */
export interface ReadRecord extends Omit<AuditEvent, 'patient' | 'facts'> {
  /** Identifier in the trail, decimal. */
  readonly id: string;
  readonly at: Date;
  readonly correlationId?: string;
  readonly facts: NonNullable<AuditEvent['facts']>;
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

export function readRow(row: TrailRow): ReadRecord {
  return {
    id: String(row.id),
    at: row.at as Date,
    kind: row.kind as AuditKind,
    outcome: row.outcome as AuditOutcome,
    correlationId: textOf(row.correlation_id),
    actor: row.actor as AuditActor,
    studyInstanceUid: textOf(row.study_instance_uid),
    documentUniqueId: textOf(row.document_unique_id),
    instances: numberOf(row.instances),
    bytes: numberOf(row.bytes),
    durationMs: numberOf(row.duration_ms),
    errorCode: textOf(row.error_code),
    facts: row.facts as ReadRecord['facts'],
  };
}
