import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { PublicationRequest, PublicationRequests } from './publication-requests';

/** Keeps requests in a table of intake until a publication takes them: the default when no publication room is there. */
@Injectable()
export class StoredPublicationRequests extends PublicationRequests {
  override async submit(request: PublicationRequest, manager: EntityManager): Promise<void> {
    await manager.query('INSERT INTO intake_request (message_id, kind, request) VALUES ($1, $2, $3)', [
      request.origin.messageId,
      request.kind,
      JSON.stringify(request),
    ]);
  }
}
