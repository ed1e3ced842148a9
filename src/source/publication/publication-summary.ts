import { activeStates, PublicationState } from './state/publication-state';
import type { PublicationAction, PublicationKind, PublicationTrigger } from './store/publication';
import type { RawRow } from './store/publication.mapper';

export interface PublicationSearch {
  readonly states?: readonly PublicationState[];
  /** Reception, from included, to excluded. */
  readonly from?: Date;
  readonly to?: Date;
  readonly accessionNumber?: string;
  readonly studyInstanceUid?: string;
  /** Words that must all be found: patient, numbers, report, sender. */
  readonly text?: string;
  /** At most 500; 50 unless told. */
  readonly limit?: number;
  readonly offset?: number;
}

/** One publication as it is shown: no identity beside the title of its rows. */
export interface PublicationSummary {
  readonly id: string;
  readonly state: PublicationState;
  readonly kind: PublicationKind;
  readonly trigger: PublicationTrigger;
  readonly action?: PublicationAction;
  readonly studyInstanceUid: string;
  readonly accessionNumbers: readonly string[];
  readonly kosSopInstanceUid?: string;
  readonly instances?: number;
  readonly pacsId?: string;
  readonly messageControlId: string;
  readonly correlationId: string;
  readonly receivedAt: Date;
  readonly changedAt: Date;
  readonly settledAt?: Date;
  /** When the next step is due; only while work is due. */
  readonly nextAttemptAt?: Date;
  readonly attempts: number;
  readonly reasonCode?: string;
  /** What the registry or a check said, for the operator's screen. It may quote what was sent. */
  readonly reasonDetail?: string;
  readonly mayBeRetried: boolean;
}

export interface PublicationHistoryLine {
  readonly at: Date;
  readonly from?: PublicationState;
  readonly to: PublicationState;
  readonly reasonCode?: string;
  readonly reasonDetail?: string;
  /** WS-Addressing identifier of the message to the DMP. */
  readonly messageId?: string;
  readonly attempt: number;
  /** Who asked for it, when somebody did. */
  readonly actor?: string;
}

export interface PublicationDetail extends PublicationSummary {
  /** Row of the message received, and the publication that took its place. */
  readonly intakeMessageId?: string;
  readonly overtakenBy?: string;
  readonly history: readonly PublicationHistoryLine[];
}

export interface DayProgress {
  /** Events received since the beginning of the day, by the state in which they are now. */
  readonly byState: Readonly<Record<string, number>>;
  readonly received: number;
  /** Median time from reception to the end of those that ended well, in seconds. */
  readonly medianSeconds?: number;
}

export interface QueueState {
  readonly byState: Readonly<Record<string, number>>;
  /** How long the most overdue publication has been due, in milliseconds; 0 when none is. */
  readonly overdueMs: number;
}

const orNone = <T>(value: unknown): T | undefined => (value ?? undefined) as T | undefined;
/** Text of a number or a text; undefined for nothing. */
export const textOrNone = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/** A row as it is shown. */
export function summaryOf(row: RawRow): PublicationSummary {
  const state = row.state as PublicationState;
  const isDue = (activeStates as readonly PublicationState[]).includes(state);
  return {
    id: String(row.id),
    state,
    kind: row.kind as PublicationKind,
    trigger: row.trigger as PublicationTrigger,
    action: orNone(row.action),
    studyInstanceUid: row.study_instance_uid as string,
    accessionNumbers: row.accession_numbers as string[],
    kosSopInstanceUid: orNone(row.kos_sop_instance_uid),
    instances: orNone(row.instances),
    pacsId: orNone(row.pacs_id),
    messageControlId: row.message_control_id as string,
    correlationId: row.correlation_id as string,
    receivedAt: row.received_at as Date,
    changedAt: row.changed_at as Date,
    settledAt: orNone(row.settled_at),
    nextAttemptAt: isDue ? (row.next_attempt_at as Date) : undefined,
    attempts: row.attempts as number,
    reasonCode: orNone(row.reason_code),
    reasonDetail: orNone(row.reason_detail),
    mayBeRetried: state === 'refused' || state === 'dead',
  };
}

/** A line of the history as it is shown. */
export function historyLineOf(row: RawRow): PublicationHistoryLine {
  return {
    at: row.at as Date,
    from: orNone(row.from_state),
    to: row.to_state as PublicationState,
    reasonCode: orNone(row.reason_code),
    reasonDetail: orNone(row.reason_detail),
    messageId: orNone(row.message_id),
    attempt: row.attempt as number,
    actor: orNone(row.actor),
  };
}
