import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Pacs, PacsDirectory } from '../../connectors/pacs';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { digestOf } from '../context';
import type { ExamRetrievals } from '../retrieval';
import { ConvertingStore, type LosslessConverter } from './converting-store';
import { chosenObjects, endState, reconciliationFor } from './import-request';
import { ImportTally, runImport } from './import-run';
import type { ImportTrail } from './import-trail';
import { canBeWritten } from './reconcile-identity';
import type { TransferEnds } from './transfer-ends.repository';
import { transferErrors } from './transfer.errors';
import type { TransferRepository } from './transfer.repository';
import type { ImportRequest, ObjectFate, TransferObject, TransferView } from './transfer.types';
import { Turns } from './turns';

/** Imports that wait for their turn, of all patients together. */
const waitingMax = 100;

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

interface Work {
  readonly id: string;
  readonly request: ImportRequest;
  readonly pacs: Pacs;
  readonly sopInstanceUids: readonly string[];
}

/** Imports of remote exams into the local PACS: started, followed, stopped, taken up again. */
export class Transfers {
  private readonly logger = new Logger('transfer');
  private readonly running = new Map<string, Running>();
  /** Begun here and not told as ended: nobody else's, also when it does not run (yet, or any more). */
  private readonly held = new Set<string>();
  /** Ends that could not be written: tried again at each sweep. */
  private readonly unwritten = new Map<string, () => Promise<void>>();
  private readonly turns: Turns;

  constructor(
    private readonly options: TransfersOptions,
    private readonly retrievals: Pick<ExamRetrievals, 'openExam'>,
    private readonly directory: PacsDirectory,
    private readonly repository: TransferRepository,
    private readonly ends: TransferEnds,
    private readonly trail: ImportTrail,
    private readonly converter: LosslessConverter,
  ) {
    this.turns = new Turns(options.parallel);
  }

  /** Archives that may receive images, the usual one first. */
  get destinations(): string[] {
    const ids = this.directory.all.map(({ id }) => id);
    const { pacsId } = this.options;
    return pacsId !== undefined && ids.includes(pacsId) ? [pacsId, ...ids.filter((id) => id !== pacsId)] : ids;
  }

  /** Whether an image can hold this local number. */
  canBeWritten(localId: ImportRequest['localId']): boolean {
    return canBeWritten(localId);
  }

  /**
   * Begins an import, or lets it wait for its turn.
   * @throws GatewayError `nothingChosen`, `noArchive`, `tooMany`, `pacs.unknown`, `localIdUnusable`
   */
  async start(request: ImportRequest): Promise<TransferView> {
    const { exam, examId } = request;
    const objects = chosenObjects(request);
    if (objects.length === 0) throw new GatewayError(transferErrors.nothingChosen);
    if (!canBeWritten(request.localId)) throw new GatewayError(transferErrors.localIdUnusable);
    const pacs = this.pacsFor(request);
    this.refuseTooMany();
    const id = randomBytes(16).toString('hex');
    const transfer = {
      id,
      contextId: exam.contextId,
      examId,
      loginDigest: digestOf(exam.professional.loginId),
      studyInstanceUid: exam.studyInstanceUid,
      manifestUid: exam.manifest.sopInstanceUid,
      pacsId: pacs.id,
      subject: this.trail.subject(id, request),
      objects,
    };
    await this.hold(id, async (manager) => {
      await this.repository.add(transfer, manager);
      await this.trail.started(request, { instances: objects.length, facts: { pacs: pacs.id } }, manager);
    });
    this.run({ id, request, pacs, sopInstanceUids: objects.map(({ sopInstanceUid }) => sopInstanceUid) });
    return this.view(id, exam.contextId);
  }

  /** Goes on with what is not yet in the PACS. @throws GatewayError `unknown` also when the import is still under way */
  async resume(id: string, request: Omit<ImportRequest, 'seriesInstanceUids'>): Promise<TransferView> {
    const { exam } = request;
    const { contextId, studyInstanceUid, manifest } = exam;
    const before = await this.view(id, contextId);
    const pacs = this.pacsFor({ ...request, pacsId: before.pacsId });
    this.refuseTooMany();
    // A stopped import may still be ending here, or have its end to be written.
    await this.running.get(id)?.done;
    await this.unwritten.get(id)?.();
    const subject = this.trail.subject(id, request);
    const of = { contextId, studyInstanceUid, manifestUid: manifest.sopInstanceUid, subject };
    let left: string[] = [];
    await this.hold(id, async (manager) => {
      await this.ends.tellStopped(id, manager);
      if (!(await this.repository.restart(id, of, manager))) throw new GatewayError(transferErrors.unknown);
      const objects = await this.repository.objects(id, manager);
      left = objects.filter(({ result }) => result !== 'stored').map(({ sopInstanceUid }) => sopInstanceUid);
      const facts = { pacs: pacs.id, resumed: true };
      await this.trail.started(request, { instances: left.length, facts }, manager);
    });
    this.run({ id, request, pacs, sopInstanceUids: left });
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

  /** Failures of these imports, those of one reason together. */
  failures(views: readonly Pick<TransferView, 'id'>[]): Promise<Map<string, ObjectFate[]>> {
    return this.repository.fates(views.map(({ id }) => id));
  }

  /** Also when another process runs it: that one looks every few seconds. */
  async cancel(id: string, contextId: string): Promise<void> {
    await this.view(id, contextId);
    const running = this.running.get(id);
    if (!running) return this.repository.askToStop(id);
    running.stop.abort(new GatewayError(transferErrors.cancelled));
    await running.done;
  }

  /** Marks what a dead process left as interrupted, and tells it. @returns how many */
  interruptAbandoned(): Promise<number> {
    return this.ends.interruptAbandoned([...this.held]);
  }

  /** Writes ends that could not be written, stops what was cancelled from another process, marks what a dead one left. */
  async sweep(): Promise<void> {
    for (const end of [...this.unwritten.values()]) await end();
    await this.interruptAbandoned();
    if (this.running.size === 0) return;
    for (const id of await this.repository.stopped([...this.running.keys()]))
      this.running.get(id)?.stop.abort(new GatewayError(transferErrors.cancelled));
  }

  /** The patient closed. */
  async forgetContext(contextId: string): Promise<void> {
    const mine = [...this.running.values()].filter((each) => each.contextId === contextId);
    for (const { stop } of mine) stop.abort(new GatewayError(transferErrors.cancelled));
    await Promise.all(mine.map(({ done }) => done));
  }

  /** The process ends: what is under way can be taken up again. */
  async closeAll(): Promise<void> {
    for (const { stop } of this.running.values()) stop.abort(new GatewayError(transferErrors.interrupted));
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  private refuseTooMany(): void {
    if (this.running.size >= this.options.parallel + waitingMax) throw new GatewayError(transferErrors.tooMany);
  }

  private pacsFor({ pacsId }: Pick<ImportRequest, 'pacsId'>): Pacs {
    const wanted = pacsId ?? this.options.pacsId;
    const pacs = wanted === undefined ? this.directory.all[0] : this.directory.byId(wanted);
    if (!pacs) throw new GatewayError(transferErrors.noArchive);
    return pacs;
  }

  /** Begins an import, or begins it again: nobody takes it for left between the change and the run. */
  private async hold(id: string, begin: (manager: EntityManager) => Promise<void>): Promise<void> {
    const isNew = !this.held.has(id);
    this.held.add(id);
    try {
      await this.repository.transaction(begin);
    } catch (error) {
      if (isNew) this.held.delete(id);
      throw error;
    }
  }

  private run(work: Work): void {
    const stop = new AbortController();
    const done = this.inTurn(work, stop.signal)
      .catch((error: unknown) =>
        this.logger.error(
          { cause: describeCause(error) },
          'the end of an import could not be kept; tried again shortly',
        ),
      )
      .finally(() => this.running.delete(work.id));
    this.running.set(work.id, { contextId: work.request.exam.contextId, stop, done });
  }

  private async inTurn(work: Work, signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    const tally = new ImportTally();
    let failure: GatewayError | undefined;
    try {
      const end = await this.turns.take(signal);
      try {
        if (await this.repository.begin(work.id)) await this.send(work, tally, signal);
        else failure = new GatewayError(transferErrors.cancelled);
      } finally {
        end();
      }
      failure ??= tally.failure;
    } catch (error) {
      failure = GatewayError.of(error) ?? new GatewayError(transferErrors.notStored, { cause: error });
      this.logger.warn({ transfer: work.id, cause: describeCause(error) }, 'an import did not run to its end');
    }
    const durationMs = Math.round(performance.now() - startedMs);
    const end = async (): Promise<void> => {
      const all = (await this.repository.find(work.id, work.request.exam.contextId)) ?? tally;
      const state = endState(signal, all.stored, failure);
      const { id, request, pacs } = work;
      await this.ends.end({ id, exam: request.exam, pacsId: pacs.id }, { state, tally, failure, durationMs });
      this.unwritten.delete(id);
      this.held.delete(id);
    };
    this.unwritten.set(work.id, end);
    await end();
  }

  private async send(
    { id, request, pacs, sopInstanceUids }: Work,
    tally: ImportTally,
    signal: AbortSignal,
  ): Promise<void> {
    const exam = await this.retrievals.openExam({ ...request.exam, quality: 'lossless' });
    const store = new ConvertingStore(pacs, this.converter);
    const note = (outcomes: Parameters<TransferRepository['note']>[1]) => this.repository.note(id, outcomes);
    try {
      const rules = reconciliationFor(request, this.options.now?.() ?? new Date());
      await runImport({ exam, store, rules, sopInstanceUids, note, tally }, signal);
    } finally {
      exam.close();
    }
  }
}
