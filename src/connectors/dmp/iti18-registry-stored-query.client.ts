import { Injectable } from '@nestjs/common';
import { withoutPatient } from '../../audit';
import type { VihfMode } from '../../standards/vihf';
import {
  ACTION,
  adhocQueryRequest,
  readAdhocQueryResponse,
  STORED_QUERY,
  type DocumentEntry,
  type RegistryObjects,
  type ReturnType,
  type StoredQuery,
} from '../../standards/xds';
import { DmpExchange, type DmpCaller } from './dmp-exchange';
import { mapOutcome, outcomeOf, type DmpOutcome } from './dmp-outcome';
import type { TransportAnswer } from './dmp-transport';

export interface QueryRequest {
  caller: DmpCaller;
  /** `INDIRECTE_RENFORCEE` for a professional logged in, `INDIRECTE` for the gateway about its own documents. */
  mode: VihfMode;
  query: StoredQuery;
  returnType?: ReturnType;
  signal?: AbortSignal;
}

/** ITI-18 Registry Stored Query (DMP TD3.1). */
@Injectable()
export class RegistryStoredQueryClient {
  constructor(private readonly exchange: DmpExchange) {}

  async send(request: QueryRequest): Promise<DmpOutcome<RegistryObjects>> {
    const { caller, mode, query, returnType, signal } = request;
    const body = adhocQueryRequest(query, returnType);
    const told = withoutPatient(body.text, caller.ins);
    return this.exchange.call(
      {
        caller,
        mode,
        service: 'registry',
        action: ACTION.registryStoredQuery,
        body,
        audit: 'dmp.stored-query',
        about: { facts: { queryId: STORED_QUERY[query.query], ...(told === undefined ? {} : { query: told }) } },
        signal,
      },
      (answer) => readObjects(answer, patientIdOf(query)),
    );
  }

  /**
   * The entry of one of our own documents, or undefined when the registry does not hold it. Asked before a submission is
   * repeated, and to find the entryUUID to replace or to delete.
   */
  async findEntry(request: {
    caller: DmpCaller;
    documentUniqueId: string;
    signal?: AbortSignal;
  }): Promise<DmpOutcome<DocumentEntry | undefined>> {
    const { caller, documentUniqueId, signal } = request;
    const query: StoredQuery = { query: 'getDocuments', uniqueId: [documentUniqueId] };
    const outcome = await this.send({ caller, mode: 'INDIRECTE', query, signal });
    // a partial answer cannot prove that a document is absent
    if (outcome.kind === 'partial') {
      return { kind: 'try-again', reason: 'server-error', mayHaveBeenDone: false, detail: 'partial answer' };
    }
    return mapOutcome(outcome, (objects) => ({
      kind: 'accepted',
      value: objects.documentEntries.find((entry) => entry.uniqueId === documentUniqueId),
      warnings: [],
    }));
  }
}

const patientIdOf = (query: StoredQuery): string | undefined => ('patientId' in query ? query.patientId : undefined);

/** An entry of another patient than the one asked for makes the whole answer unbelievable. */
function readObjects(answer: TransportAnswer, patientId: string | undefined): DmpOutcome<RegistryObjects> {
  const reading = readAdhocQueryResponse(answer.body);
  if (!reading.ok) return { kind: 'malformed', detail: reading.reason };
  if (patientId !== undefined && reading.objects.documentEntries.some((entry) => entry.patientId !== patientId)) {
    return { kind: 'malformed', detail: 'the answer holds entries of another patient' };
  }
  return outcomeOf(reading.response, reading.objects);
}
