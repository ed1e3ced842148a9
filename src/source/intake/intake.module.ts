import { DynamicModule, Module, Type } from '@nestjs/common';
import { RisModule } from '../../connectors/ris';
import { IntakeMessageRepository } from './intake-message.repository';
import { IntakeRetention } from './intake-retention';
import { IntakeService } from './intake.service';
import { PublicationRequests } from './publication-requests';
import { StoredPublicationRequests } from './stored-publication-requests';

/** Reports come in. As it is, requests wait in a table; `publishingTo` gives them to the publication room. */
@Module({
  imports: [RisModule],
  providers: [
    IntakeMessageRepository,
    IntakeRetention,
    IntakeService,
    { provide: PublicationRequests, useClass: StoredPublicationRequests },
  ],
  exports: [IntakeService],
})
export class IntakeModule {
  /** @param service what the publication room's module exports as its `PublicationRequests`. */
  static publishingTo(publicationModule: Type | DynamicModule, service: Type<PublicationRequests>): DynamicModule {
    return {
      module: IntakeModule,
      imports: [publicationModule],
      providers: [{ provide: PublicationRequests, useExisting: service }],
    };
  }
}
