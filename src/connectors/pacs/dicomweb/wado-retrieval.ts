import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance, InstanceSink, RetrievalOutcome, RetrievalRequest, UndeliveredInstance } from '../pacs.port';
import { Delivery } from './delivery';
import { DicomWebSettings } from './dicomweb-settings';
import { DicomWebHttp } from './http-client';
import { pause } from '../retrieval/pause';
import { Holder } from '../retrieval/places';
import { statusError } from './http-errors';
import { uidSegment } from './qido';
import { WadoBody } from './wado-body';

/** Stored bytes as they are: without `transfer-syntax=*` a server converts to explicit little endian (PS3.18 8.7.3.5). */
const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
/** From this many expected instances on, a series is asked for as a whole; below, one request for each. */
export const wholeSeriesFrom = 16;
/** Requests for single instances under way at once in one retrieval. */
const singlesAtOnce = 4;
/** Failures of the server in a row after which it is not asked for the next instance. */
const failuresMax = 16;
const isAbsence = (status: number): boolean => status === 404 || status === 410;

/**
 * One retrieval by WADO-RS. The first instance is asked for alone, since it comes at once whatever the size of its series,
 * while the series is asked for beside it; few instances are asked for one by one. What did not come is asked again alone.
 */
export class WadoRetrieval {
  private readonly delivery: Delivery;
  private readonly holder: Holder;
  private readonly statuses = new Map<string, number>();
  /** Asked for alone, and something else than a DICOM file came. */
  private readonly unreadable = new Set<string>();
  private active = 0;
  private parallel = 0;
  private failuresInARow = 0;
  private busy: GatewayError | undefined;

  constructor(
    private readonly request: RetrievalRequest,
    sink: InstanceSink,
    private readonly http: DicomWebHttp,
    private readonly settings: DicomWebSettings,
  ) {
    const delivery = new Delivery(request, sink);
    this.delivery = delivery;
    this.holder = {
      caller: request.caller ?? '',
      blockedMs: () => delivery.blockedMs,
      giveUp: (reason) => delivery.fail(reason),
    };
  }

  async run(signal?: AbortSignal): Promise<RetrievalOutcome> {
    const { delivery } = this;
    const leave = (): void => delivery.fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal?.aborted) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await this.fetchAll();
      await this.askAgain();
      await delivery.flushed();
      if (delivery.failed) throw delivery.failed;
      return this.outcome();
    } catch (error) {
      const reason = delivery.failed ?? (error instanceof Error ? error : new Error('retrieval failed'));
      delivery.fail(reason);
      throw reason;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  private async fetchAll(): Promise<void> {
    const bySeries = new Map<string, ExpectedInstance[]>();
    for (const instance of this.delivery.wanted()) {
      const list = bySeries.get(instance.seriesInstanceUid) ?? [];
      if (list.push(instance) === 1) bySeries.set(instance.seriesInstanceUid, list);
    }
    const groups = [...bySeries.values()];
    const whole = groups.filter((list) => list.length >= wholeSeriesFrom);
    const singles = groups.filter((list) => list.length < wholeSeriesFrom).flat();
    // The very first image of the request, unless it is among the singles anyway.
    const head = whole.length > 0 && groups[0] === whole[0] ? [whole[0][0]] : [];
    await all([this.fetchSingles([...head, ...singles]), this.fetchSeries(whole)]);
  }

  private async fetchSeries(groups: readonly (readonly ExpectedInstance[])[]): Promise<void> {
    for (const group of groups) {
      try {
        await this.getSeries(group);
      } catch (error) {
        // A series that fails as a whole may still give its instances, which are asked for alone next.
        this.survive(error);
      }
    }
  }

  /** Goes on after a failure of one request, unless it tells that all the others would fail too. */
  private survive(error: unknown): void {
    if (!this.delivery.stopped.aborted && isWorthAskingAgain(error)) {
      const failure = GatewayError.of(error);
      if (failure?.entry === pacsErrors.tooMany) this.busy = failure;
      return;
    }
    this.delivery.fail(error instanceof Error ? error : new Error('retrieval failed'));
    throw error;
  }

  private async getSeries(group: readonly ExpectedInstance[]): Promise<void> {
    const { seriesInstanceUid } = group[0];
    const strangersMax = 2 * group.length + 50;
    let strangers = 0;
    const body = new WadoBody({
      settings: this.settings,
      partsMax: group.length + strangersMax,
      knows: (uid) => this.delivery.isExpected(uid),
      open: (header) => {
        if (!this.delivery.isExpected(header.sopInstanceUid) && ++strangers > strangersMax) {
          throw new GatewayError(pacsErrors.malformed, { detail: 'the series is far larger than expected' });
        }
        return this.delivery.open(header);
      },
    });
    await this.get(`/series/${uidSegment(seriesInstanceUid)}`, body);
    if (!isAbsence(body.status) && body.status >= 300) throw statusError(body.status, body.retryAfter);
  }

  /** Several at once; a request follows only when the instance of the one before has left, so that memory is bounded. */
  private async fetchSingles(list: readonly ExpectedInstance[]): Promise<void> {
    const queue = [...list];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (this.delivery.stopped.aborted || this.busy || this.failuresInARow >= failuresMax) return;
        if (this.delivery.isWanted(next.sopInstanceUid)) await this.fetchSingle(next);
      }
    };
    await all(Array.from({ length: Math.min(singlesAtOnce, list.length) }, worker));
  }

  private async fetchSingle(instance: ExpectedInstance): Promise<void> {
    const { seriesInstanceUid, sopInstanceUid } = instance;
    const path = `/series/${uidSegment(seriesInstanceUid)}/instances/${uidSegment(sopInstanceUid)}`;
    const body = new WadoBody({
      settings: this.settings,
      partsMax: 16,
      knows: (uid) => uid === sopInstanceUid,
      open: (header) => (header.sopInstanceUid === sopInstanceUid ? this.delivery.open(header) : undefined),
    });
    try {
      await this.get(path, body);
      this.statuses.set(sopInstanceUid, body.status);
      if (body.unreadable > 0) this.unreadable.add(sopInstanceUid);
      this.failuresInARow = isAbsence(body.status) || body.status < 300 ? 0 : this.failuresInARow + 1;
      if (body.status < 300 || isAbsence(body.status)) return;
      throw statusError(body.status, body.retryAfter);
    } catch (error) {
      this.survive(error);
    }
  }

  private async get(path: string, body: WadoBody): Promise<void> {
    const { studyInstanceUid } = this.request;
    const signal = this.delivery.stopped;
    this.active += 1;
    this.parallel = Math.max(this.parallel, this.active);
    const target = { path: `/studies/${uidSegment(studyInstanceUid)}${path}`, accept, holder: this.holder, signal };
    try {
      await this.http.getImages(target, body);
      await body.drained();
    } catch (error) {
      body.cut(error instanceof Error ? error : new Error('exchange failed'));
      throw error;
    } finally {
      this.active -= 1;
    }
  }

  /** What did not come, once more, each alone. A server that said it is busy gets a moment first. */
  private async askAgain(): Promise<void> {
    const { delivery } = this;
    const again = delivery.wanted().filter(({ sopInstanceUid }) => !isAbsence(this.statuses.get(sopInstanceUid) ?? 0));
    if (again.length === 0 || delivery.stopped.aborted) return;
    if (this.busy) await pause(Math.min((this.busy.retryAfterSeconds ?? 1) * 1_000, 2_000), delivery.stopped);
    this.busy = undefined;
    this.failuresInARow = 0;
    await this.fetchSingles(again);
    if (this.busy && delivery.delivered === 0) throw this.busy as GatewayError;
  }

  private outcome(): RetrievalOutcome {
    const { delivery } = this;
    return {
      delivered: delivery.delivered,
      bytes: delivery.bytes,
      undelivered: delivery.wanted().map((instance) => this.named(instance)),
      transferSyntaxes: delivery.syntaxes,
      firstInstanceMs: delivery.firstMs,
      totalMs: delivery.elapsedMs,
      method: 'dicomweb',
      parallel: this.parallel,
      shared: false,
    };
  }

  private named(instance: ExpectedInstance): UndeliveredInstance {
    const status = this.statuses.get(instance.sopInstanceUid);
    return { ...instance, reason: this.reasonOf(instance.sopInstanceUid, status ?? 0), status };
  }

  private reasonOf(sopInstanceUid: string, status: number): UndeliveredInstance['reason'] {
    if (this.delivery.foreigners.has(sopInstanceUid)) return 'foreign';
    if (isAbsence(status)) return 'not-in-pacs';
    return this.unreadable.has(sopInstanceUid) ? 'unreadable' : 'failed';
  }
}

/** Waits for all, even after a failure: nothing goes on behind the back of the caller. Then throws the first failure. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(works);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** A PACS that cannot be reached, refuses us or keeps silent would do the same for each instance. */
function isWorthAskingAgain(error: unknown): boolean {
  const entry = GatewayError.of(error)?.entry;
  const hopeless = [pacsErrors.unreachable, pacsErrors.refused, pacsErrors.tooSlow];
  return entry !== undefined && !hopeless.some((one) => one === entry);
}
