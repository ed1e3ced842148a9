import { DynamicModule, Module, Provider } from '@nestjs/common';
import { RisModule } from '../../connectors/ris';
import { IntakeMessageRepository } from './intake-message.repository';
import { IntakeService } from './intake.service';
import { PublicationRequests } from './publication-requests';
import { StoredPublicationRequests } from './stored-publication-requests';

/** Reports come in. The publication room gives its own `PublicationRequests`; without one, requests wait in a table. */
@Module({})
export class IntakeModule {
  static of(publication?: { imports: NonNullable<DynamicModule['imports']>; provider?: Provider }): DynamicModule {
    const byDefault: Provider = { provide: PublicationRequests, useClass: StoredPublicationRequests };
    const provider = publication ? publication.provider : byDefault;
    return {
      module: IntakeModule,
      imports: [RisModule, ...(publication?.imports ?? [])],
      providers: [IntakeMessageRepository, IntakeService, ...(provider ? [provider] : [])],
      exports: [IntakeService],
    };
  }
}
