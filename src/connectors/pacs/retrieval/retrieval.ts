import { setMaxListeners } from 'node:events';
import { ExpectedInstance, InstanceSink, RetrievalOutcome, RetrievalRequest } from '../pacs.port';
import { Asking } from './asking';
import { ExpectedSet } from './expected-set';
import { Funnel } from './funnel';
import { ListWorkers } from './list-workers';
import { GapMeter, PaceMemory } from './pace';
import { RetrieveChannel } from './retrieve-channel';

/** Instances of the first request to a PACS of unknown pace, and to one known to wait. */
const probeInstances = 6;
const firstOfSlow = 1;
/** From this many expected instances on, a series is asked for as a whole. */
const wholeSeriesFrom = 16;
/** Longest list asked for again. */
const listMax = 400;
/** Associations to begin with at a PACS that waits between instances. */
const parallelOfSlow = 4;
/** Gaps that must have been seen before a pace is believed: of the probe, and of a whole series. */
const gapsOfProbe = 3;
const gapsOfSeries = 8;

/** Retrieves the expected set of one request: short list first, then as the pace of the PACS commands. */
export class Retrieval {
  private readonly set: ExpectedSet;
  private readonly funnel: Funnel;
  private readonly asking: Asking;
  private readonly stop = new AbortController();
  private failure: Error | undefined;

  constructor(
    private readonly request: RetrievalRequest,
    sink: InstanceSink,
    private readonly channel: RetrieveChannel,
    private readonly pace: PaceMemory,
  ) {
    const set = new ExpectedSet(request.instances);
    this.set = set;
    // Each request under way listens to it.
    setMaxListeners(channel.maxParallel + 8, this.stop.signal);
    this.funnel = new Funnel(sink, () => (set.delivered += 1));
    this.asking = new Asking({
      studyInstanceUid: request.studyInstanceUid,
      set,
      funnel: this.funnel,
      caller: request.caller ?? '',
      channel,
      stopped: this.stop.signal,
      fail: (reason) => this.fail(reason),
    });
  }

  /** True once the sink has been given something. */
  get hasBegun(): boolean {
    return this.funnel.hasBegun;
  }

  async run(signal?: AbortSignal): Promise<RetrievalOutcome> {
    const leave = (): void => this.fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal?.aborted) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await this.fetchAll();
      await this.askMissingAgain();
      await this.funnel.flushed();
      if (this.failure) throw this.failure;
      return await this.outcome();
    } catch (error) {
      const reason = this.failure ?? (error instanceof Error ? error : new Error('retrieval failed'));
      this.fail(reason);
      throw reason;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  private fail(reason: Error): void {
    this.failure ??= reason;
    this.stop.abort(reason);
    this.funnel.spoil(reason);
  }

  private async fetchAll(): Promise<void> {
    const profile = this.pace.profile;
    const first = profile?.isSlow ? firstOfSlow : probeInstances;
    if (!profile || profile.isSlow) await this.probe(first, profile === undefined);
    if (this.pace.profile?.isSlow) return this.fetchInLists();
    for (const series of new Set(this.request.instances.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const wanted = this.set.wanted(series);
      if (wanted.length === 0) continue;
      if (wanted.length < wholeSeriesFrom) await this.asking.list(wanted);
      else await this.fetchSeries(series, wanted);
      if (this.pace.profile?.isSlow) return this.fetchInLists();
    }
  }

  /** A short first list: the first instance comes soon even where long lists are slow to look up, and the pace shows. */
  private async probe(count: number, learn: boolean): Promise<void> {
    const wanted = this.set.wanted();
    const list = wanted.filter(({ seriesInstanceUid }) => seriesInstanceUid === wanted[0]?.seriesInstanceUid);
    const meter = new GapMeter();
    await this.asking.list(list.slice(0, count), meter);
    if (!learn || meter.count < gapsOfProbe) return;
    if (meter.isWaiting) this.learnSlow();
    else this.pace.learn({ isSlow: false, parallel: 1 });
  }

  private learnSlow(): void {
    this.pace.learn({ isSlow: true, parallel: Math.min(parallelOfSlow, this.channel.maxParallel) });
  }

  /** A whole series on one association; given up for lists when it turns out to wait between instances. */
  private async fetchSeries(seriesInstanceUid: string, wanted: readonly ExpectedInstance[]): Promise<void> {
    const giveUp = new AbortController();
    const meter = new GapMeter();
    let strangers = 0;
    const watch = (): void => {
      const manyLeft = this.set.size - this.set.delivered > wholeSeriesFrom;
      const isWaiting = meter.count >= gapsOfSeries && meter.isWaiting && !this.funnel.isBlocked;
      if (!isWaiting || !manyLeft || this.channel.maxParallel === 1) return;
      this.learnSlow();
      giveUp.abort(new Error('the PACS waits between instances'));
    };
    const onStranger = (): void => {
      if (++strangers > 2 * wanted.length + 50) giveUp.abort(new Error('the series is far larger than expected'));
    };
    const details = { seriesInstanceUid, instances: wanted, whole: true, meter, watch, onStranger };
    const whole = this.asking.ask(details, giveUp.signal).catch((error: unknown) => {
      if (!giveUp.signal.aborted) throw error;
    });
    const givenUp = new Promise<void>((resolve) => giveUp.signal.addEventListener('abort', () => resolve()));
    await Promise.race([whole, givenUp]);
    if (giveUp.signal.aborted) {
      if (!this.pace.profile?.isSlow) await this.fetchInLists();
    } else if (meter.count >= gapsOfSeries) this.pace.learn({ isSlow: false, parallel: 1 });
  }

  private async fetchInLists(): Promise<void> {
    const { set, funnel, asking, channel } = this;
    const workers = new ListWorkers({
      set,
      funnel,
      asking,
      parallel: this.pace.profile?.parallel ?? 2,
      maxParallel: channel.maxParallel,
      stopped: this.stop.signal,
      stop: (reason) => this.stop.abort(reason),
    });
    this.pace.learn({ isSlow: true, parallel: await workers.run() });
  }

  /** What the PACS did not send is asked for once more, alone. */
  private async askMissingAgain(): Promise<void> {
    for (const series of new Set(this.set.wanted().map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const list = this.set.wanted(series);
      for (let i = 0; i < list.length; i += listMax) await this.asking.list(list.slice(i, i + listMax));
    }
  }

  private async outcome(): Promise<RetrievalOutcome> {
    const { set, channel } = this;
    return {
      delivered: set.delivered,
      bytes: set.bytes,
      undelivered: await set.undelivered(this.request.studyInstanceUid, (...what) => channel.held(...what)),
      transferSyntaxes: set.syntaxes,
      firstInstanceMs: set.firstMs,
      totalMs: set.elapsedMs,
      method: channel.method,
      parallel: this.asking.parallel,
      shared: false,
    };
  }
}
