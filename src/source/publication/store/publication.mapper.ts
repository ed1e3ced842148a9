import type { PublicationState } from '../state/publication-state';
import type {
  Publication,
  PublicationAction,
  PublicationChange,
  PublicationKind,
  PublicationTrigger,
} from './publication';

/** A row as the driver gives it. */
export type RawRow = Readonly<Record<string, unknown>>;

/** Rows of a statement, whichever form the driver's wrapper gives them. */
export function rowsOf<T = RawRow>(result: unknown): T[] {
  const list = result as unknown[];
  return (list.length === 2 && Array.isArray(list[0]) && typeof list[1] === 'number' ? list[0] : list) as T[];
}

const orUndefined = <T>(value: unknown): T | undefined => (value ?? undefined) as T | undefined;

export function publicationOf(row: RawRow): Publication {
  return {
    id: String(row.id),
    studyInstanceUid: row.study_instance_uid as string,
    kind: row.kind as PublicationKind,
    trigger: row.trigger as PublicationTrigger,
    state: row.state as PublicationState,
    action: orUndefined<PublicationAction>(row.action),
    request: row.request as Publication['request'],
    correlationId: row.correlation_id as string,
    messageControlId: row.message_control_id as string,
    receivedAt: row.received_at as Date,
    changedAt: row.changed_at as Date,
    nextAttemptAt: row.next_attempt_at as Date,
    attempts: row.attempts as number,
    waits: row.waits as number,
    leaseToken: orUndefined(row.lease_token),
    countedInstances: orUndefined(row.counted_instances),
    countedAt: orUndefined(row.counted_at),
    pacsId: orUndefined(row.pacs_id),
    instances: orUndefined(row.instances),
    kosSopInstanceUid: orUndefined(row.kos_sop_instance_uid),
    kos: orUndefined(row.kos),
    draft: orUndefined(row.draft),
    submission: orUndefined(row.submission),
    mayBeRegistered: row.may_be_registered as boolean,
    reasonCode: orUndefined(row.reason_code),
    reasonDetail: orUndefined(row.reason_detail),
  };
}

const columns: Readonly<Record<keyof PublicationChange, string>> = {
  action: 'action',
  countedInstances: 'counted_instances',
  countedAt: 'counted_at',
  pacsId: 'pacs_id',
  instances: 'instances',
  kosSopInstanceUid: 'kos_sop_instance_uid',
  kos: 'kos',
  draft: 'draft',
  submission: 'submission',
  sentAt: 'sent_at',
  mayBeRegistered: 'may_be_registered',
  attempts: 'attempts',
  waits: 'waits',
};
const json: ReadonlySet<string> = new Set(['draft', 'submission']);

/** `column = $n` for each changed column, numbered after `before` parameters, and the values. */
export function assignments(change: PublicationChange, before: number): { sql: string; values: unknown[] } {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const values = given.map(([key, value]) =>
    json.has(key) && value !== null ? JSON.stringify(value) : (value as unknown),
  );
  const sql = given.map(([key], i) => `, ${columns[key as keyof PublicationChange]} = $${before + i + 1}`).join('');
  return { sql, values };
}
