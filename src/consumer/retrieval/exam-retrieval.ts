import type { PeerPart, PeerRequest } from '../../connectors/peer';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { DicomRefusal } from '../../standards/dicom';
import type { Manifest, ManifestSeries, ManifestStudy } from '../../standards/manifest';
import { ArrivalBook } from './arrivals';
import type { KeptExam, RetrievalCache } from './cache/retrieval-cache';
import type { InstanceMemory } from './cache/instance-memory';
import { headOf, identityOf, objectMismatch } from './check/check-instance';
import { IdentityStrictness, patientMismatch, PatientToMatch } from './check/check-patient';
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
  readonly seriesParallel: number;
  readonly rules: FetchRules;
  readonly fetch: (wanted: PeerRequest, signal: AbortSignal) => AsyncIterable<PeerPart>;
  /** Token of somebody who has this exam open. */
  readonly accessToken: (lifeMs?: number) => Promise<string>;
  readonly onSeries: (report: SeriesReport) => void;
  readonly onRefused: (error: GatewayError, seriesInstanceUid: string) => void;
}

interface Listed {
  readonly series: ManifestSeries;
  readonly sopClassUid: string;
}

/** Objects beyond those of the manifest that an answer may hold before it is given up. */
const strangersMax = 64;
const headsBytesMax = 64 * 1024 * 1024;
const writesMax = 6;

/** One study on its way from the gateway that published it, for everybody who has it open here. */
export class ExamRetrieval {
  readonly book: ArrivalBook;
  private readonly logger = new Logger('retrieval');
  private readonly listed = new Map<string, Listed>();
  private readonly heads = new Map<string, RetrievedHead>();
  private headsBytes = 0;
  private readonly queue: string[];
  private readonly running = new Set<string>();
  private readonly writes = new Set<Promise<void>>();
  private readonly again = new Map<string, Promise<RetrievedInstance>>();
  private readonly stop = new AbortController();
  private isCacheFull = false;
  private strangers = 0;
  /** Counts what was asked of us, so that the end of an older attempt does not tell its trouble after a newer one began. */
  private asked = 0;

  constructor(private readonly options: ExamRetrievalOptions) {
    const { study, kept } = options;
    this.book = new ArrivalBook(study);
    for (const series of study.series) {
      for (const { sopInstanceUid, sopClassUid } of series.instances) {
        this.listed.set(sopInstanceUid, { series, sopClassUid });
        if (kept.folder.has(sopInstanceUid)) this.book.arrived(sopInstanceUid, 0);
      }
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
    const held = this.options.memory.get(this, uid);
    if (held) return held;
    const kept = await this.options.kept.folder.instance(uid);
    if (!kept) return this.fetchAgain(uid);
    this.options.memory.put(this, uid, kept);
    return kept;
  }

  async head(uid: string, signal: AbortSignal): Promise<RetrievedHead> {
    await this.arrival(uid, signal);
    const held = this.heads.get(uid);
    if (held) return held;
    const head = await this.options.kept.folder.head(uid);
    if (head) return this.holdHead(uid, head);
    const { dataset, transferSyntaxUid } = await this.fetchAgain(uid);
    return this.holdHead(uid, headOf(dataset, transferSyntaxUid));
  }

  /** Asks again for what was given up, but for what was refused. */
  retry(): void {
    this.asked += 1;
    this.book.trouble(undefined);
    const series = this.book.rearm(({ entry }) => isRefusal(entry));
    // Also one whose last request is just ending: it is taken up again after that.
    for (const uid of series) if (!this.queue.includes(uid)) this.queue.push(uid);
    this.startLanes(0);
  }

  close(): void {
    const ended = new GatewayError(retrievalErrors.notOpen);
    this.stop.abort(ended);
    this.book.failAll(ended);
    this.options.memory.forgetAll(this);
    this.heads.clear();
  }

  private async arrival(uid: string, signal: AbortSignal): Promise<void> {
    const found = this.listed.get(uid);
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
      void this.fetchOne(next).finally(() => {
        this.running.delete(next);
        this.startLanes(0);
      });
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
      if (this.stop.signal.aborted) return;
      failure = GatewayError.of(error) ?? new GatewayError(retrievalErrors.missing, { cause: error });
      for (const uid of this.missingOf(series)) this.book.failed(uid, failure);
    } finally {
      await Promise.allSettled(this.writes);
    }
    if (failure) this.tellFailure(failure, seriesInstanceUid, asked === this.asked);
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
    const { manifest, study, quality, accessToken } = this.options;
    const { retrieveUrl = '', seriesInstanceUid } = series;
    return {
      retrieveUrl,
      studyInstanceUid: study.studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid,
      kosSopInstanceUid: manifest.sopInstanceUid,
      need: quality,
      accessToken,
      partsMax: (sopInstanceUid === undefined ? series.instances.length : 1) + strangersMax,
    };
  }

  /** @returns the size of an object that was awaited and is what it should be; undefined for any other */
  private async take(part: PeerPart, series: ManifestSeries): Promise<number | undefined> {
    if (part.kind === 'unreadable') {
      this.book.trouble(retrievalErrors.unreadable.screen);
      return undefined;
    }
    const checked = this.check(part, series);
    if (!checked) return undefined;
    const { uid, instance, head } = checked;
    await this.keep(uid, instance, head);
    this.book.arrived(uid, instance.dataset.length);
    return instance.dataset.length;
  }

  /** Everything that an object must satisfy before anybody may see it. */
  private check(part: Extract<PeerPart, { kind: 'instance' }>, series: ManifestSeries) {
    const { transferSyntaxUid, dataset } = part;
    const { study, patient, strictness } = this.options;
    let uid: string | undefined;
    try {
      const head = headOf(dataset, transferSyntaxUid);
      const found = identityOf(head);
      uid = found.sopInstanceUid;
      const listed = this.listed.get(uid);
      if (!listed) return this.stranger(series);
      if (!this.book.isAwaited(uid)) return undefined;
      const { studyInstanceUid } = study;
      const announced = { ...listed, studyInstanceUid, seriesInstanceUid: listed.series.seriesInstanceUid };
      const object = objectMismatch(found, { ...announced, sopInstanceUid: uid });
      if (object) return this.refuse(uid, new GatewayError(retrievalErrors.foreignObject, { detail: object }), series);
      const identity = patientMismatch(head, patient, strictness);
      if (identity)
        return this.refuse(uid, new GatewayError(retrievalErrors.foreignPatient, { detail: identity }), series);
      return { uid, head, instance: { sopClassUid: found.sopClassUid, transferSyntaxUid, dataset } };
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      uid ??= part.sopInstanceUid;
      const unreadable = new GatewayError(retrievalErrors.unreadable, { cause: error, detail: error.reason });
      if (uid !== undefined && this.listed.has(uid)) return this.refuse(uid, unreadable, series);
      this.book.trouble(retrievalErrors.unreadable.screen);
      return undefined;
    }
  }

  private stranger(series: ManifestSeries): undefined {
    this.strangers += 1;
    const error = new GatewayError(retrievalErrors.unlistedObject, { detail: `${this.strangers} so far` });
    if (this.strangers === 1) this.options.onRefused(error, series.seriesInstanceUid);
    this.book.trouble(error.entry.screen);
    if (this.strangers > strangersMax) throw error;
    return undefined;
  }

  private refuse(uid: string, error: GatewayError, series: ManifestSeries): undefined {
    const { studyInstanceUid } = this.options.study;
    this.logger.error(
      { studyInstanceUid, sopInstanceUid: uid, code: error.code, reason: error.detail },
      'object refused',
    );
    this.options.onRefused(error, series.seriesInstanceUid);
    this.book.trouble(error.entry.screen);
    this.book.failed(uid, error);
    return undefined;
  }

  /** In memory at once; on disk beside what arrives meanwhile, a few at a time. */
  private async keep(uid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    this.holdHead(uid, head);
    const isHeld = this.options.memory.put(this, uid, instance);
    if (this.isCacheFull) return;
    const write = this.write(uid, instance, head).finally(() => this.writes.delete(write));
    this.writes.add(write);
    if (!isHeld) await write;
    else if (this.writes.size >= writesMax) await Promise.race(this.writes);
  }

  private async write(uid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    try {
      await this.options.cache.put(this.options.kept, uid, instance, head);
    } catch (error) {
      if (this.isCacheFull || this.stop.signal.aborted) return;
      this.isCacheFull = true;
      this.logger.error({ cause: describeCause(error) }, 'images can no longer be kept on disk');
      this.book.trouble(retrievalErrors.cacheFull.screen);
    }
  }

  private holdHead(uid: string, head: RetrievedHead): RetrievedHead {
    const known = this.heads.get(uid);
    if (known) return known;
    if (this.headsBytes + head.head.length > headsBytesMax) return head;
    this.heads.set(uid, head);
    this.headsBytes += head.head.length;
    return head;
  }

  /** An object that passed by and could not be kept is fetched once more, for all who ask for it meanwhile. */
  private fetchAgain(uid: string): Promise<RetrievedInstance> {
    const under = this.again.get(uid);
    if (under) return under;
    const fetching = this.single(uid).finally(() => this.again.delete(uid));
    this.again.set(uid, fetching);
    return fetching;
  }

  private async single(uid: string): Promise<RetrievedInstance> {
    const { series, sopClassUid } = this.listed.get(uid) as Listed;
    const { study, patient, strictness } = this.options;
    for await (const part of this.options.fetch(this.requestFor(series, uid), this.stop.signal)) {
      if (part.kind !== 'instance') continue;
      const head = headOf(part.dataset, part.transferSyntaxUid);
      const { studyInstanceUid } = study;
      const { seriesInstanceUid } = series;
      const announced = { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid: uid };
      if (objectMismatch(identityOf(head), announced)) continue;
      if (patientMismatch(head, patient, strictness)) throw new GatewayError(retrievalErrors.foreignPatient);
      const { transferSyntaxUid, dataset } = part;
      const instance = { sopClassUid, transferSyntaxUid, dataset };
      this.options.memory.put(this, uid, instance);
      return instance;
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
