import { Inject, Injectable, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ExpectedInstance, PACS_DIRECTORY, pacsErrors, PacsDirectory } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { describeCause, GatewayError } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { counter } from '../../../platform/metrics';
import { ManifestArchive, ServableManifest, ServedManifest } from '../../archive';
import { RequestsUnderWay } from '../delivery/requests-under-way';
import { servingConfig } from '../serving.config';
import { pacsOfManifest } from '../pacs-of-manifest';
import { servingErrors } from '../serving.errors';
import { CollectorTurns, Interrupted, TurnTimes } from './collector-turns';
import { MetadataKeeper } from './metadata-keeper';
import { metadataConfig } from './metadata.config';
import { insOf, readTexts, TextContext } from './metadata-texts';
import { TextSpool } from './text-spool';

/** Times of the collector, ms; shorter ones in tests. */
export interface CollectorTimes extends TurnTimes {
  /** From a change of manifests to looking at them: several changes are looked at together. */
  readonly soonMs: number;
  /** Looks without any change told: what another process changed, what had to wait. */
  readonly everyMs: number;
  /** Until a study that failed is tried again, doubled each time. */
  readonly retryMs: number;
}

const usualTimes: CollectorTimes = {
  quietMs: 1_000,
  patienceMs: 60_000,
  portionPauseMs: 1_000,
  soonMs: 1_000,
  everyMs: 60_000,
  retryMs: 10 * 60_000,
};
/** Images read at once beside requests: a fraction of a second of one association. */
const portionInstances = 32;
const triesMax = 4;
/** Newest manifests looked at. */
const manifestsMax = 5_000;
/** Text of one series beyond which it is not collected. */
const textBytesMax = 64 * 1024 * 1024;

const collected = counter('metadata_collected_series_total', 'Series whose metadata were read ahead', ['outcome']);

/**
 * Reads the metadata of newly current manifests ahead of the first request: one series at a time, newest manifest first, while no
 * request is under way, giving way to the first one that comes; a gateway that is never quiet has them read all the same, some
 * images at a time. Texts go to disk as they come. What is kept there tells what is left to do, so that a restart goes on where
 * it stopped. The collector also removes what is kept of manifests that are served no more.
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
  private readonly turns: CollectorTurns;

  constructor(
    @Inject(metadataConfig.token) private readonly config: ConfigOf<typeof metadataConfig>,
    @Inject(servingConfig.token) private readonly serving: Pick<ConfigOf<typeof servingConfig>, 'enabled' | 'basePath'>,
    @Inject(PACS_DIRECTORY) private readonly pacs: PacsDirectory,
    private readonly archive: ManifestArchive,
    private readonly keeper: MetadataKeeper,
    requests: RequestsUnderWay,
  ) {
    this.turns = new CollectorTurns(requests, () => this.times, this.stopping.signal);
  }

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

  /** Reads one series, in as many turns as it takes; what was read stays until it is whole. */
  private async collectSeries(manifest: ServableManifest, seriesInstanceUid: string): Promise<void> {
    const spool = await this.keeper.store.spool();
    try {
      await this.readSeries(manifest, seriesInstanceUid, spool);
    } finally {
      await spool.close();
    }
  }

  private async readSeries(manifest: ServableManifest, seriesInstanceUid: string, spool: TextSpool): Promise<void> {
    const context: TextContext = { manifest, ins: insOf(manifest), basePath: this.serving.basePath };
    const instances = manifest.expected({ studyInstanceUid: manifest.studyInstanceUid, seriesInstanceUid });
    let readAtMs: number | undefined;
    while (spool.count < instances.length) {
      const turn = await this.turns.next();
      // Somebody's request may have had it kept meanwhile; or it was withdrawn.
      if (!this.keeper.lacks(manifest, seriesInstanceUid) || !(await this.isServed(manifest))) return;
      readAtMs ??= Date.now();
      const missing = instances.filter(({ sopInstanceUid }) => !spool.has(sopInstanceUid));
      const some = turn === 'quiet' ? missing : missing.slice(0, portionInstances);
      await this.turns
        .take(turn, (signal) => this.readSome(context, some, spool, signal))
        .catch((error: unknown) => {
          // Beside requests, these have the PACS first.
          if (turn === 'quiet' || GatewayError.of(error)?.entry !== pacsErrors.tooMany) throw error;
        });
    }
    const texts = spool.texts(instances.map(({ sopInstanceUid }) => sopInstanceUid));
    const isKept = await this.keeper.keep(context, seriesInstanceUid, texts, readAtMs ?? Date.now());
    if (!isKept && this.keeper.isWriting)
      throw new GatewayError(servingErrors.objectTooLarge, { detail: `metadata of ${seriesInstanceUid}` });
    collected.inc({ outcome: isKept ? 'kept' : 'not-kept' });
  }

  private async readSome(
    context: TextContext,
    instances: readonly ExpectedInstance[],
    spool: TextSpool,
    signal: AbortSignal,
  ): Promise<void> {
    const { manifest } = context;
    const pacs = await pacsOfManifest(this.pacs, manifest, signal);
    const [{ seriesInstanceUid }] = instances;
    await readTexts({ pacs, instances, seriesInstanceUid, signal, room: spool }, context, (uid, text) => {
      spool.add(uid, text);
      if (spool.bytes > textBytesMax) throw new GatewayError(servingErrors.objectTooLarge, { detail: 'metadata' });
    });
  }

  private async isServed({ kosSopInstanceUid, studyInstanceUid }: ServableManifest): Promise<boolean> {
    return (await this.archive.admit({ kosSopInstanceUid, studyInstanceUid })).ok;
  }
}
