import { Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { PACS_DIRECTORY, PacsDirectory, PacsModule } from '../../connectors/pacs';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { Transcoder, TranscodingModule } from '../../platform/transcoding';
import { ContextModule, PatientContexts } from '../context';
import { PresenceModule } from '../presence';
import { ExamRetrievals, RetrievalModule } from '../retrieval';
import { transferConfig } from './transfer.config';
import { TransferRepository } from './transfer.repository';
import { Transfers } from './transfers';

const sweepMs = 5_000;

@Injectable()
class TransferLifecycle implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('transfer');
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly transfers: Transfers,
    private readonly repository: TransferRepository,
    private readonly contexts: PatientContexts,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.repository.interruptAbandoned();
    this.contexts.onEnded((contextId) => this.transfers.forgetContext(contextId));
    this.timer = setInterval(() => void this.sweep(), sweepMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.transfers.closeAll();
  }

  private async sweep(): Promise<void> {
    await this.transfers.sweep().catch((error: unknown) => {
      this.logger.warn({ cause: describeCause(error) }, 'imports of other processes could not be looked at');
    });
  }
}

/** Exams of other hospitals into the local PACS. */
@Module({
  imports: [ContextModule, PresenceModule, RetrievalModule, PacsModule, TranscodingModule],
  providers: [
    TransferRepository,
    {
      provide: Transfers,
      inject: [transferConfig.token, ExamRetrievals, PACS_DIRECTORY, TransferRepository, AuditTrail, Transcoder],
      useFactory: (
        config: ConfigOf<typeof transferConfig>,
        retrievals: ExamRetrievals,
        directory: PacsDirectory,
        repository: TransferRepository,
        audit: AuditTrail,
        transcoder: Transcoder,
      ) => new Transfers(config, retrievals, directory, repository, audit, transcoder),
    },
    TransferLifecycle,
  ],
  exports: [Transfers],
})
export class TransferModule {}
