import type { ActingProfessional } from '../../connectors/psc';
import type { AssigningAuthority } from '../../standards/identity';
import type { ExamToOpen } from '../retrieval';

/**
 * Where an import stands. `waiting`: for its turn; `incomplete`: it ran to its end and some images are missing; `interrupted`:
 * by the end of the process that ran it.
 */
export type TransferState = 'waiting' | 'running' | 'done' | 'incomplete' | 'failed' | 'cancelled' | 'interrupted';

export const isUnderWay = (state: TransferState): boolean => state === 'waiting' || state === 'running';

export type ObjectResult = 'waiting' | 'stored' | 'failed';

/** Import of an exam, or of some of its series, into the local PACS. */
export interface ImportRequest {
  readonly exam: Omit<ExamToOpen, 'quality'> & { readonly professional: Pick<ActingProfessional, 'loginId'> };
  /** How the list of exams names it, so that the import can be taken up from there. */
  readonly examId?: string;
  /** Without it, the whole study. */
  readonly seriesInstanceUids?: readonly string[];
  /** Number and authority of the contextual call (`CalledPatient.localId`). */
  readonly localId: { readonly value: string; readonly authority: AssigningAuthority };
  /** Among the configured ones; without it the configured default. */
  readonly pacsId?: string;
}

export interface TransferView {
  readonly id: string;
  readonly examId?: string;
  readonly studyInstanceUid: string;
  readonly pacsId: string;
  readonly state: TransferState;
  readonly total: number;
  readonly stored: number;
  readonly failed: number;
  /** Stored in another transfer syntax than they came in, without loss. */
  readonly converted: number;
  /** French sentence, when something failed. */
  readonly trouble?: string;
  readonly createdAt: Date;
  readonly endedAt?: Date;
}

export interface TransferObject {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly result: ObjectResult;
  /** DIMSE or STOW-RS status of the PACS. */
  readonly status?: number;
  readonly errorCode?: string;
  /** French sentence of that error. */
  readonly trouble?: string;
  /** Transfer syntax UID in which the PACS has it, when it refused the one that came. */
  readonly convertedTo?: string;
}

/** Objects with the same fate, for a screen. */
export interface ObjectFate {
  readonly result: ObjectResult;
  readonly errorCode?: string;
  readonly trouble?: string;
  readonly status?: number;
  readonly count: number;
}
