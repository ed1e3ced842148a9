/** A radiology information system that sends the reports of invented studies. Shares no code with the gateway. */
export * from './demo-study';
export * from './messages';
export * from './mllp-sender';
export { makePdf } from './pdf';
export { documentIdOf, makeReport } from './report-document';
export type { ReportOptions } from './report-document';
export { startRisPage } from './ris-page';
export type { RisPage, RisPageOptions, RisPagePatient } from './ris-page';
