import { Injectable } from '@nestjs/common';
import { signSubmissionSet } from '../../standards/xmlsec';
import {
  ACTION,
  newOid,
  provideAndRegister,
  readRegistryResponse,
  SIGNATURE_ENTRY,
  withSignature,
  type Submission,
  type SubmissionPerson,
} from '../../standards/xds';
import { DmpExchange, type DmpCaller } from './dmp-exchange';
import { outcomeOf, type DmpOutcome } from './dmp-outcome';
import type { TransportAnswer } from './dmp-transport';

export interface PublishRequest {
  caller: DmpCaller;
  /** From `submissionFor`, without its signature document. */
  submission: Submission;
  /** The manifest, as its entry describes it. */
  document: Uint8Array;
  studyInstanceUid?: string;
  signal?: AbortSignal;
}

/** What was submitted, signature included: kept by the caller to know its own document again. */
export interface Published {
  submission: Submission;
}

/** ITI-41 Provide and Register Document Set-b (DMP TD2.1), with the signature of the submission set. */
@Injectable()
export class ProvideAndRegisterClient {
  constructor(private readonly exchange: DmpExchange) {}

  /** Signs, sends, reads. `accepted` means registered; see `mayHaveBeenDone` before sending again. */
  async send(request: PublishRequest): Promise<DmpOutcome<Published>> {
    const { submission, signature } = await this.sign(request);
    const [kos] = submission.documentEntries;
    const { body, attachments } = provideAndRegister(submission, [
      { entryUuid: kos.entryUuid, bytes: request.document },
      { entryUuid: SIGNATURE_ENTRY, bytes: signature },
    ]);
    return this.exchange.call(
      {
        caller: request.caller,
        mode: 'INDIRECTE',
        service: 'repository',
        action: ACTION.provideAndRegister,
        body,
        attachments,
        audit: 'dmp.provide-and-register',
        about: {
          documentUniqueId: kos.uniqueId,
          studyInstanceUid: request.studyInstanceUid,
          facts: { submissionSetUniqueId: submission.submissionSet.uniqueId },
        },
        signal: request.signal,
      },
      (answer) => readRegistry(answer, { submission }),
    );
  }

  private async sign(request: PublishRequest): Promise<{ submission: Submission; signature: Buffer }> {
    const { caller, submission: unsigned } = request;
    const { moment, config } = this.exchange;
    const [kos] = unsigned.documentEntries;
    const uniqueId = newOid(moment.uuid());
    const xml = await signSubmissionSet(
      {
        signatureUniqueId: uniqueId,
        submissionSetUniqueId: unsigned.submissionSet.uniqueId,
        documents: [{ uniqueId: kos.uniqueId, content: request.document }],
        signingTime: moment.now(),
        hash: config.signatureHash,
      },
      caller.structure.signer(),
    );
    const signature = Buffer.from(xml, 'utf8');
    const { nationalId, familyName, givenName } = caller.professional;
    const signer: SubmissionPerson = { id: nationalId, family: familyName, given: givenName };
    const ids = { oid: () => newOid(moment.uuid()), uuid: () => moment.uuid() };
    const submission = withSignature(
      unsigned,
      { document: signature, uniqueId, signer, structure: caller.structure.published },
      ids,
    );
    return { submission, signature };
  }
}

/** The outcome of a transaction that answers with a bare RegistryResponse. */
export function readRegistry<T>(answer: TransportAnswer, value: T): DmpOutcome<T> {
  const response = answer.body.localName === 'RegistryResponse' ? readRegistryResponse(answer.body) : undefined;
  return response ? outcomeOf(response, value) : { kind: 'malformed', detail: 'the answer is no RegistryResponse' };
}
