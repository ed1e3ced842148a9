/** The national record (DMP): one client per transaction, the structures and their certificates. */
export { dmpConfig, type StructureSettings } from './dmp.config';
export { dmpErrors } from './dmp.errors';
export { DMP_MOMENT, DmpExchange, type DmpCaller, type DmpMoment } from './dmp-exchange';
export { DmpModule } from './dmp.module';
export { mapOutcome, type DmpOutcome, type TryAgainReason } from './dmp-outcome';
export { RegistryStoredQueryClient, type QueryRequest } from './iti18-registry-stored-query.client';
export { ProvideAndRegisterClient, type Published, type PublishRequest } from './iti41-provide-and-register.client';
export {
  RetrieveDocumentSetClient,
  type RetrievedDocument,
  type RetrieveRequest,
  type WantedDocument,
} from './iti43-retrieve-document-set.client';
export { UpdateDocumentSetClient, type WithdrawRequest } from './iti57-update-document-set.client';
export { identitiesOf, StructureDirectory, type DmpStructure } from './structure-directory';
export { DmpStatusClient } from './td02-dmp-status.client';
