import { Injectable } from '@nestjs/common';
import { ACTION, updateDocumentSet, type Submission } from '../../standards/xds';
import { DmpExchange, type DmpCaller } from './dmp-exchange';
import type { DmpOutcome } from './dmp-outcome';
import { readRegistry } from './iti41-provide-and-register.client';

export interface WithdrawRequest {
  caller: DmpCaller;
  /** From `withdrawalFor`. */
  submission: Submission;
  documentUniqueId?: string;
  studyInstanceUid?: string;
  signal?: AbortSignal;
}

/** ITI-57 Update Document Set (DMP TD3.3c): deletion of a document by its availability status. */
@Injectable()
export class UpdateDocumentSetClient {
  constructor(private readonly exchange: DmpExchange) {}

  async send(request: WithdrawRequest): Promise<DmpOutcome<undefined>> {
    const { caller, submission, documentUniqueId, studyInstanceUid, signal } = request;
    return this.exchange.call(
      {
        caller,
        mode: 'INDIRECTE',
        service: 'registry',
        action: ACTION.updateDocumentSet,
        body: updateDocumentSet(submission),
        audit: 'dmp.update-document-set',
        about: {
          documentUniqueId,
          studyInstanceUid,
          facts: { submissionSetUniqueId: submission.submissionSet.uniqueId },
        },
        signal,
      },
      (answer) => readRegistry(answer, undefined),
    );
  }
}
