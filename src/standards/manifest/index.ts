/** Manifests: the Key Object Selection documents that list a study and say where to fetch it. */
export * from './changes';
export type { ManifestFault } from './check-manifest';
export { canonicalContent, composeManifest, dicomMoment } from './compose-manifest';
export type { ComposeOptions, DicomMoment } from './compose-manifest';
export {
  isManifestTitle,
  isRejectionTitle,
  keyObjectSelectionClass,
  madoTitle,
  manifestTitle,
  rejectionTitles,
} from './concepts';
export * from './manifest';
export * from './read-manifest';
export * from './select-instances';
export * from './uid';
export * from './write-manifest';
