import { randomBytes } from 'node:crypto';
import { AuditTrail } from '../../audit';
import type { Pacs, PacsDirectory } from '../../connectors/pacs';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { insAuthorityNames, insNatureOf } from '../../standards/identity';
import { digestOf } from '../context';
import { type ExamRetrievals, subjectOf } from '../retrieval';
import { ImportTally, runImport } from './import-run';
import type { Reconciliation } from './reconcile-identity';
import { transferErrors } from './transfer.errors';
import type { TransferRepository } from './transfer.repository';
import type { ImportRequest, TransferObject, TransferState, TransferView } from './transfer.types';

export interface TransfersOptions {
  readonly pacsId?: string;
  readonly parallel: number;
  readonly now?: () => Date;
}

interface Running {
  readonly contextId: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Imports of remote exams into the local PACS: started, followed, stopped, taken up again. */
export class Transfers {
  private readonly logger = new Logger('transfer');
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly options: TransfersOptions,
    private readonly retrievals: Pick<ExamRetrievals, 'openExam'>,
    private readonly directory: PacsDirectory,
    private readonly repository: TransferRepository,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws GatewayError `nothingChosen`, `noArchive`, `tooMany`, `pacs.unknown`, `localIdUnusable` */
  async start(request: ImportRequest): Promise<TransferView> {
    const { exam } = request;
    const objects = chosenObjects(request);
    if (objects.length === 0) throw new GatewayError(transferErrors.nothingChosen);
    const pacs = this.pacsFor(request);
    this.refuseTooMany();
    const id = randomBytes(16).toString('hex');
    await this.repository.add({
      id,
      contextId: exam.contextId,
      loginDigest: digestOf(exam.professional.loginId),
      studyInstanceUid: exam.studyInstanceUid,
      manifestUid: exam.manifest.sopInstanceUid,
      pacsId: pacs.id,
      objects,
    });
    const facts = { pacs: pacs.id };
    await this.audit.record({
      kind: 'transfer.started',
      outcome: 'success',
      ...subjectOf(exam),
      instances: objects.length,
      facts,
    });
    this.run(
      id,
      request,
      pacs,
      objects.map(({ sopInstanceUid }) => sopInstanceUid),
    );
    return this.view(id, exam.contextId);
  }

  /** Goes on with what is not yet in the PACS. @throws GatewayError `unknown` also when the import is still under way */
  async resume(id: string, request: Omit<ImportRequest, 'seriesInstanceUids'>): Promise<TransferView> {
    const { exam } = request;
    const { contextId, studyInstanceUid, manifest } = exam;
    const before = await this.view(id, contextId);
    const pacs = this.pacsFor({ ...request, pacsId: before.pacsId });
    this.refuseTooMany();
    const of = { contextId, studyInstanceUid, manifestUid: manifest.sopInstanceUid };
    if (!(await this.repository.restart(id, of))) throw new GatewayError(transferErrors.unknown);
    const left = (await this.repository.objects(id)).filter(({ result }) => result !== 'stored');
    this.run(
      id,
      request,
      pacs,
      left.map(({ sopInstanceUid }) => sopInstanceUid),
    );
    return this.view(id, contextId);
  }

  /** @throws GatewayError `unknown` */
  async view(id: string, contextId: string): Promise<TransferView> {
    const found = await this.repository.find(id, contextId);
    if (!found) throw new GatewayError(transferErrors.unknown);
    return found;
  }

  list(contextId: string): Promise<TransferView[]> {
    return this.repository.listOf(contextId);
  }

  /** What became of each object. */
  async objects(id: string, contextId: string): Promise<TransferObject[]> {
    await this.view(id, contextId);
    return this.repository.objects(id);
  }

  async cancel(id: string, contextId: string): Promise<void> {
    await this.view(id, contextId);
    const running = this.running.get(id);
    running?.stop.abort(new GatewayError(transferErrors.cancelled));
    await running?.done;
  }

  /** The patient closed. */
  async forgetContext(contextId: string): Promise<void> {
    const mine = [...this.running.values()].filter((each) => each.contextId === contextId);
    for (const { stop } of mine) stop.abort(new GatewayError(transferErrors.cancelled));
    await Promise.all(mine.map(({ done }) => done));
  }

  async closeAll(): Promise<void> {
    for (const { stop } of this.running.values()) stop.abort(new GatewayError(transferErrors.cancelled));
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  private refuseTooMany(): void {
    if (this.running.size >= this.options.parallel) throw new GatewayError(transferErrors.tooMany);
  }

  private pacsFor({ pacsId }: Pick<ImportRequest, 'pacsId'>): Pacs {
    const wanted = pacsId ?? this.options.pacsId;
    const pacs = wanted === undefined ? this.directory.all[0] : this.directory.byId(wanted);
    if (!pacs) throw new GatewayError(transferErrors.noArchive);
    return pacs;
  }

  private run(id: string, request: ImportRequest, pacs: Pacs, sopInstanceUids: readonly string[]): void {
    const stop = new AbortController();
    const done = this.runToEnd(id, request, pacs, sopInstanceUids, stop.signal)
      .catch((error: unknown) =>
        this.logger.error({ cause: describeCause(error) }, 'the end of an import could not be kept'),
      )
      .finally(() => this.running.delete(id));
    this.running.set(id, { contextId: request.exam.contextId, stop, done });
  }

  private async runToEnd(
    id: string,
    request: ImportRequest,
    pacs: Pacs,
    sopInstanceUids: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const startedMs = performance.now();
    const rules = this.rulesFor(request);
    const note = (outcomes: Parameters<TransferRepository['note']>[1]) => this.repository.note(id, outcomes);
    let tally: ImportTally = { stored: 0, failed: 0, bytes: 0 };
    let failure: GatewayError | undefined;
    try {
      const exam = await this.retrievals.openExam({ ...request.exam, quality: 'lossless' });
      try {
        tally = await runImport({ exam, pacs, rules, sopInstanceUids, note }, signal);
      } finally {
        exam.close();
      }
      failure = tally.failure;
    } catch (error) {
      failure = GatewayError.of(error) ?? new GatewayError(transferErrors.notStored, { cause: error });
      this.logger.warn({ transfer: id, cause: describeCause(error) }, 'an import did not run to its end');
    }
    const state = stateOf(signal, tally, failure);
    await this.repository.end(id, state, failure?.code);
    await this.audit.record({
      kind: 'transfer.imported',
      outcome: state === 'done' ? 'success' : 'failure',
      ...subjectOf(request.exam),
      instances: tally.stored,
      bytes: tally.bytes,
      durationMs: Math.round(performance.now() - startedMs),
      errorCode: failure?.code,
      facts: { pacs: pacs.id, failed: tally.failed, state },
    });
  }

  private rulesFor({ exam, localId }: ImportRequest): Reconciliation {
    const { ins } = exam.patient;
    const nature = insNatureOf(ins.oid);
    return {
      localId,
      ins,
      insIssuer: nature && insAuthorityNames[nature],
      modifyingSystem: 'DRIMBOX',
      source: 'DRIM-M',
      at: dicomDateTime(this.options.now?.() ?? new Date()),
    };
  }
}

function stateOf(signal: AbortSignal, tally: ImportTally, failure: GatewayError | undefined): TransferState {
  if (signal.aborted) return 'cancelled';
  if (!failure) return 'done';
  return tally.stored > 0 ? 'incomplete' : 'failed';
}

/** DT with its offset, in UTC (PS3.5 6.2). */
function dicomDateTime(at: Date): string {
  return `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;
}

function chosenObjects({ exam, seriesInstanceUids }: ImportRequest) {
  const study = exam.manifest.studies.find((each) => each.studyInstanceUid === exam.studyInstanceUid);
  const series = study?.series.filter((each) => seriesInstanceUids?.includes(each.seriesInstanceUid) ?? true) ?? [];
  return series.flatMap(({ seriesInstanceUid, instances }) =>
    instances.map(({ sopInstanceUid }) => ({ sopInstanceUid, seriesInstanceUid })),
  );
}
