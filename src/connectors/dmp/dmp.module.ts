import { Module } from '@nestjs/common';
import { DmpExchange } from './dmp-exchange';
import { DmpHealth } from './dmp.health';
import { RegistryStoredQueryClient } from './iti18-registry-stored-query.client';
import { ProvideAndRegisterClient } from './iti41-provide-and-register.client';
import { RetrieveDocumentSetClient } from './iti43-retrieve-document-set.client';
import { UpdateDocumentSetClient } from './iti57-update-document-set.client';
import { StructureDirectory } from './structure-directory';
import { DmpStatusClient } from './td02-dmp-status.client';

const clients = [
  ProvideAndRegisterClient,
  UpdateDocumentSetClient,
  RegistryStoredQueryClient,
  RetrieveDocumentSetClient,
  DmpStatusClient,
];

@Module({
  providers: [StructureDirectory, DmpExchange, DmpHealth, ...clients],
  exports: [StructureDirectory, DmpExchange, ...clients],
})
export class DmpModule {}
