/** The client of a PACS that speaks DICOMweb. */
export { DicomWebPacs } from './dicomweb-pacs';
export { defaultDicomWebSettings, type DicomWebSettings } from './dicomweb-settings';
