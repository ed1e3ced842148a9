import { Module } from '@nestjs/common';
import { PacsModule } from '../../connectors/pacs';
import { PscModule } from '../../connectors/psc';
import { ConfigOf } from '../../platform/config';
import { TranscodingModule } from '../../platform/transcoding';
import { ArchiveModule } from '../archive';
import { AdmissionService } from './admission/admission.service';
import { RequestsUnderWay } from './delivery/requests-under-way';
import { MetadataByTheWay } from './metadata/metadata-by-the-way';
import { MetadataCollector } from './metadata/metadata-collector';
import { MetadataKeeper } from './metadata/metadata-keeper';
import { MetadataService } from './metadata/metadata.service';
import { ExchangeListener } from './exchange.listener';
import { ServingAudit } from './serving.audit';
import { servingConfig } from './serving.config';
import { WadoService } from './wado.service';

/** Serves the studies of our PACS to other gateways. */
@Module({
  imports: [ArchiveModule, PacsModule, PscModule, TranscodingModule],
  providers: [
    AdmissionService,
    {
      provide: RequestsUnderWay,
      inject: [servingConfig.token],
      useFactory: ({ requestsMax, requestsPerPeerMax }: ConfigOf<typeof servingConfig>) =>
        new RequestsUnderWay({ all: requestsMax, perPeer: requestsPerPeerMax }),
    },
    MetadataKeeper,
    MetadataService,
    MetadataByTheWay,
    MetadataCollector,
    ServingAudit,
    WadoService,
    ExchangeListener,
  ],
  exports: [ExchangeListener],
})
export class ServingModule {}
