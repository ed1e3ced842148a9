import type { ActingProfessional } from '../../connectors/psc';
import type { BirthDate, Gender, Ins } from '../../standards/identity';
import type { Manifest } from '../../standards/manifest';

/** Which Accept list the source is asked with (ANS samples): for diagnosis and import, or to save time. */
export type ImageQuality = 'lossless' | 'lossy';

/** The patient of the contextual call, against whom every image is checked (`CalledPatient` of consumer/context fits). */
export interface ExpectedPatient {
  readonly ins: Ins;
  readonly birthFamilyName: string;
  readonly firstGivenName: string;
  readonly gender: Gender;
  readonly birthDate: BirthDate;
}

/** One study that a professional may see: the manifest has been verified (hash, identity) by consumer/exams. */
export interface ExamToOpen {
  /** Patient context (consumer/context) for which it is opened; what is kept goes when the context ends. */
  readonly contextId: string;
  readonly professional: Pick<ActingProfessional, 'professional' | 'situation' | 'accessToken' | 'address'>;
  readonly patient: ExpectedPatient;
  readonly manifest: Manifest;
  readonly studyInstanceUid: string;
  /** Default: the configured one for viewing. */
  readonly quality?: ImageQuality;
}

/** One object that has arrived and passed every check: its data set without preamble and file meta group. */
export interface RetrievedInstance {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly dataset: Buffer;
}

/** The data set of an object up to its pixel data (inflated when it was deflated). */
export interface RetrievedHead {
  readonly transferSyntaxUid: string;
  readonly head: Buffer;
  readonly pixelDataFollows: boolean;
}

export interface SeriesRetrieval {
  readonly seriesInstanceUid: string;
  readonly expected: number;
  readonly arrived: number;
  /** Given up; `retry()`, or opening the exam again, asks once more. */
  readonly failed: number;
}

export interface RetrievalProgress {
  readonly studyInstanceUid: string;
  readonly series: readonly SeriesRetrieval[];
  /** Data set bytes that arrived. */
  readonly bytes: number;
  /** French sentence when the retrieval as a whole met a fault. */
  readonly trouble?: string;
  /** Lossy images were asked for, or one that arrived is. */
  readonly isLossy?: boolean;
}

/**
 * A study being retrieved, as one viewer (or one import) sees it. Several of them may stand on the same retrieval. With a
 * `study` beside it, this is the viewer's `ViewerStudySource`.
 */
export interface OpenedExam {
  readonly studyInstanceUid: string;
  readonly manifest: Manifest;
  /** Begins, or goes on, fetching; this series before the others. */
  prefer(seriesInstanceUid: string): void;
  hasArrived(sopInstanceUid: string): boolean;
  /** Waits for the object. Rejects with a `GatewayError` when it will not come, or with the signal's reason. */
  instance(sopInstanceUid: string, signal: AbortSignal): Promise<RetrievedInstance>;
  /** Waits likewise, and reads the head only. */
  head(sopInstanceUid: string, signal: AbortSignal): Promise<RetrievedHead>;
  progress(): RetrievalProgress;
  /** Calls back after any progress, until the returned function is called. */
  onProgress(listener: () => void): () => void;
  /** Progress as it goes, at most every `everyMs` (default 200); ends when all has arrived or failed, or with the signal. */
  watch(signal: AbortSignal, everyMs?: number): AsyncIterable<RetrievalProgress>;
  /** Asks again for what was given up. */
  retry(): void;
  /** This viewer has left; the retrieval stops when the last one has. */
  close(): void;
}
