import { Module } from '@nestjs/common';
import { DmpModule } from '../../connectors/dmp';
import { PacsModule } from '../../connectors/pacs';
import { ArchiveModule } from '../archive';
import { DmpSteps } from './dmp/dmp-steps';
import { IocmReceiver } from './iocm.receiver';
import { ManifestMaker } from './manifest/manifest-maker';
import { PublicationHealth } from './publication.health';
import { PublicationQueries } from './publication-queries';
import { QueuedPublicationRequests } from './queued-publication-requests';
import { PublicationRepository } from './store/publication.repository';
import { RejectionNotes } from './store/rejection-notes';
import { StudyReader } from './study/study-reader';
import { ImageWait } from './work/image-wait';
import { PrepareStep } from './work/prepare.step';
import { PublicationWorker } from './work/publication.worker';
import { PublishStep } from './work/publish.step';
import { Settlement } from './work/settlement';

/** What the operator's tool needs: nothing is published, nothing listens. */
@Module({
  providers: [PublicationRepository, PublicationQueries],
  exports: [PublicationRepository, PublicationQueries],
})
export class PublicationQueriesModule {}

/** Reports become published manifests. Intake gives what it admits to `QueuedPublicationRequests`. */
@Module({
  imports: [ArchiveModule, DmpModule, PacsModule, PublicationQueriesModule],
  providers: [
    RejectionNotes,
    StudyReader,
    ManifestMaker,
    DmpSteps,
    Settlement,
    ImageWait,
    PrepareStep,
    PublishStep,
    PublicationWorker,
    PublicationHealth,
    IocmReceiver,
    QueuedPublicationRequests,
  ],
  exports: [QueuedPublicationRequests, PublicationQueriesModule],
})
export class PublicationModule {}
