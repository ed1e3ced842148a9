import { Module } from '@nestjs/common';
import { PacsModule } from '../../connectors/pacs';
import { PscModule } from '../../connectors/psc';
import { TranscodingModule } from '../../platform/transcoding';
import { ArchiveModule } from '../archive';
import { AdmissionService } from './admission/admission.service';
import { MetadataService } from './metadata/metadata.service';
import { ExchangeListener } from './exchange.listener';
import { ServingAudit } from './serving.audit';
import { WadoService } from './wado.service';

/** Serves the studies of our PACS to other gateways. */
@Module({
  imports: [ArchiveModule, PacsModule, PscModule, TranscodingModule],
  providers: [AdmissionService, MetadataService, ServingAudit, WadoService, ExchangeListener],
  exports: [ExchangeListener],
})
export class ServingModule {}
