import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { VihfMode } from '../../standards/vihf';
import {
  ACTION,
  readRetrieveDocumentSetResponse,
  retrieveDocumentSetRequest,
  type DocumentEntry,
  type DocumentResponse,
} from '../../standards/xds';
import { DmpExchange, type DmpCall, type DmpCaller } from './dmp-exchange';
import { outcomeOf, type DmpOutcome } from './dmp-outcome';
import type { TransportAnswer } from './dmp-transport';

/** What must be known of a document before it is asked for: its entry. */
export type WantedDocument = Pick<
  DocumentEntry,
  'uniqueId' | 'repositoryUniqueId' | 'homeCommunityId' | 'hash' | 'size'
>;

export interface RetrieveRequest {
  caller: DmpCaller;
  mode?: VihfMode;
  documents: readonly WantedDocument[];
  signal?: AbortSignal;
}

export interface RetrievedDocument {
  uniqueId: string;
  mimeType: string;
  bytes: Buffer;
}

/** An audit message has room for so many documents (32 KiB); the exams of a patient ask for one at a time. */
const documentsToldMax = 30;

/** ITI-43 Retrieve Document Set (DMP TD3.2). Hash and size are those of the entry, or the answer is not believed. */
@Injectable()
export class RetrieveDocumentSetClient {
  constructor(private readonly exchange: DmpExchange) {}

  /** The documents received, each checked. Missing ones are told by `partial` with the errors of the repository. */
  async send(request: RetrieveRequest): Promise<DmpOutcome<RetrievedDocument[]>> {
    const requests = request.documents.map((one) => ({
      documentUniqueId: one.uniqueId,
      repositoryUniqueId: one.repositoryUniqueId ?? '',
      homeCommunityId: one.homeCommunityId,
    }));
    return this.exchange.call(
      {
        caller: request.caller,
        mode: request.mode ?? 'INDIRECTE_RENFORCEE',
        service: 'repository',
        action: ACTION.retrieveDocumentSet,
        body: retrieveDocumentSetRequest(requests),
        attachments: [],
        audit: 'dmp.retrieve',
        about: toldOf(request.documents),
        signal: request.signal,
      },
      (answer) => readDocuments(answer, request.documents),
    );
  }
}

/** One document is told by its own column and its repository; several by one fact, as `uniqueId repositoryUniqueId` each. */
function toldOf(documents: readonly WantedDocument[]): DmpCall['about'] {
  const [first, ...others] = documents;
  if (first && others.length === 0) {
    const { repositoryUniqueId, homeCommunityId } = first;
    const facts = { ...(repositoryUniqueId && { repositoryUniqueId }), ...(homeCommunityId && { homeCommunityId }) };
    return { documentUniqueId: first.uniqueId, facts };
  }
  const lines = documents.slice(0, documentsToldMax).map((one) => `${one.uniqueId} ${one.repositoryUniqueId ?? ''}`);
  return { facts: { documents: lines.map((line) => line.trim()).join('\n') } };
}

function readDocuments(answer: TransportAnswer, wanted: readonly WantedDocument[]): DmpOutcome<RetrievedDocument[]> {
  const reading = readRetrieveDocumentSetResponse(answer.body);
  if (!reading.ok) return { kind: 'malformed', detail: reading.reason };
  const documents: RetrievedDocument[] = [];
  for (const one of reading.documents) {
    const entry = wanted.find((asked) => asked.uniqueId === one.documentUniqueId);
    const bytes = bytesOf(one, answer.attachments);
    const fault = entry === undefined ? 'a document that was not asked for' : damage(bytes, entry);
    if (fault !== undefined || bytes === undefined) return { kind: 'malformed', detail: fault ?? 'no content' };
    documents.push({ uniqueId: one.documentUniqueId, mimeType: one.mimeType, bytes });
  }
  if (new Set(documents.map((one) => one.uniqueId)).size !== documents.length)
    return { kind: 'malformed', detail: 'a document came twice' };
  if (reading.response.status === 'success' && documents.length !== wanted.length)
    return { kind: 'malformed', detail: 'a success without all documents' };
  return outcomeOf(reading.response, documents);
}

const bytesOf = (document: DocumentResponse, attachments: Map<string, Buffer>): Buffer | undefined =>
  'contentId' in document.content
    ? attachments.get(document.content.contentId)
    : Buffer.from(document.content.base64, 'base64');

/** Why the content is not the one of the entry. */
function damage(bytes: Buffer | undefined, entry: WantedDocument): string | undefined {
  if (bytes === undefined) return 'a document whose part is missing';
  if (entry.size !== undefined && entry.size !== bytes.length) return 'a document that has not the size of its entry';
  const hash = entry.hash?.toLowerCase();
  if (hash === undefined) return 'a document whose entry tells no hash';
  return createHash(hash.length === 64 ? 'sha256' : 'sha1')
    .update(bytes)
    .digest('hex') === hash
    ? undefined
    : 'a document that has not the hash of its entry';
}
