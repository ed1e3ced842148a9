import type { Asker, PeerPart, PeerRequest } from '../../connectors/peer';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import type { ByteBudget } from '../../platform/memory';
import { isLossyImage } from '../../standards/dicom';
import type { Manifest, ManifestSeries, ManifestStudy } from '../../standards/manifest';
import { ArrivalBook } from './arrivals';
import type { KeptExam, RetrievalCache } from './cache/retrieval-cache';
import type { InstanceMemory } from './cache/instance-memory';
import type { IdentityStrictness, NameDoubt, PatientToMatch } from './check/check-patient';
import { type AcceptedObject, ObjectInspector, strangersMax } from './check/object-inspector';
import { ExamKeeper } from './exam-keeper';
import { retrievalErrors } from './retrieval.errors';
import type { ImageQuality, RetrievedHead, RetrievedInstance } from './retrieval.types';
import { fetchSeries, FetchRules, SeriesToFetch } from './series-fetch';

/** A series as it was fetched, for the trail. */
export interface SeriesReport {
  readonly seriesInstanceUid: string;
  readonly host: string;
  readonly instances: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly failure?: GatewayError;
  /** One image that had arrived before and could not be kept. */
  readonly again?: boolean;
}

export interface ExamRetrievalOptions {
  readonly manifest: Manifest;
  readonly study: ManifestStudy;
  readonly patient: PatientToMatch;
  readonly strictness: IdentityStrictness;
  readonly quality: ImageQuality;
  readonly kept: KeptExam;
  readonly cache: Pick<RetrievalCache, 'put'>;
  readonly memory: InstanceMemory;
  /** Bytes being written, over all exams. */
  readonly writing?: ByteBudget;
  readonly seriesParallel: number;
  readonly rules: FetchRules;
  readonly fetch: (wanted: PeerRequest, signal: AbortSignal) => AsyncIterable<PeerPart>;
  /** Somebody who has this exam open. */
  readonly asker: (lifeMs?: number) => Promise<Asker>;
  readonly onSeries: (report: SeriesReport) => void;
  readonly onRefused: (error: GatewayError, seriesInstanceUid: string) => void;
  readonly onNameDoubt: (doubt: NameDoubt, seriesInstanceUid: string) => void;
}

/** Said for as long as the exam is open: the images are shown. */
const nameDoubtScreens: Readonly<Record<NameDoubt, string>> = {
  'given-differs': "Des images portent un prénom qui n'est pas celui du patient : vérifiez leur identité.",
  'family-differs': "Des images portent un nom qui n'est pas celui du patient : vérifiez leur identité.",
};

/** One study on its way from the gateway that published it, for everybody who has it open here. */
export class ExamRetrieval {
  readonly book: ArrivalBook;
  private readonly logger = new Logger('retrieval');
  private readonly inspector: ObjectInspector;
  private readonly keeper: ExamKeeper;
  private readonly queue: string[];
  private readonly running = new Set<string>();
  /** On disk since an earlier opening, and not looked at again yet. */
  private readonly keptBefore = new Set<string>();
  private readonly again = new Map<string, Promise<AcceptedObject>>();
  private readonly stop = new AbortController();
  private readonly fetching = new Set<Promise<void>>();
  /** Counts what was asked of us, so that the end of an older attempt does not tell its trouble after a newer one began. */
  private asked = 0;

  constructor(private readonly options: ExamRetrievalOptions) {
    const { study, kept, patient, strictness, cache, memory, onRefused } = options;
    this.book = new ArrivalBook(study);
    const isAwaited = (uid: string) => this.book.isAwaited(uid);
    const onNameDoubt = (doubt: NameDoubt, seriesInstanceUid: string) => {
      this.book.warn(nameDoubtScreens[doubt]);
      options.onNameDoubt(doubt, seriesInstanceUid);
    };
    this.inspector = new ObjectInspector({ study, patient, strictness, isAwaited, onRefused, onNameDoubt });
    if (options.quality === 'lossy') this.book.markLossy();
    const onFull = () => this.book.trouble(retrievalErrors.cacheFull.screen);
    this.keeper = new ExamKeeper({ kept, cache, memory, writing: options.writing, onFull });
    for (const { instances } of study.series)
      for (const { sopInstanceUid } of instances)
        if (kept.folder.has(sopInstanceUid)) {
          this.book.arrived(sopInstanceUid, 0);
          this.keptBefore.add(sopInstanceUid);
        }
    this.queue = study.series.map(({ seriesInstanceUid }) => seriesInstanceUid);
  }

  /** This series goes first, if need be beside those under way; the others follow. */
  prefer(seriesInstanceUid: string): void {
    const at = this.queue.indexOf(seriesInstanceUid);
    if (at > 0) this.queue.unshift(...this.queue.splice(at, 1));
    this.startLanes(at >= 0 ? 1 : 0);
  }

  async instance(uid: string, signal: AbortSignal): Promise<RetrievedInstance> {
    await this.arrival(uid, signal);
    return (await this.keeper.instance(uid)) ?? (await this.fetchAgain(uid)).instance;
  }

  async head(uid: string, signal: AbortSignal): Promise<RetrievedHead> {
    await this.arrival(uid, signal);
    const head = (await this.keeper.head(uid)) ?? (await this.fetchAgain(uid)).head;
    if (this.keptBefore.delete(uid)) this.inspector.lookAgain(head, uid);
    // Of what an earlier opening left on disk, the head is the first that is read.
    this.tellLoss(head, head.transferSyntaxUid);
    return head;
  }

  /**
   * Asks again for what was given up. What was refused is asked for only when somebody insists: its source may have put it right,
   * and it is checked like any other.
   */
  retry({ alsoRefused }: { alsoRefused: boolean }): void {
    this.asked += 1;
    this.book.trouble(undefined);
    const series = this.book.rearm(({ entry }) => !alsoRefused && isRefusal(entry));
    if (series.length > 0) this.keeper.tryAgain();
    const full = this.keeper.isFull ? retrievalErrors.cacheFull.screen : undefined;
    this.book.trouble(this.book.givenUp()?.entry.screen ?? full);
    // Also one whose last request is just ending: it is taken up again after that.
    for (const uid of series) if (!this.queue.includes(uid)) this.queue.push(uid);
    this.startLanes(0);
  }

  close(): void {
    const ended = new GatewayError(retrievalErrors.notOpen);
    this.stop.abort(ended);
    this.book.failAll(ended);
    this.keeper.close();
  }

  /** Resolves when nothing is fetched any more, and the last series is told. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.fetching, ...this.again.values()]);
  }

  private async arrival(uid: string, signal: AbortSignal): Promise<void> {
    const found = this.inspector.find(uid);
    if (!found) throw new GatewayError(retrievalErrors.notListed);
    if (this.stop.signal.aborted) throw new GatewayError(retrievalErrors.notOpen);
    if (!this.book.hasArrived(uid)) this.prefer(found.series.seriesInstanceUid);
    await this.book.wait(uid, signal);
  }

  private startLanes(more: number): void {
    if (this.stop.signal.aborted) return;
    while (this.running.size < this.options.seriesParallel + more) {
      const at = this.queue.findIndex((uid) => !this.running.has(uid));
      const [next] = at < 0 ? [] : this.queue.splice(at, 1);
      if (next === undefined) return;
      this.running.add(next);
      const fetching = this.fetchOne(next).finally(() => {
        this.fetching.delete(fetching);
        this.running.delete(next);
        this.startLanes(0);
      });
      this.fetching.add(fetching);
      more = 0;
    }
  }

  private async fetchOne(seriesInstanceUid: string): Promise<void> {
    const series = this.options.study.series.find((each) => each.seriesInstanceUid === seriesInstanceUid);
    if (!series || this.missingOf(series).length === 0) return;
    const startedMs = performance.now();
    const tally = { instances: 0, bytes: 0 };
    const { asked } = this;
    let failure: GatewayError | undefined;
    try {
      failure = await fetchSeries(this.toFetch(series, tally), this.options.rules, this.stop.signal);
    } catch (error) {
      failure = GatewayError.of(error) ?? new GatewayError(retrievalErrors.missing, { cause: error });
      for (const uid of this.missingOf(series)) this.book.failed(uid, failure);
    } finally {
      await this.keeper.settled();
    }
    // Closed meanwhile: what had arrived by then may have been seen.
    const isCut = series.instances.some(({ sopInstanceUid }) => !this.book.hasArrived(sopInstanceUid));
    if (this.stop.signal.aborted) failure = isCut ? new GatewayError(retrievalErrors.notOpen) : undefined;
    else if (failure) this.tellFailure(failure, seriesInstanceUid, asked === this.asked);
    const durationMs = Math.round(performance.now() - startedMs);
    this.options.onSeries({ seriesInstanceUid, host: hostOf(series), ...tally, durationMs, failure });
  }

  private tellFailure(failure: GatewayError, seriesInstanceUid: string, isLatest: boolean): void {
    const { study } = this.options;
    const facts = { studyInstanceUid: study.studyInstanceUid, seriesInstanceUid, cause: describeCause(failure) };
    this.logger.warn(facts, 'images of another hospital are missing');
    if (isLatest) this.book.trouble(failure.entry.screen ?? retrievalErrors.missing.screen);
  }

  private missingOf({ instances }: ManifestSeries): string[] {
    return instances.map(({ sopInstanceUid }) => sopInstanceUid).filter((uid) => this.book.isAwaited(uid));
  }

  private toFetch(series: ManifestSeries, tally: { instances: number; bytes: number }): SeriesToFetch {
    return {
      missing: () => this.missingOf(series),
      ask: (uid, signal) => this.options.fetch(this.requestFor(series, uid), signal),
      take: async (part) => {
        const bytes = await this.take(part, series);
        if (bytes !== undefined) tally.instances += 1;
        tally.bytes += bytes ?? 0;
        return bytes !== undefined;
      },
      giveUp: (uid, error) => this.book.failed(uid, error),
    };
  }

  private requestFor(series: ManifestSeries, sopInstanceUid: string | undefined): PeerRequest {
    const { manifest, study, quality, asker } = this.options;
    const { retrieveUrl = '', seriesInstanceUid } = series;
    return {
      retrieveUrl,
      studyInstanceUid: study.studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid,
      kosSopInstanceUid: manifest.sopInstanceUid,
      need: quality,
      asker,
      partsMax: (sopInstanceUid === undefined ? series.instances.length : 1) + strangersMax,
    };
  }

  /** @returns the size of an object that was awaited and is what it should be; undefined for any other */
  private async take(part: PeerPart, series: ManifestSeries): Promise<number | undefined> {
    const inspected = this.inspector.inspect(part, series);
    if (inspected.kind === 'accepted') {
      this.tellLoss(inspected.head, inspected.instance.transferSyntaxUid);
      await this.keeper.keep(inspected);
      this.book.arrived(inspected.uid, inspected.instance.dataset.length);
      return inspected.instance.dataset.length;
    }
    const { error } = inspected;
    if (error) this.book.trouble(error.entry.screen);
    if (inspected.kind === 'refused') this.giveUp(inspected.uid, inspected.error);
    return undefined;
  }

  private tellLoss({ head, transferSyntaxUid: headSyntaxUid }: RetrievedHead, transferSyntaxUid: string): void {
    if (!this.book.isLossy && isLossyImage({ transferSyntaxUid, head, headSyntaxUid })) this.book.markLossy();
  }

  private giveUp(sopInstanceUid: string, error: GatewayError): void {
    const { studyInstanceUid } = this.options.study;
    const { code, detail: reason } = error;
    this.logger.error({ studyInstanceUid, sopInstanceUid, code, reason }, 'object refused');
    this.book.failed(sopInstanceUid, error);
  }

  /** An object that passed by and could not be kept is fetched once more, for all who ask for it meanwhile. */
  private fetchAgain(uid: string): Promise<AcceptedObject> {
    const under = this.again.get(uid);
    if (under) return under;
    const fetching = this.single(uid).finally(() => this.again.delete(uid));
    this.again.set(uid, fetching);
    return fetching;
  }

  private async single(uid: string): Promise<AcceptedObject> {
    const listed = this.inspector.find(uid);
    if (!listed) throw new GatewayError(retrievalErrors.notListed);
    const { series } = listed;
    const startedMs = performance.now();
    const tell = (told: Pick<SeriesReport, 'instances' | 'bytes' | 'failure'>): void => {
      const { seriesInstanceUid } = series;
      const durationMs = Math.round(performance.now() - startedMs);
      this.options.onSeries({ seriesInstanceUid, host: hostOf(series), durationMs, again: true, ...told });
    };
    try {
      const accepted = await this.askFor(uid, series);
      this.keeper.hold(accepted);
      tell({ instances: 1, bytes: accepted.instance.dataset.length });
      return accepted;
    } catch (error) {
      tell({ instances: 0, bytes: 0, failure: GatewayError.of(error) ?? new GatewayError(retrievalErrors.missing) });
      throw error;
    }
  }

  private async askFor(uid: string, series: ManifestSeries): Promise<AcceptedObject> {
    for await (const part of this.options.fetch(this.requestFor(series, uid), this.stop.signal)) {
      const accepted = this.inspector.accept(part, uid);
      if (accepted) return accepted;
    }
    throw new GatewayError(retrievalErrors.missing);
  }
}

function isRefusal(entry: unknown): boolean {
  return entry === retrievalErrors.foreignPatient || entry === retrievalErrors.foreignObject;
}

function hostOf({ retrieveUrl }: ManifestSeries): string {
  return retrieveUrl && URL.canParse(retrieveUrl) ? new URL(retrieveUrl).hostname : 'none';
}
