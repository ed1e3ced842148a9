import { join } from 'node:path';
import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import type { ExpectedInstance } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { describeCause } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { counter, gauge } from '../../../platform/metrics';
import { persistenceConfig } from '../../../platform/persistence';
import type { ServableManifest } from '../../archive';
import { FoundSeries, KeptMetadata } from './kept-metadata';
import { Texts, TextsFailed } from './kept-series';
import { metadataConfig } from './metadata.config';
import { fingerprintOf, TextContext } from './metadata-texts';

const found = counter('metadata_lookups_total', 'Series whose metadata were looked for on disk', ['outcome']);
const failures = counter('metadata_not_kept_total', 'Series whose metadata could not be written to disk');
const keptBytes = gauge('metadata_kept_bytes', 'Compressed metadata on disk');
const keptSeries = gauge('metadata_kept_series', 'Series whose metadata are on disk');

/** After a write that failed (disk full), nothing is written for this long. */
const pauseMs = 60_000;
/** Series that may wait for their write, each with its texts in memory. */
const waitingMax = 20;

/** Keeps the metadata of served series on disk; a disk that fails makes answers slower, never wrong or absent. */
@Injectable()
export class MetadataKeeper implements OnApplicationShutdown {
  readonly store: KeptMetadata;
  private readonly logger = new Logger('metadata');
  private readonly listeners: ((kosSopInstanceUid: string) => void)[] = [];
  private pausedUntilMs = 0;
  private writing: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    @Inject(metadataConfig.token) private readonly config: ConfigOf<typeof metadataConfig>,
    @Inject(persistenceConfig.token) { dataDir }: Pick<ConfigOf<typeof persistenceConfig>, 'dataDir'>,
  ) {
    const { bytesMax, ageHoursMax } = config;
    this.store = new KeptMetadata(join(dataDir, 'metadata'), { bytesMax, ageMsMax: ageHoursMax * 3_600_000 });
  }

  /** Whether something may be written now. */
  get isWriting(): boolean {
    return this.config.isKept && Date.now() >= this.pausedUntilMs;
  }

  /** Lets the write under way end. */
  async onApplicationShutdown(): Promise<void> {
    this.pausedUntilMs = Infinity;
    await this.writing;
  }

  onForgotten(listener: (kosSopInstanceUid: string) => void): void {
    this.listeners.push(listener);
  }

  async find(context: TextContext, seriesInstanceUid: string): Promise<FoundSeries | undefined> {
    if (!this.config.isKept) return undefined;
    const { manifest } = context;
    const fingerprint = fingerprintOf(context, instancesOf(manifest, seriesInstanceUid));
    const series = await this.store.find(manifest.kosSopInstanceUid, seriesInstanceUid, fingerprint);
    found.inc({ outcome: series ? 'found' : 'absent' });
    return series;
  }

  isCheckDue(checkedAtMs: number): boolean {
    return Date.now() - checkedAtMs >= this.config.checkMinutes * 60_000;
  }

  confirm(kosSopInstanceUid: string, files: readonly { instances: readonly { seriesInstanceUid: string }[] }[]): void {
    const series = files.flatMap(({ instances }) => instances.slice(0, 1).map((one) => one.seriesInstanceUid));
    this.store.confirm(kosSopInstanceUid, series);
  }

  /** Whether a series should be kept and is not. */
  lacks(manifest: ServableManifest, seriesInstanceUid: string): boolean {
    return this.isWriting && !this.store.has(manifest.kosSopInstanceUid, seriesInstanceUid);
  }

  /** Keeps a series if all of its texts are there: after the answer, one at a time. A failure is told in the log. */
  keepLater(
    context: TextContext,
    seriesInstanceUid: string,
    texts: ReadonlyMap<string, string>,
    readAtMs: number,
  ): void {
    const instances = instancesOf(context.manifest, seriesInstanceUid);
    const isWhole = instances.length > 0 && instances.every(({ sopInstanceUid }) => texts.has(sopInstanceUid));
    if (!isWhole || !this.lacks(context.manifest, seriesInstanceUid) || this.waiting >= waitingMax) return;
    const ordered = instances.map(({ sopInstanceUid }) => texts.get(sopInstanceUid) ?? '');
    this.waiting += 1;
    this.writing = this.writing
      .then(() => this.keep(context, seriesInstanceUid, ordered, readAtMs))
      .finally(() => (this.waiting -= 1));
  }

  /**
   * @returns false when it could not be kept
   * @throws TextsFailed when it is the texts that failed
   */
  async keep(context: TextContext, seriesInstanceUid: string, texts: Texts, readAtMs: number): Promise<boolean> {
    if (!this.isWriting) return false;
    const { manifest } = context;
    const fingerprint = fingerprintOf(context, instancesOf(manifest, seriesInstanceUid));
    const { kosSopInstanceUid } = manifest;
    try {
      return await this.store.keep({ kosSopInstanceUid, seriesInstanceUid, fingerprint, texts, readAtMs });
    } catch (error) {
      if (error instanceof TextsFailed) throw error;
      failures.inc();
      this.pausedUntilMs = Math.max(this.pausedUntilMs, Date.now() + pauseMs);
      this.logger.warn(
        { cause: describeCause(error) },
        'metadata cannot be kept on disk: requests read the PACS meanwhile',
      );
      return false;
    } finally {
      this.tell();
    }
  }

  /** Removes what is kept of a manifest; a file that cannot be removed is told in the log, and never shown. */
  async forget(kosSopInstanceUid: string): Promise<void> {
    for (const listener of this.listeners) listener(kosSopInstanceUid);
    await this.store.forget(kosSopInstanceUid).catch((error: unknown) => {
      this.logger.error({ kosSopInstanceUid, cause: describeCause(error) }, 'kept metadata cannot be removed');
    });
    this.tell();
  }

  /** Tells the metrics what is kept. */
  tell(): void {
    keptBytes.set(this.store.bytes);
    keptSeries.set(this.store.seriesCount);
  }
}

function instancesOf(manifest: ServableManifest, seriesInstanceUid: string): readonly ExpectedInstance[] {
  return manifest.expected({ studyInstanceUid: manifest.studyInstanceUid, seriesInstanceUid });
}
