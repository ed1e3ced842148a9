import { GatewayError } from '../../../platform/errors';
import { dimseStatus, statusKind, statusText } from '../../../standards/dimse';
import { discarding, StoreRequest, StoreTarget } from '../dimse/store-receiver';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance, InstanceSink, RetrievalOutcome, RetrievalRequest, UndeliveredInstance } from '../pacs.port';
import { Funnel, Parcel } from './funnel';
import { GapMeter, PaceMemory } from './pace';

/** One C-MOVE or C-GET. Without `sopInstanceUids` it is at series level. */
export interface Ask {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUids?: readonly string[];
  readonly sopClassUids: readonly string[];
  readonly owner: object;
  expects(sopInstanceUid: string): boolean;
  open(request: StoreRequest): StoreTarget | number;
  /** True when there was progress since the last call, or when we are the ones who hold the PACS back. */
  isAlive(): boolean;
}

export interface AskResult {
  readonly status: number;
  readonly completed: number;
}

/** How requests reach the PACS. */
export interface RetrieveChannel {
  readonly method: 'move' | 'get';
  readonly maxParallel: number;
  /** Resolves with the final response; rejects when the association could not be opened or broke. */
  ask(ask: Ask, signal: AbortSignal): Promise<AskResult>;
  /** Which of these the PACS says it holds; undefined when it does not answer. */
  held(study: string, series: string, sopInstanceUids: readonly string[]): Promise<ReadonlySet<string> | undefined>;
}

/** Instances of the first request to a PACS of unknown pace, and to one known to wait. */
const probeInstances = 6;
const firstOfSlow = 1;
/** From this many expected instances on, a series is asked for as a whole. */
const wholeSeriesFrom = 16;
const listMax = 400;
const climbMs = 200;

/** Retrieves the expected set of one request: short list first, then as the pace of the PACS commands. */
export class Retrieval {
  private readonly expected = new Map<string, ExpectedInstance>();
  private readonly state = new Map<string, 'wanted' | 'arriving' | 'delivered'>();
  private readonly statuses = new Map<string, number>();
  private readonly funnel: Funnel;
  private readonly stop = new AbortController();
  private readonly startedMs = performance.now();
  private firstMs: number | undefined;
  private bytes = 0;
  private delivered = 0;
  private readonly syntaxes = new Map<string, number>();
  private active = 0;
  private parallel = 0;
  private failure: Error | undefined;

  constructor(
    private readonly request: RetrievalRequest,
    sink: InstanceSink,
    private readonly channel: RetrieveChannel,
    private readonly pace: PaceMemory,
  ) {
    for (const instance of request.instances) {
      this.expected.set(instance.sopInstanceUid, instance);
      this.state.set(instance.sopInstanceUid, 'wanted');
    }
    this.funnel = new Funnel(sink, () => (this.delivered += 1));
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

  private wanted(seriesInstanceUid?: string): ExpectedInstance[] {
    const found: ExpectedInstance[] = [];
    for (const [uid, state] of this.state) {
      const instance = this.expected.get(uid);
      if (state === 'wanted' && instance && !(seriesInstanceUid && instance.seriesInstanceUid !== seriesInstanceUid)) {
        found.push(instance);
      }
    }
    return found;
  }

  private async fetchAll(): Promise<void> {
    const profile = this.pace.profile;
    const first = profile?.isSlow ? firstOfSlow : probeInstances;
    if (!profile || profile.isSlow) await this.probe(first, profile === undefined);
    if (this.pace.profile?.isSlow) return this.fetchInLists();
    for (const series of new Set(this.request.instances.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const wanted = this.wanted(series);
      if (wanted.length === 0) continue;
      if (wanted.length < wholeSeriesFrom) await this.askFor(wanted);
      else await this.fetchSeries(series, wanted);
      if (this.pace.profile?.isSlow) return this.fetchInLists();
    }
  }

  /** A short first list: the first instance comes soon even where long lists are slow to look up, and the pace shows. */
  private async probe(count: number, learn: boolean): Promise<void> {
    const wanted = this.wanted();
    const list = wanted.filter(({ seriesInstanceUid }) => seriesInstanceUid === wanted[0]?.seriesInstanceUid);
    if (list.length === 0) return;
    const meter = new GapMeter();
    await this.askFor(list.slice(0, count), meter);
    if (!learn || meter.count < 3) return;
    this.pace.learn({ isSlow: meter.isWaiting, parallel: meter.isWaiting ? Math.min(4, this.channel.maxParallel) : 1 });
  }

  /** A whole series on one association; given up for lists when it turns out to wait between instances. */
  private async fetchSeries(seriesInstanceUid: string, wanted: readonly ExpectedInstance[]): Promise<void> {
    const giveUp = new AbortController();
    const meter = new GapMeter();
    let strangers = 0;
    const watch = (): void => {
      const manyLeft = this.state.size - this.delivered > wholeSeriesFrom;
      if (meter.count >= 8 && meter.isWaiting && manyLeft && !this.funnel.isBlocked && this.channel.maxParallel > 1) {
        this.pace.learn({ isSlow: true, parallel: Math.min(4, this.channel.maxParallel) });
        giveUp.abort(new Error('the PACS waits between instances'));
      }
    };
    const onStranger = (): void => {
      if (++strangers > 2 * wanted.length + 50) giveUp.abort(new Error('the series is far larger than expected'));
    };
    const whole = this.ask(
      { seriesInstanceUid, instances: wanted, whole: true, meter, watch, onStranger },
      giveUp.signal,
    );
    const givenUp = new Promise<void>((resolve) => giveUp.signal.addEventListener('abort', () => resolve()));
    await Promise.race([whole.catch((error: unknown) => this.throwUnless(giveUp.signal.aborted, error)), givenUp]);
    if (giveUp.signal.aborted) {
      whole.catch(() => undefined);
      if (!this.pace.profile?.isSlow) await this.fetchInLists();
    } else if (meter.count >= 8) this.pace.learn({ isSlow: false, parallel: 1 });
  }

  private throwUnless(isFine: boolean, error: unknown): void {
    if (!isFine) throw error;
  }

  /** Lists of instances over several associations at once; more are added as long as they bring more. */
  private async fetchInLists(): Promise<void> {
    const taken = new Set<string>();
    const maxParallel = this.channel.maxParallel;
    let target = Math.min(this.pace.profile?.parallel ?? 2, maxParallel);
    let running = 0;
    let rejected: Error | undefined;
    await new Promise<void>((resolve, reject) => {
      const take = (): ExpectedInstance[] => {
        const free = this.wanted().filter(({ sopInstanceUid }) => !taken.has(sopInstanceUid));
        const series = free[0]?.seriesInstanceUid;
        const share = Math.min(listMax, Math.max(8, Math.ceil(free.length / target)));
        const list = free.filter(({ seriesInstanceUid }) => seriesInstanceUid === series).slice(0, share);
        for (const { sopInstanceUid } of list) taken.add(sopInstanceUid);
        return list;
      };
      const worker = async (): Promise<void> => {
        running += 1;
        try {
          for (let list = take(); list.length > 0 && running <= target; list = take()) {
            try {
              await this.askFor(list);
            } catch (error) {
              for (const { sopInstanceUid } of list) taken.delete(sopInstanceUid);
              throw error;
            }
          }
        } catch (error) {
          // The PACS refuses one association more: go on with those it gave.
          const entry = GatewayError.of(error)?.entry;
          const isLimit = entry === pacsErrors.tooMany || entry === pacsErrors.tooSlow;
          rejected = error instanceof Error ? error : new Error('retrieval failed');
          target = Math.max(1, running - 1);
          if (isLimit && running > 1) rejected = undefined;
          else this.stop.abort(rejected);
        } finally {
          running -= 1;
          if (running === 0) {
            clearInterval(climb);
            if (rejected) reject(rejected);
            else resolve();
          }
        }
      };
      let before = 0;
      let bytesBefore = this.bytes;
      const climb = setInterval(() => {
        const rate = this.bytes - bytesBefore;
        bytesBefore = this.bytes;
        if (this.funnel.isBlocked || rate < before * 1.15 || target >= maxParallel || running < target) return;
        before = rate;
        const more = Math.min(maxParallel, target * 2) - target;
        target += more;
        for (let i = 0; i < more; i++) void worker();
      }, climbMs);
      for (let i = 0; i < target; i++) void worker();
    });
    this.pace.learn({ isSlow: true, parallel: target });
  }

  /** What the PACS did not send is asked for once more, alone. */
  private async askMissingAgain(): Promise<void> {
    const missing = this.wanted();
    if (missing.length === 0) return;
    for (const series of new Set(missing.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const list = this.wanted(series);
      for (let i = 0; i < list.length; i += listMax) await this.askFor(list.slice(i, i + listMax));
    }
  }

  private async askFor(instances: readonly ExpectedInstance[], meter?: GapMeter): Promise<void> {
    if (instances.length === 0) return;
    const { seriesInstanceUid } = instances[0];
    const ask = { seriesInstanceUid, instances, whole: false, meter };
    try {
      await this.ask(ask, this.stop.signal);
    } catch (error) {
      // A warm association may have been closed by the PACS meanwhile; nothing was spoilt, so once more on a fresh one.
      if (this.stop.signal.aborted || GatewayError.of(error)?.entry !== pacsErrors.lost) throw error;
      const left = instances.filter(({ sopInstanceUid }) => this.state.get(sopInstanceUid) === 'wanted');
      if (left.length > 0) await this.ask({ ...ask, instances: left }, this.stop.signal);
    }
  }

  private async ask(what: AskDetails, signal: AbortSignal): Promise<void> {
    const { seriesInstanceUid, instances, whole } = what;
    const uids = new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid));
    let arrived = 0;
    let progress = 0;
    let seen = -1;
    const ask: Ask = {
      studyInstanceUid: this.request.studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUids: whole ? undefined : [...uids],
      sopClassUids: [...new Set(instances.map(({ sopClassUid }) => sopClassUid))],
      owner: this,
      expects: (uid) => uids.has(uid) && this.state.get(uid) === 'wanted',
      open: (store) => {
        arrived += 1;
        return this.open(store, what, () => (progress += 1));
      },
      isAlive: () => {
        const alive = this.funnel.isBlocked || progress !== seen;
        seen = progress;
        return alive;
      },
    };
    this.active += 1;
    this.parallel = Math.max(this.parallel, this.active);
    try {
      const result = await this.channel.ask(ask, AbortSignal.any([signal, this.stop.signal]));
      await this.awaitStragglers(() => arrived, result.completed, uids);
      this.noteStatus(result.status, uids);
    } finally {
      this.active -= 1;
    }
  }

  private open(store: StoreRequest, what: AskDetails, onProgress: () => void): StoreTarget | number {
    const uid = store.sopInstanceUid;
    if (this.failure || !this.expected.has(uid)) {
      what.onStranger?.();
      return what.whole ? discarding(dimseStatus.success) : dimseStatus.notAuthorized;
    }
    if (this.state.get(uid) !== 'wanted') return discarding(dimseStatus.success);
    this.state.set(uid, 'arriving');
    const { sopClassUid, transferSyntaxUid } = store;
    const parcel = this.funnel.open({ sopClassUid, sopInstanceUid: uid, transferSyntaxUid });
    return this.target(uid, parcel, what, onProgress);
  }

  private target(uid: string, parcel: Parcel, what: AskDetails, onProgress: () => void): StoreTarget {
    let bytes = 0;
    return {
      write: (piece) => {
        bytes += piece.length;
        onProgress();
        return parcel.write(piece);
      },
      drained: () => parcel.drained(),
      end: () => {
        const now = performance.now();
        this.firstMs ??= now - this.startedMs;
        this.state.set(uid, 'delivered');
        this.bytes += bytes;
        const syntax = parcel.header.transferSyntaxUid;
        this.syntaxes.set(syntax, (this.syntaxes.get(syntax) ?? 0) + 1);
        parcel.end();
        what.meter?.note(now, bytes);
        what.watch?.();
        return dimseStatus.success;
      },
      cut: (reason) => {
        this.state.set(uid, 'wanted');
        if (parcel.cut(reason))
          this.fail(GatewayError.of(reason) ?? new GatewayError(pacsErrors.lost, { cause: reason }));
      },
    };
  }

  /** Some PACS answer a C-MOVE before its last sub-operations are over. */
  private async awaitStragglers(arrived: () => number, completed: number, uids: ReadonlySet<string>): Promise<void> {
    const isUnderWay = (): boolean => [...uids].some((uid) => this.state.get(uid) === 'arriving');
    const isShort = (): boolean => arrived() < completed && [...uids].some((uid) => this.state.get(uid) === 'wanted');
    for (
      let quietMs = 0;
      (isUnderWay() || (isShort() && quietMs < 1_000)) && !this.stop.signal.aborted;
      quietMs += 20
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private noteStatus(status: number, uids: ReadonlySet<string>): void {
    if (statusKind(status) === 'success') return;
    for (const uid of uids) if (this.state.get(uid) === 'wanted') this.statuses.set(uid, status);
    const nothingCame = this.delivered === 0 && ![...this.state.values()].some((s) => s !== 'wanted');
    if (nothingCame && fatalStatuses.has(status)) {
      throw new GatewayError(status === dimseStatus.outOfResources ? pacsErrors.tooMany : pacsErrors.refused, {
        detail: `${this.channel.method} answered ${statusText(status)}`,
      });
    }
  }

  private async outcome(): Promise<RetrievalOutcome> {
    return {
      delivered: this.delivered,
      bytes: this.bytes,
      undelivered: await this.undelivered(),
      transferSyntaxes: this.syntaxes,
      firstInstanceMs: this.firstMs,
      totalMs: performance.now() - this.startedMs,
      method: this.channel.method,
      parallel: this.parallel,
      shared: false,
    };
  }

  private async undelivered(): Promise<UndeliveredInstance[]> {
    const missing = this.wanted();
    const named: UndeliveredInstance[] = [];
    for (const series of new Set(missing.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const ofSeries = missing.filter(({ seriesInstanceUid }) => seriesInstanceUid === series);
      const uids = ofSeries.map(({ sopInstanceUid }) => sopInstanceUid);
      const held = await this.channel.held(this.request.studyInstanceUid, series, uids).catch(() => undefined);
      for (const instance of ofSeries) {
        const isAbsent = held !== undefined && !held.has(instance.sopInstanceUid);
        const status = this.statuses.get(instance.sopInstanceUid);
        named.push({ ...instance, reason: isAbsent ? 'not-in-pacs' : 'failed', status });
      }
    }
    return named;
  }
}

interface AskDetails {
  readonly seriesInstanceUid: string;
  readonly instances: readonly ExpectedInstance[];
  readonly whole: boolean;
  readonly meter?: GapMeter;
  readonly watch?: () => void;
  readonly onStranger?: () => void;
}

/** Statuses that no second request would change: destination unknown, class not supported, not authorised, no resources. */
const fatalStatuses: ReadonlySet<number> = new Set([
  dimseStatus.moveDestinationUnknown,
  dimseStatus.sopClassNotSupported,
  dimseStatus.notAuthorized,
  dimseStatus.outOfResources,
]);
