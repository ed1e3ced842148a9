import { auditEvents, auditEventTypes, CodedValue, EventAction } from '../../standards/atna';
import { AuditKind } from '../trail/audit-event';

/**
 * Who takes part, seen from the gateway:
 * - `application`: it started or stopped;
 * - `user`: somebody acted on it;
 * - `alert`: it kept somebody out, or its own protection changed;
 * - `asks` and `sends`: it called a neighbour for something, or gave it something;
 * - `serves`: a peer asked and the gateway gave; `receives`: a neighbour gave without being asked.
 */
export type Parties = 'application' | 'user' | 'alert' | 'asks' | 'sends' | 'serves' | 'receives';

/** How one kind of event is told to an audit record repository. */
export interface EventRule {
  readonly event: CodedValue;
  readonly types: readonly CodedValue[];
  readonly action: EventAction;
  readonly parties: Parties;
  /** The neighbour, when the record does not name it. */
  readonly neighbour?: string;
  /** The exchange goes through a file that is handed over. */
  readonly media?: true;
  /** A transaction of ITI by web services, whose participants and objects are those of its table (ITI TF-2, 3.x.5). */
  readonly iti?: 'ITI-18' | 'ITI-41' | 'ITI-43' | 'ITI-57';
  /** The audit trail itself is the object. */
  readonly trail?: true;
}

type More = Pick<EventRule, 'neighbour' | 'media' | 'iti' | 'trail'>;

const { securityAlert, import: imported } = auditEvents;

/** An event or type that no standard has: our own code (CID 400 and 401 may be extended). */
export function own(kind: string, meaning: string): CodedValue {
  return { code: kind, system: 'drimbox', meaning };
}

/** An act that DICOM has no event for is its own event. */
export function act(kind: AuditKind, meaning: string, action: EventAction, parties: Parties = 'user'): EventRule {
  return { event: own(kind, meaning), types: [], action, parties };
}

export function event(
  code: CodedValue,
  type: CodedValue | undefined,
  action: EventAction,
  parties: Parties,
  more: More = {},
): EventRule {
  return { event: code, types: type ? [type] : [], action, parties, ...more };
}

/** A security alert of a DICOM type, with our own word for what it was. */
export function alert(type: CodedValue, kind: AuditKind, meaning: string): EventRule {
  return { event: securityAlert, types: [type, own(kind, meaning)], action: 'E', parties: 'alert' };
}

/** Something of a patient came in. */
export function taken(kind: AuditKind, meaning: string, parties: Parties, more: More = {}): EventRule {
  return event(imported, own(kind, meaning), 'C', parties, more);
}

export const nodeRefused = (kind: AuditKind, meaning: string) =>
  alert(auditEventTypes.nodeAuthentication, kind, meaning);
export const useRefused = (kind: AuditKind, meaning: string) =>
  alert(auditEventTypes.restrictedFunction, kind, meaning);
