import { Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { dmpConfig } from '../../connectors/dmp';
import { PACS_DIRECTORY, PacsDirectory, PacsModule } from '../../connectors/pacs';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { Transcoder, TranscodingModule } from '../../platform/transcoding';
import { ContextModule, PatientContexts } from '../context';
import { ExamDocuments, ExamsModule } from '../exams';
import { PresenceModule } from '../presence';
import { ExamRetrievals, RetrievalModule } from '../retrieval';
import { ArchiveExports } from './archive/archive-exports';
import { ImportTrail } from './import-trail';
import { TransferEnds } from './transfer-ends.repository';
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
    private readonly contexts: PatientContexts,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.transfers.interruptAbandoned();
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
  imports: [ContextModule, ExamsModule, PresenceModule, RetrievalModule, PacsModule, TranscodingModule],
  providers: [
    ImportTrail,
    TransferEnds,
    TransferRepository,
    {
      provide: Transfers,
      inject: [
        transferConfig.token,
        ExamRetrievals,
        PACS_DIRECTORY,
        TransferRepository,
        TransferEnds,
        ImportTrail,
        Transcoder,
      ],
      useFactory: (
        config: ConfigOf<typeof transferConfig>,
        retrievals: ExamRetrievals,
        directory: PacsDirectory,
        repository: TransferRepository,
        ends: TransferEnds,
        trail: ImportTrail,
        transcoder: Transcoder,
      ) => new Transfers(config, retrievals, directory, repository, ends, trail, transcoder),
    },
    {
      provide: ArchiveExports,
      inject: [dmpConfig.token, ExamDocuments, AuditTrail],
      useFactory: (config: ConfigOf<typeof dmpConfig>, documents: ExamDocuments, audit: AuditTrail) => {
        const { sourceOid: sourceId, softwareVersion: version } = config;
        return new ArchiveExports(
          { sourceId, software: { name: 'DRIMbox', version, publisher: 'DRIMbox' } },
          documents,
          audit,
        );
      },
    },
    TransferLifecycle,
  ],
  exports: [ArchiveExports, Transfers],
})
export class TransferModule {}
