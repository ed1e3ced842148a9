/** Exams of other hospitals into the local PACS, or into an archive file. */
export { ArchiveExports, exportedExamsMax } from './archive/archive-exports';
export type { ArchiveExportsOptions, ArchiveRequest, ExportedArchive } from './archive/archive-exports';
export { zipOf } from './archive/zip';
export { reconcileIdentity } from './reconcile-identity';
export type { Reconciliation } from './reconcile-identity';
export { ImportTrail } from './import-trail';
export { TransferEnds } from './transfer-ends.repository';
export { transferConfig } from './transfer.config';
export { transferErrors } from './transfer.errors';
export { TransferModule } from './transfer.module';
export { TransferRepository } from './transfer.repository';
export { isUnderWay } from './transfer.types';
export type * from './transfer.types';
export { Transfers } from './transfers';
export type { TransfersOptions } from './transfers';
