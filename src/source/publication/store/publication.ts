import type { Submission } from '../../../standards/xds';
import type { ReportRequest } from '../../intake';
import type { PublicationState } from '../state/publication-state';

export type PublicationKind = 'initial' | 'replacement' | 'visibility' | 'deletion' | 'study-change';
/** What made it happen: a report, an order message (OMI^O23), a rejection note (IOCM). */
export type PublicationTrigger = 'report' | 'order-message' | 'rejection-note';
export type PublicationAction = 'publish' | 'replace' | 'withdraw';

/** A report about one study; `alsoReports` are those whose place it took before they were published. */
export interface KeptReport {
  readonly type: 'report';
  readonly report: ReportRequest;
  readonly alsoReports: readonly string[];
}

/** The images may have changed; the report is the one of the manifest in the archive. */
export interface KeptStudyChange {
  readonly type: 'study-change';
  readonly cancelled: boolean;
  /** Rejection note behind it. */
  readonly noteSopInstanceUid?: string;
}

export type KeptRequest = KeptReport | KeptStudyChange;

/** What the archive keeps of a submission, for an update that comes from the PACS. */
export interface PublicationContext {
  readonly version: 1;
  readonly report: ReportRequest;
}

/** What was decided when the manifest was made. */
export interface Draft {
  /** The report whose author and structure the submission names. */
  readonly report: ReportRequest;
  readonly cdaIds: readonly string[];
}

/** One row of `publication`. */
export interface Publication {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly kind: PublicationKind;
  readonly trigger: PublicationTrigger;
  readonly state: PublicationState;
  readonly action: PublicationAction | undefined;
  readonly request: KeptRequest;
  readonly correlationId: string;
  readonly messageControlId: string;
  readonly receivedAt: Date;
  /** Since when it is in its state. */
  readonly changedAt: Date;
  readonly nextAttemptAt: Date;
  readonly attempts: number;
  readonly waits: number;
  readonly leaseToken: string | undefined;
  readonly countedInstances: number | undefined;
  readonly countedAt: Date | undefined;
  readonly pacsId: string | undefined;
  readonly instances: number | undefined;
  readonly kosSopInstanceUid: string | undefined;
  readonly kos: Buffer | undefined;
  readonly draft: Draft | undefined;
  readonly submission: Submission | undefined;
  /** The registry may hold the manifest (or have deleted it) although nothing here says so yet. */
  readonly mayBeRegistered: boolean;
  readonly reasonCode: string | undefined;
  readonly reasonDetail: string | undefined;
}

/** Columns that a step may change beside the state. */
export interface PublicationChange {
  readonly action?: PublicationAction | null;
  readonly countedInstances?: number | null;
  readonly countedAt?: Date | null;
  readonly pacsId?: string | null;
  readonly instances?: number | null;
  readonly kosSopInstanceUid?: string | null;
  readonly kos?: Buffer | null;
  readonly draft?: Draft | null;
  readonly submission?: Submission | null;
  readonly sentAt?: Date | null;
  readonly mayBeRegistered?: boolean;
  readonly attempts?: number;
  readonly waits?: number;
}

/** Why: a code of the catalogue or of the registry, and words for the operator's screen (never for a log). */
export interface Reason {
  readonly code: string;
  readonly detail?: string;
}
