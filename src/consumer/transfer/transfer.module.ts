import { Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { PACS_DIRECTORY, PacsDirectory, PacsModule } from '../../connectors/pacs';
import type { ConfigOf } from '../../platform/config';
import { ContextModule, PatientContexts } from '../context';
import { ExamRetrievals, RetrievalModule } from '../retrieval';
import { transferConfig } from './transfer.config';
import { TransferRepository } from './transfer.repository';
import { Transfers } from './transfers';

@Injectable()
class TransferLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly transfers: Transfers,
    private readonly repository: TransferRepository,
    private readonly contexts: PatientContexts,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.repository.interruptAll();
    this.contexts.onEnded((contextId) => this.transfers.forgetContext(contextId));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transfers.closeAll();
  }
}

/** Exams of other hospitals into the local PACS. */
@Module({
  imports: [ContextModule, RetrievalModule, PacsModule],
  providers: [
    TransferRepository,
    {
      provide: Transfers,
      inject: [transferConfig.token, ExamRetrievals, PACS_DIRECTORY, TransferRepository, AuditTrail],
      useFactory: (
        config: ConfigOf<typeof transferConfig>,
        retrievals: ExamRetrievals,
        directory: PacsDirectory,
        repository: TransferRepository,
        audit: AuditTrail,
      ) => new Transfers(config, retrievals, directory, repository, audit),
    },
    TransferLifecycle,
  ],
  exports: [Transfers],
})
export class TransferModule {}
