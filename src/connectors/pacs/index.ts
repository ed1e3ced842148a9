/** The hospital's image archives, by DIMSE or DICOMweb, and our own DICOM listener. */
export * from './pacs.port';
export { pacsErrors } from './pacs.errors';
export { pacsConfig } from './pacs.config';
export type { DicomWebPacsConfig, DimsePacsConfig, PacsConfig } from './pacs.config';
export { DICOMWEB_FACTORY, makeDirectory, makeListener, PacsModule } from './pacs.module';
export type { DicomWebFactory } from './pacs.module';
export { DimsePacs } from './dimse/dimse-pacs';
export type { DimsePacsOptions } from './dimse/dimse-pacs';
export { defaultDimseSettings } from './dimse/dimse-settings';
export type { DimseSettings } from './dimse/dimse-settings';
export { DimseListener } from './listener/dimse-listener';
export type { ListenerOptions } from './listener/dimse-listener';
export { MoveDestinations } from './listener/move-destinations';
export type { StoreHandler, StoreRequest, StoreTarget } from './listener/store-handlers';
export { SharedRetrievals } from './retrieval/shared-retrievals';
export { measurePacs } from './measure/measure-pacs';
export type { Measure, MeasuredMethod, MeasureRequest, MeasureResult } from './measure/measure-pacs';
export type { SlowCause } from './measure/slow-cause';
