/** The local archive of manifests: publication writes it, serving reads it. */
export { archiveErrors } from './archive.errors';
export { ArchiveModule } from './archive.module';
export { describeImport, importManifest } from './import-manifest';
export type { ImportedManifest } from './import-manifest';
export { ManifestArchive } from './manifest-archive';
export type {
  AdmitAnswer,
  AdmitRefusal,
  AdmitRequest,
  ArchivedManifest,
  PutOptions,
  PutResult,
  ServedManifest,
} from './archive.types';
export { ManifestRecord } from './manifest-record.entity';
export type { ManifestStatus } from './manifest-record.entity';
export { ServableManifest } from './servable-manifest';
export type { Wanted } from './servable-manifest';
