import type { ActingProfessional } from '../../connectors/psc';
import type { AssigningAuthority } from '../../standards/identity';
import type { ExamToOpen } from '../retrieval';

/** Where an import stands. `incomplete`: it ran to its end and some images are missing; `interrupted`: by a restart. */
export type TransferState = 'running' | 'done' | 'incomplete' | 'failed' | 'cancelled' | 'interrupted';

export type ObjectResult = 'waiting' | 'stored' | 'failed';

/** Import of an exam, or of some of its series, into the local PACS. */
export interface ImportRequest {
  readonly exam: Omit<ExamToOpen, 'quality'> & { readonly professional: Pick<ActingProfessional, 'loginId'> };
  /** Without it, the whole study. */
  readonly seriesInstanceUids?: readonly string[];
  /** Number and authority of the contextual call (`CalledPatient.localId`). */
  readonly localId: { readonly value: string; readonly authority: AssigningAuthority };
  /** Among the configured ones; without it the configured default. */
  readonly pacsId?: string;
}

export interface TransferView {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly pacsId: string;
  readonly state: TransferState;
  readonly total: number;
  readonly stored: number;
  readonly failed: number;
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
}
