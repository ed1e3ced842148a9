import { AuditActor, AuditOutcome } from '../trail/audit-event';

/** A record of the trail as the spool reads it. */
export interface SpooledRecord {
  /** Identifier in the trail, decimal. */
  readonly id: string;
  readonly at: Date;
  /** A kind of the trail; one written by a later release may be unknown here. */
  readonly kind: string;
  readonly outcome: AuditOutcome;
  readonly correlationId?: string;
  readonly actor: AuditActor;
  readonly patient?: { readonly matricule: string; readonly oid: string };
  readonly studyInstanceUid?: string;
  readonly documentUniqueId?: string;
  readonly instances?: number;
  readonly bytes?: number;
  readonly durationMs?: number;
  readonly errorCode?: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}
