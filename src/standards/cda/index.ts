/** Imaging reports (CDA R2): the header as typed data, and the PDF inside. */
export { codeSystems } from './acts';
export type { CdaRefusalKind } from './cda-reader';
export { cdaNamespace, dicomCdaNamespace } from './cda-reader';
export * from './imaging-report';
export { extractPdf, parseImagingReport } from './parse-imaging-report';
export type { ImagingReportResult } from './parse-imaging-report';
