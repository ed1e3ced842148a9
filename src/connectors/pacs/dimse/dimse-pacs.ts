import { GatewayError } from '../../../platform/errors';
import {
  CommandSet,
  commandField,
  decodeIdentifier,
  encodeIdentifier,
  maxPresentationContexts,
  noDataSet,
  statusKind,
  statusText,
  studyRoot,
  transferSyntaxesOfCommands,
  verificationSopClass,
} from '../../../standards/dimse';
import { MoveDestinations } from '../listener/move-destinations';
import { pacsErrors } from '../pacs.errors';
import {
  DicomAttributes,
  InstanceSink,
  InstanceToStore,
  Pacs,
  QueryKeys,
  QueryOptions,
  RetrievalOutcome,
  RetrievalRequest,
  StoreOutcome,
  textOf,
} from '../pacs.port';
import { MoveRefusal } from '../retrieval/move-refusal';
import { PaceMemory } from '../retrieval/pace';
import { Retrieval } from '../retrieval/retrieval';
import { RetrieveChannel } from '../retrieval/retrieve-channel';
import { sharedFromInstances, SharedRetrievals } from '../retrieval/shared-retrievals';
import { AssociationPool } from './association-pool';
import { Peer } from './connect';
import { contextFor, DimseNode, GetChannel, MoveChannel, queryPlan } from './dimse-channel';
import { DimseSettings } from './dimse-settings';
import { Requester } from './requester';

export interface DimsePacsOptions {
  readonly id: string;
  readonly peer: Peer;
  readonly pacsAeTitle: string;
  readonly ourAeTitle: string;
  readonly retrieve: 'auto' | 'move' | 'get';
  readonly maxAssociations: number;
  readonly settings: DimseSettings;
  /** Undefined when our listener is closed: then only C-GET is possible. */
  readonly destinations: MoveDestinations | undefined;
  /** Clock in ms of what is remembered of the PACS; default: that of the process. */
  readonly now?: () => number;
}

const matchesMax = 10_000;

/** A PACS reached by DIMSE. */
export class DimsePacs implements Pacs {
  readonly kind = 'dimse';
  readonly id: string;
  private readonly node: DimseNode;
  private readonly paces = { move: new PaceMemory(), get: new PaceMemory() };
  private readonly shared = new SharedRetrievals((request, sink, signal) => this.retrieveAlone(request, sink, signal));
  private readonly moveRefusal: MoveRefusal;

  constructor(private readonly options: DimsePacsOptions) {
    this.id = options.id;
    this.moveRefusal = new MoveRefusal(options.now);
    // Loads the dictionary now rather than while the first caller waits.
    encodeIdentifier({ StudyInstanceUID: '' }, transferSyntaxesOfCommands[0]);
    const pool = new AssociationPool(options.peer, options.settings, options.maxAssociations);
    this.node = { ourAeTitle: options.ourAeTitle, pacsAeTitle: options.pacsAeTitle, pool };
  }

  async echo(signal?: AbortSignal): Promise<number> {
    const startedMs = performance.now();
    await this.node.pool.use(queryPlan(this.node), async (requester) => {
      const final = await requester.request(
        contextFor(requester, verificationSopClass).id,
        {
          affectedSopClassUid: verificationSopClass,
          commandField: commandField.echoRq,
          messageId: requester.nextMessageId(),
          dataSetType: noDataSet,
        },
        { signal },
      );
      refuseFailure('C-ECHO', final);
    });
    return performance.now() - startedMs;
  }

  findStudies(keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]> {
    return this.find({ StudyInstanceUID: '', ...keys, QueryRetrieveLevel: 'STUDY' }, options);
  }

  findSeries(studyInstanceUid: string, keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]> {
    return this.find(
      { SeriesInstanceUID: '', ...keys, StudyInstanceUID: studyInstanceUid, QueryRetrieveLevel: 'SERIES' },
      options,
    );
  }

  findInstances(
    studyInstanceUid: string,
    seriesInstanceUid: string,
    keys: QueryKeys,
    options?: QueryOptions,
  ): Promise<DicomAttributes[]> {
    const above = { StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: seriesInstanceUid };
    return this.find({ SOPInstanceUID: '', ...keys, ...above, QueryRetrieveLevel: 'IMAGE' }, options);
  }

  retrieve(request: RetrievalRequest, sink: InstanceSink, signal?: AbortSignal): Promise<RetrievalOutcome> {
    const isAlone =
      request.sharing === 'never' || request.method !== undefined || request.instances.length < sharedFromInstances;
    return isAlone ? this.retrieveAlone(request, sink, signal) : this.shared.retrieve(request, sink, signal);
  }

  async store(
    instances: Iterable<InstanceToStore> | AsyncIterable<InstanceToStore>,
    signal?: AbortSignal,
  ): Promise<StoreOutcome[]> {
    const list: InstanceToStore[] = [];
    for await (const instance of instances) list.push(instance);
    const pairs = new Map(list.map((i) => [`${i.sopClassUid} ${i.transferSyntaxUid}`, contextOf(i)]));
    const contexts = [...pairs.values()];
    const outcomes: StoreOutcome[] = [];
    for (let start = 0; start < contexts.length; start += maxPresentationContexts) {
      const some = contexts.slice(start, start + maxPresentationContexts);
      const mine = list.filter((i) => some.includes(pairs.get(`${i.sopClassUid} ${i.transferSyntaxUid}`)!));
      const plan = { callingAeTitle: this.node.ourAeTitle, calledAeTitle: this.node.pacsAeTitle, contexts: some };
      outcomes.push(...(await this.node.pool.use(plan, (requester) => storeAll(requester, mine, signal))));
    }
    return outcomes;
  }

  close(): Promise<void> {
    this.node.pool.close();
    return Promise.resolve();
  }

  private async retrieveAlone(
    request: RetrievalRequest,
    sink: InstanceSink,
    signal?: AbortSignal,
  ): Promise<RetrievalOutcome> {
    const channel = this.channel(request.method);
    const mayFallBack = this.options.retrieve === 'auto' && !request.method && channel.method === 'move';
    const first = new Retrieval(request, sink, channel, this.paces[channel.method]);
    try {
      const outcome = await first.run(signal);
      // Some PACS answer an unknown destination by an ordinary failure: nothing at all came of what they hold.
      const nothingCame = outcome.delivered === 0 && outcome.undelivered.some(({ reason }) => reason === 'failed');
      if (!mayFallBack || !nothingCame) return outcome;
    } catch (error) {
      // What the reader has seen of the images is not sent a second time.
      const isRefused = GatewayError.of(error)?.entry === pacsErrors.refused && !first.hasBegun;
      if (!mayFallBack || signal?.aborted || !isRefused) throw error;
    }
    const got = await new Retrieval(request, sink, this.channel('get'), this.paces.get).run(signal);
    if (got.delivered > 0) this.moveRefusal.note();
    return got;
  }

  private channel(asked: 'move' | 'get' | undefined): RetrieveChannel {
    const held: RetrieveChannel['held'] = (study, series, uids) => this.held(study, series, uids);
    const { retrieve, destinations } = this.options;
    const auto = this.moveRefusal.stands ? 'get' : 'move';
    const method = asked ?? (retrieve === 'auto' ? auto : retrieve);
    if (method === 'get' || !destinations) return new GetChannel(this.node, held);
    return new MoveChannel(this.node, destinations, held);
  }

  private async held(study: string, series: string, uids: readonly string[]): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    for (let i = 0; i < uids.length; i += 200) {
      const keys = { SOPInstanceUID: uids.slice(i, i + 200) };
      for (const found of await this.findInstances(study, series, keys)) held.add(textOf(found, 'SOPInstanceUID'));
    }
    return held;
  }

  private find(keys: QueryKeys, { signal, limit = matchesMax }: QueryOptions = {}): Promise<DicomAttributes[]> {
    return this.node.pool.use(queryPlan(this.node), async (requester) => {
      const context = contextFor(requester, studyRoot.find);
      const found: DicomAttributes[] = [];
      const tooMany = new AbortController();
      const final = await requester.request(
        context.id,
        {
          affectedSopClassUid: studyRoot.find,
          commandField: commandField.findRq,
          messageId: requester.nextMessageId(),
          priority: 0,
          dataSetType: 1,
        },
        {
          identifier: encodeIdentifier(keys, context.transferSyntax),
          signal: signal ? AbortSignal.any([signal, tooMany.signal]) : tooMany.signal,
          onPending: (_command, identifier) => {
            if (found.length < limit && identifier) found.push(decodeIdentifier(identifier, context.transferSyntax));
            else if (identifier)
              tooMany.abort(new GatewayError(pacsErrors.tooManyMatches, { detail: `over ${limit}` }));
          },
        },
      );
      refuseFailure('C-FIND', final);
      return found;
    });
  }
}

function contextOf({ sopClassUid, transferSyntaxUid }: InstanceToStore) {
  return { abstractSyntax: sopClassUid, transferSyntax: transferSyntaxUid };
}

function refuseFailure(operation: string, { status = 0 }: CommandSet): void {
  if (statusKind(status) !== 'failure') return;
  throw new GatewayError(pacsErrors.failed, { detail: `${operation} answered ${statusText(status)}` });
}

/** No instance is sent in another syntax than its own: what has no accepted context is told as not sent. */
async function storeAll(
  requester: Requester,
  instances: readonly InstanceToStore[],
  signal: AbortSignal | undefined,
): Promise<StoreOutcome[]> {
  const outcomes: StoreOutcome[] = [];
  for (const instance of instances) {
    signal?.throwIfAborted();
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const context = requester.context(sopClassUid, transferSyntaxUid);
    let status = 0xffff;
    if (context && requester.isOpen) {
      const command = {
        affectedSopClassUid: sopClassUid,
        commandField: commandField.storeRq,
        messageId: requester.nextMessageId(),
        priority: 0,
        dataSetType: 1,
        affectedSopInstanceUid: sopInstanceUid,
      };
      try {
        status = (await requester.request(context.id, command, { pieces: instance.open() })).status ?? 0xffff;
      } catch (error) {
        if (requester.isOpen) throw error;
      }
    }
    outcomes.push({ sopInstanceUid, status, stored: ['success', 'warning'].includes(statusKind(status)) });
  }
  return outcomes;
}
