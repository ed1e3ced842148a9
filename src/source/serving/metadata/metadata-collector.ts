import { Inject, Injectable, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Pacs, PACS_DIRECTORY, PacsDirectory } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { describeCause, GatewayError } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { counter } from '../../../platform/metrics';
import { ManifestArchive, ServableManifest, ServedManifest } from '../../archive';
import { RequestsUnderWay } from '../delivery/requests-under-way';
import { servingConfig } from '../serving.config';
import { servingErrors } from '../serving.errors';
import { MetadataKeeper } from './metadata-keeper';
import { metadataConfig } from './metadata.config';
import { insOf, readTexts, TextContext } from './metadata-texts';

/** Times of the collector, ms; shorter ones in tests. */
export interface CollectorTimes {
  /** No request under way for this long: a quiet moment. */
  readonly quietMs: number;
  /** From a change of manifests to looking at them: several changes are looked at together. */
  readonly soonMs: number;
  /** Looks without any change told: what another process changed, what had to wait. */
  readonly everyMs: number;
  /** Until a study that failed is tried again, doubled each time. */
  readonly retryMs: number;
}

const usualTimes: CollectorTimes = { quietMs: 1_000, soonMs: 1_000, everyMs: 60_000, retryMs: 10 * 60_000 };
const watchMs = 100;
const triesMax = 4;
/** Newest manifests looked at. */
const manifestsMax = 5_000;
/** Text of one series beyond which it is not collected. */
const charactersMax = 64 * 1024 * 1024;

const collected = counter('metadata_collected_series_total', 'Series whose metadata were read ahead', ['outcome']);

/** Another request came, or the gateway stops: what was read so far stays. */
class Interrupted extends Error {}

/**
 * Reads the metadata of newly current manifests ahead of the first request: one series at a time, newest manifest first, only while
 * no request is under way, giving way to the first one that comes. What is on disk tells what is left to do, so that a
 * restart goes on where it stopped. It also removes what is kept of manifests that are served no more.
 */
@Injectable()
export class MetadataCollector implements OnApplicationBootstrap, OnApplicationShutdown {
  times = usualTimes;
  private readonly logger = new Logger('metadata');
  private readonly stopping = new AbortController();
  private readonly failed = new Map<string, { tries: number; againAtMs: number }>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isLookWanted = false;
  private lastBusyMs = 0;

  constructor(
    @Inject(metadataConfig.token) private readonly config: ConfigOf<typeof metadataConfig>,
    @Inject(servingConfig.token) private readonly serving: Pick<ConfigOf<typeof servingConfig>, 'enabled' | 'basePath'>,
    @Inject(PACS_DIRECTORY) private readonly pacs: PacsDirectory,
    private readonly archive: ManifestArchive,
    private readonly keeper: MetadataKeeper,
    private readonly requests: RequestsUnderWay,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.serving.enabled || !this.config.isKept) return;
    this.archive.onChange(() => this.lookIn(this.times.soonMs));
    this.lookIn(this.times.soonMs);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Interrupted('the gateway stops'));
    clearTimeout(this.timer);
    await this.looking;
  }

  /** One round: removes what is served no more, then collects what is lacking. Calls at the same time share one. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce()
      .catch((error: unknown) => {
        if (!this.isStopping)
          this.logger.warn({ cause: describeCause(error) }, 'metadata could not be looked after this time');
      })
      .finally(() => {
        this.looking = undefined;
        this.lookIn(this.isLookWanted ? this.times.soonMs : this.times.everyMs);
        this.isLookWanted = false;
      });
    return this.looking;
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private lookIn(ms: number): void {
    if (this.isStopping) return;
    // A change told during a round is looked at by the next one, soon.
    if (this.looking) this.isLookWanted = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), ms).unref();
  }

  private async lookOnce(): Promise<void> {
    await this.keeper.store.scan();
    await this.removeUnserved();
    await this.keeper.store.sweep();
    this.keeper.tell();
    if (!this.config.isCollected) return;
    const since = new Date(Date.now() - this.config.ageHoursMax * 3_600_000);
    for (const served of await this.archive.servedSince(since, manifestsMax)) {
      if (this.isStopping || !this.keeper.isWriting || this.keeper.store.isNearlyFull) return;
      if (this.isDue(served.kosSopInstanceUid)) await this.collect(served);
      // What was withdrawn meanwhile goes now, not after a long round.
      if (this.isLookWanted) return;
    }
  }

  private async removeUnserved(): Promise<void> {
    const kept = this.keeper.store.kosSopInstanceUids;
    const served = await this.archive.servedAmong(kept);
    for (const kos of kept) if (!served.has(kos)) await this.keeper.forget(kos);
  }

  private isDue(kos: string): boolean {
    const failure = this.failed.get(kos);
    return !failure || (failure.tries < triesMax && Date.now() >= failure.againAtMs);
  }

  private async collect({ kosSopInstanceUid, studyInstanceUid }: ServedManifest): Promise<void> {
    const answer = await this.archive.admit({ kosSopInstanceUid, studyInstanceUid });
    if (!answer.ok) return;
    const { manifest } = answer;
    const lacking = manifest.seriesInstanceUids.filter((uid) => this.keeper.lacks(manifest, uid));
    try {
      for (const seriesInstanceUid of lacking) await this.collectSeries(manifest, seriesInstanceUid);
      this.failed.delete(kosSopInstanceUid);
      if (lacking.length > 0) this.logger.info({ studyInstanceUid, series: lacking.length }, 'metadata collected');
    } catch (error) {
      if (this.isStopping) return;
      collected.inc({ outcome: 'failed' });
      const isFinal = GatewayError.of(error)?.entry === servingErrors.objectTooLarge;
      const tries = isFinal ? triesMax : (this.failed.get(kosSopInstanceUid)?.tries ?? 0) + 1;
      if (this.failed.size >= manifestsMax) this.failed.clear();
      this.failed.set(kosSopInstanceUid, { tries, againAtMs: Date.now() + this.times.retryMs * 2 ** (tries - 1) });
      const facts = { studyInstanceUid, code: GatewayError.of(error)?.code, cause: describeCause(error) };
      this.logger.warn(facts, 'metadata of a study could not be collected: the first request will read the PACS');
    }
  }

  /** Reads one series, as often interrupted as requests come; what was read stays until it is whole. */
  private async collectSeries(manifest: ServableManifest, seriesInstanceUid: string): Promise<void> {
    const context: TextContext = { manifest, ins: insOf(manifest), basePath: this.serving.basePath };
    const instances = manifest.expected({ studyInstanceUid: manifest.studyInstanceUid, seriesInstanceUid });
    const texts = new Map<string, string>();
    let characters = 0;
    let readAtMs: number | undefined;
    while (texts.size < instances.length) {
      await this.quietMoment();
      // Somebody's request may have had it kept meanwhile; or it was withdrawn.
      if (!this.keeper.lacks(manifest, seriesInstanceUid) || !(await this.isServed(manifest))) return;
      readAtMs ??= Date.now();
      const missing = instances.filter(({ sopInstanceUid }) => !texts.has(sopInstanceUid));
      await this.interruptibly(async (signal) => {
        const pacs = await this.pacsOf(manifest, signal);
        await readTexts({ pacs, instances: missing, seriesInstanceUid, signal }, context, (uid, text) => {
          characters += text.length;
          if (characters > charactersMax) throw new GatewayError(servingErrors.objectTooLarge, { detail: 'metadata' });
          texts.set(uid, text);
        });
      });
    }
    const ordered = instances.map(({ sopInstanceUid }) => texts.get(sopInstanceUid) ?? '');
    const isKept = await this.keeper.keep(context, seriesInstanceUid, ordered, readAtMs ?? Date.now());
    if (!isKept && this.keeper.isWriting)
      throw new GatewayError(servingErrors.objectTooLarge, { detail: `metadata of ${seriesInstanceUid}` });
    collected.inc({ outcome: isKept ? 'kept' : 'not-kept' });
  }

  private async isServed({ kosSopInstanceUid, studyInstanceUid }: ServableManifest): Promise<boolean> {
    return (await this.archive.admit({ kosSopInstanceUid, studyInstanceUid })).ok;
  }

  private async pacsOf({ pacsId, studyInstanceUid }: ServableManifest, signal: AbortSignal): Promise<Pacs> {
    if (pacsId) return this.pacs.byId(pacsId);
    const found = this.pacs.all.length === 1 ? this.pacs.all[0] : await this.pacs.locateStudy(studyInstanceUid, signal);
    if (!found) throw new GatewayError(servingErrors.gone);
    return found;
  }

  private async quietMoment(): Promise<void> {
    for (;;) {
      this.stopping.signal.throwIfAborted();
      if (this.requests.count > 0) this.lastBusyMs = Date.now();
      const waitMs = this.lastBusyMs + this.times.quietMs - Date.now();
      if (waitMs <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, watchMs)));
    }
  }

  /** Ends the work when a request comes: its images go before ours. */
  private async interruptibly(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    const watch = setInterval(() => {
      if (this.requests.count === 0) return;
      this.lastBusyMs = Date.now();
      abort.abort(new Interrupted('a request came'));
    }, watchMs);
    try {
      await work(AbortSignal.any([abort.signal, this.stopping.signal]));
    } catch (error) {
      if (!abort.signal.aborted || this.isStopping) throw error;
    } finally {
      clearInterval(watch);
    }
  }
}
