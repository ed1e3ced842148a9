import type { ExpectedInstance, Pacs } from '../../connectors/pacs';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { isLossyImage, readAttributes } from '../../standards/dicom';
import { Arrivals } from '../dicomweb/arrivals';
import type {
  ArrivedHead,
  ArrivedInstance,
  StudyProgress,
  ViewerStudy,
  ViewerStudySource,
} from '../dicomweb/study-source';
import { viewerErrors } from '../viewer.errors';
import { Collected, CollectingSink } from './collecting-sink';
import type { InstanceStore } from './instance-store';

const uidTags = { study: 0x0020000d, series: 0x0020000e, instance: 0x00080018 } as const;
const deflated = '1.2.840.10008.1.2.1.99';
const explicitLittle = '1.2.840.10008.1.2.1';

export interface LocalStudyOptions {
  readonly study: ViewerStudy;
  /** Finds the PACS that holds the study. */
  readonly locate: (signal: AbortSignal) => Promise<Pacs>;
  readonly store: InstanceStore;
  readonly objectBytesMax: number;
}

/** A study of our own PACS: fetched series by series, the one being looked at first, each object checked when it arrives. */
export class LocalStudySource implements ViewerStudySource {
  readonly study: ViewerStudy;
  private readonly arrivals: Arrivals;
  private readonly heads = new Map<string, ArrivedHead>();
  private readonly seriesOf = new Map<string, ExpectedInstance>();
  private readonly waiting: string[];
  private readonly stop = new AbortController();
  private readonly again = new Map<string, Promise<ArrivedInstance>>();
  private readonly logger = new Logger('viewer');
  private running = false;

  constructor(private readonly options: LocalStudyOptions) {
    this.study = options.study;
    this.arrivals = new Arrivals(this.study);
    for (const { seriesInstanceUid, instances } of this.study.series) {
      for (const { sopInstanceUid, sopClassUid } of instances) {
        this.seriesOf.set(sopInstanceUid, { seriesInstanceUid, sopInstanceUid, sopClassUid });
      }
    }
    this.waiting = this.study.series.map(({ seriesInstanceUid }) => seriesInstanceUid);
  }

  prefer(seriesInstanceUid: string): void {
    const at = this.waiting.indexOf(seriesInstanceUid);
    if (at > 0) this.waiting.unshift(...this.waiting.splice(at, 1));
    if (!this.running && !this.stop.signal.aborted) void this.fetchAll();
  }

  hasArrived(sopInstanceUid: string): boolean {
    return this.heads.has(sopInstanceUid);
  }

  async head(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedHead> {
    await this.arrival(sopInstanceUid, signal);
    return this.heads.get(sopInstanceUid) as ArrivedHead;
  }

  async instance(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedInstance> {
    await this.arrival(sopInstanceUid, signal);
    return this.options.store.get(this.keyOf(sopInstanceUid)) ?? this.fetchAgain(sopInstanceUid);
  }

  progress(): StudyProgress {
    return this.arrivals.progress();
  }

  onProgress(listener: () => void): () => void {
    return this.arrivals.onProgress(listener);
  }

  retry(): void {
    if (this.stop.signal.aborted) return;
    const series = this.arrivals.rearm();
    this.waiting.push(...series.filter((uid) => !this.waiting.includes(uid)));
    if (!this.running) void this.fetchAll();
  }

  close(): void {
    this.stop.abort(new GatewayError(viewerErrors.grantUnknown));
    this.arrivals.failRest(new GatewayError(viewerErrors.grantUnknown));
    this.options.store.forget(this);
    this.heads.clear();
  }

  private async arrival(sopInstanceUid: string, signal: AbortSignal): Promise<void> {
    const expected = this.seriesOf.get(sopInstanceUid);
    if (!expected) throw new GatewayError(viewerErrors.notGranted);
    this.prefer(expected.seriesInstanceUid);
    await this.arrivals.wait(sopInstanceUid, signal);
  }

  private keyOf(sopInstanceUid: string): string {
    return `${this.study.studyInstanceUid} ${sopInstanceUid}`;
  }

  private async fetchAll(): Promise<void> {
    this.running = true;
    for (let series = this.waiting.shift(); series !== undefined; series = this.waiting.shift()) {
      const { instances = [] } = this.study.series.find((each) => each.seriesInstanceUid === series) ?? {};
      const expected = instances
        .filter(({ sopInstanceUid }) => !this.hasArrived(sopInstanceUid))
        .map(({ sopInstanceUid }) => this.seriesOf.get(sopInstanceUid) as ExpectedInstance);
      if (expected.length > 0) await this.fetch(expected);
      if (this.stop.signal.aborted) return;
    }
    this.running = false;
  }

  /** Fetches instances of one series; each either arrives or is given up with a reason. Never rejects. */
  private async fetch(expected: readonly ExpectedInstance[]): Promise<void> {
    const { signal } = this.stop;
    const sink = new CollectingSink(
      this.options.objectBytesMax,
      (collected) => this.take(collected),
      (uid, cause) => this.giveUp(uid, new GatewayError(viewerErrors.imageUnreadable, { cause })),
    );
    let cause: unknown;
    try {
      const pacs = await this.options.locate(signal);
      const { studyInstanceUid } = this.study;
      const seriesInstanceUid = expected[0]?.seriesInstanceUid;
      await pacs.retrieve({ studyInstanceUid, seriesInstanceUid, instances: expected }, sink, signal);
    } catch (error) {
      cause = error;
      if (!signal.aborted) {
        const detail = describeCause(error);
        this.logger.warn(
          { studyInstanceUid: this.study.studyInstanceUid, detail },
          'images of the local PACS are missing',
        );
        this.arrivals.trouble(GatewayError.of(error)?.entry.screen ?? viewerErrors.imageUnavailable.screen);
      }
    }
    for (const { sopInstanceUid } of expected) {
      if (this.hasArrived(sopInstanceUid)) continue;
      this.giveUp(sopInstanceUid, new GatewayError(viewerErrors.imageUnavailable, { cause }));
    }
  }

  private take({ sopInstanceUid, instance, head }: Collected): void {
    if (this.stop.signal.aborted) return;
    if (!this.isAnnounced(sopInstanceUid, head)) {
      this.giveUp(sopInstanceUid, new GatewayError(viewerErrors.imageForeign, { detail: sopInstanceUid }));
      return;
    }
    this.options.store.put(this, this.keyOf(sopInstanceUid), instance);
    this.heads.set(sopInstanceUid, head);
    this.tellLoss(instance, head);
    this.arrivals.arrived(sopInstanceUid, instance.dataset.length);
  }

  private tellLoss({ transferSyntaxUid }: ArrivedInstance, { head, transferSyntaxUid: written }: ArrivedHead): void {
    const headSyntaxUid = written === deflated ? explicitLittle : written;
    if (!this.arrivals.isLossy && isLossyImage({ transferSyntaxUid, head, headSyntaxUid })) this.arrivals.markLossy();
  }

  /** The object itself says the study, series and instance under which it was asked for. */
  private isAnnounced(sopInstanceUid: string, { head, transferSyntaxUid }: ArrivedHead): boolean {
    const expected = this.seriesOf.get(sopInstanceUid);
    const values = readAttributes(head, {
      transferSyntaxUid: transferSyntaxUid === deflated ? explicitLittle : transferSyntaxUid,
      tags: Object.values(uidTags),
    });
    const is = (tag: number, uid: string | undefined) => values.get(tag)?.[0] === uid;
    return (
      is(uidTags.study, this.study.studyInstanceUid) &&
      is(uidTags.series, expected?.seriesInstanceUid) &&
      is(uidTags.instance, sopInstanceUid)
    );
  }

  private giveUp(sopInstanceUid: string, error: GatewayError): void {
    if (this.seriesOf.has(sopInstanceUid)) this.arrivals.failed(sopInstanceUid, error);
  }

  /** An object that went by and was let go is fetched once more, for all who ask for it meanwhile. */
  private fetchAgain(sopInstanceUid: string): Promise<ArrivedInstance> {
    const under = this.again.get(sopInstanceUid);
    if (under) return under;
    const expected = this.seriesOf.get(sopInstanceUid) as ExpectedInstance;
    const fetching = this.single(expected).finally(() => this.again.delete(sopInstanceUid));
    this.again.set(sopInstanceUid, fetching);
    return fetching;
  }

  private async single(expected: ExpectedInstance): Promise<ArrivedInstance> {
    const { signal } = this.stop;
    let found: Collected | undefined;
    const sink = new CollectingSink(
      this.options.objectBytesMax,
      (collected) => (found = collected),
      () => undefined,
    );
    const pacs = await this.options.locate(signal);
    const { studyInstanceUid } = this.study;
    await pacs.retrieve(
      { studyInstanceUid, seriesInstanceUid: expected.seriesInstanceUid, instances: [expected] },
      sink,
      signal,
    );
    if (!found || !this.isAnnounced(expected.sopInstanceUid, found.head))
      throw new GatewayError(viewerErrors.imageUnavailable);
    this.options.store.put(this, this.keyOf(expected.sopInstanceUid), found.instance);
    return found.instance;
  }
}
