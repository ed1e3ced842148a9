/** Limits and timers of one DICOMweb PACS; times in milliseconds, sizes in bytes. */
export interface DicomWebSettings {
  /** Opening of a connection, TLS included. */
  readonly connectTimeoutMs: number;
  /** Wait for a free connection when all are taken; longer than `connectTimeoutMs`, which it includes. */
  readonly queueMs: number;
  /** Silence before the first byte of an answer, or within it while we are ready to read. */
  readonly silenceMs: number;
  /** An idle connection is kept for this long. */
  readonly warmMs: number;
  /** Longest header block of an answer. */
  readonly headerBytesMax: number;
  /** Longest JSON answer. */
  readonly jsonBytesMax: number;
  /** Longest DICOM file in one part. */
  readonly partBytesMax: number;
  /** Longest header block of one part. */
  readonly partHeaderBytesMax: number;
  /** Matches asked for in one page of a query. */
  readonly pageSize: number;
}

export const defaultDicomWebSettings: DicomWebSettings = {
  connectTimeoutMs: 5_000,
  queueMs: 15_000,
  silenceMs: 30_000,
  warmMs: 20_000,
  headerBytesMax: 32_768,
  jsonBytesMax: 64 * 1_048_576,
  partBytesMax: 4 * 1_073_741_824,
  partHeaderBytesMax: 16_384,
  pageSize: 5_000,
};
