export * from './dicom.types';
export { DICOM_REASONS, DicomRefusal } from './dicom-refusal';
