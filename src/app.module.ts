import { DynamicModule, Module } from '@nestjs/common';
import { auditConfig, AuditModule, GatewayLifeModule } from './audit';
import { alarmsConfig, AlarmsModule } from './audit/alarms';
import { statisticsConfig } from './audit/statistics';
import { atnaConfig, AtnaModule } from './audit/atna';
import { dmpConfig, DmpModule } from './connectors/dmp';
import { pacsConfig, PacsModule } from './connectors/pacs';
import { peerConfig, PeerModule } from './connectors/peer';
import { pscConfig } from './connectors/psc';
import { risConfig, RisModule } from './connectors/ris';
import { whitelistConfig, WhitelistModule } from './connectors/whitelist';
import { contextConfig } from './consumer/context';
import { examsConfig } from './consumer/exams';
import { retrievalConfig, RetrievalModule } from './consumer/retrieval';
import { transferConfig, TransferModule } from './consumer/transfer';
import { ConfigModule, LoadedConfig, Slice } from './platform/config';
import { HealthModule } from './platform/health';
import { internalConfig, InternalModule } from './platform/internal';
import { modeConfig, persistenceConfig, PersistenceModule } from './platform/persistence';
import { pkiConfig, PkiModule } from './platform/pki';
import { supervisionConfig, SupervisionModule } from './platform/supervision';
import { transcodingConfig } from './platform/transcoding';
import { hospitalOidcConfig, portalConfig, PortalModule } from './portal';
import { ExamsPortalModule } from './portal/exams';
import { ExamImagesModule, ViewerPortalModule } from './portal/viewer';
import { intakeConfig, IntakeModule } from './source/intake';
import { publicationConfig, PublicationModule, QueuedPublicationRequests } from './source/publication';
import { metadataConfig, servingConfig, ServingModule } from './source/serving';
import { viewerConfig } from './viewer';

/** Every slice of the configuration, in the order of the sample file. */
export const configSlices: readonly Slice[] = [
  modeConfig,
  persistenceConfig,
  auditConfig,
  internalConfig,
  supervisionConfig,
  alarmsConfig,
  statisticsConfig,
  pkiConfig,
  atnaConfig,
  whitelistConfig,
  pscConfig,
  pacsConfig,
  dmpConfig,
  peerConfig,
  risConfig,
  transcodingConfig,
  intakeConfig,
  publicationConfig,
  servingConfig,
  metadataConfig,
  contextConfig,
  examsConfig,
  retrievalConfig,
  transferConfig,
  viewerConfig,
  portalConfig,
  hospitalOidcConfig,
] as unknown as readonly Slice[];

/** The one place that names every room. */
@Module({})
export class AppModule {
  static of(config: LoadedConfig): DynamicModule {
    const ground = [
      ConfigModule.of(config),
      PersistenceModule.forRoot(),
      HealthModule,
      SupervisionModule,
      AuditModule,
      GatewayLifeModule.of({ slices: configSlices, config }),
      PkiModule,
      AtnaModule,
      InternalModule,
      AlarmsModule,
    ];
    const connectors = [WhitelistModule, PacsModule, DmpModule, PeerModule, RisModule];
    const source = [IntakeModule.publishingTo(PublicationModule, QueuedPublicationRequests), ServingModule];
    const consumer = [RetrievalModule, TransferModule];
    return {
      module: AppModule,
      imports: [
        ...ground,
        ...connectors,
        ...source,
        ...consumer,
        PortalModule,
        ExamsPortalModule.withImages(ExamImagesModule),
        ViewerPortalModule,
      ],
    };
  }
}
