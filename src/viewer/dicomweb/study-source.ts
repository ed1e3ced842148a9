/**
 * What the viewer asks of whoever has a study: the local PACS (viewer/local) or a retrieval from another hospital
 * (viewer/remote). Everything but the images is known from the manifest, before the first image arrives.
 */

export interface ViewerInstance {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly instanceNumber?: number;
  readonly numberOfFrames?: number;
  /** Marked by a key object selection of the study. */
  readonly isKeyImage?: boolean;
}

export interface ViewerSeries {
  readonly seriesInstanceUid: string;
  readonly number?: number;
  readonly modality?: string;
  readonly description?: string;
  /** YYYYMMDD, HHMMSS. */
  readonly date?: string;
  readonly time?: string;
  readonly instances: readonly ViewerInstance[];
}

/** The patient as the manifest names them; `matricule` and `oid` together are the INS. */
export interface ViewerPatient {
  readonly matricule?: string;
  readonly oid?: string;
  readonly birthFamilyName: string;
  readonly firstGivenName: string;
  /** YYYYMMDD. */
  readonly birthDate: string;
  readonly gender: 'M' | 'F' | 'O' | '';
}

export interface ViewerStudy {
  readonly studyInstanceUid: string;
  /** YYYYMMDD, HHMMSS. */
  readonly date?: string;
  readonly time?: string;
  readonly description?: string;
  readonly accessionNumber?: string;
  /** Where the images were made, as shown to a professional. */
  readonly institution?: string;
  readonly patient: ViewerPatient;
  readonly series: readonly ViewerSeries[];
}

/** One object that has arrived: its data set without preamble and file meta group. */
export interface ArrivedInstance {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly dataset: Buffer;
}

/** The data set of an object up to its pixel data (inflated when it was deflated). */
export interface ArrivedHead {
  readonly transferSyntaxUid: string;
  readonly head: Buffer;
  readonly pixelDataFollows: boolean;
}

export interface SeriesProgress {
  readonly seriesInstanceUid: string;
  readonly expected: number;
  readonly arrived: number;
  /** Given up; `retry()`, or opening the exam again, asks once more. */
  readonly failed: number;
}

export interface StudyProgress {
  readonly studyInstanceUid: string;
  readonly series: readonly SeriesProgress[];
  readonly bytes: number;
  /** French sentence when the retrieval as a whole met a fault. */
  readonly trouble?: string;
  /** An image that arrived lost something by compression, or such images were asked for. */
  readonly isLossy?: boolean;
}

export interface ViewerStudySource {
  readonly study: ViewerStudy;
  /** Begins, or goes on, fetching; this series before the others. */
  prefer(seriesInstanceUid: string): void;
  hasArrived(sopInstanceUid: string): boolean;
  /** Waits for the object. Rejects with a GatewayError when it will not come, or with the signal's reason. */
  instance(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedInstance>;
  /** Waits likewise, and stays cheap when the object itself is no longer held. */
  head(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedHead>;
  progress(): StudyProgress;
  /** Calls back after any progress, until the returned function is called. */
  onProgress(listener: () => void): () => void;
  /** Asks again for what was given up. */
  retry(): void;
  /** The viewer that opened this source has left. */
  close(): void;
}
