import { type Dispatcher, request } from 'undici';
import { GatewayError } from '../../platform/errors';
import { correlationId } from '../../platform/logging';
import { ByteBudget } from '../../platform/memory';
import { counter, histogram } from '../../platform/metrics';
import { isUid } from '../../standards/dicom';
import { acceptList, type ImageNeed } from './accept-lists';
import { exchangeError, isIllness, statusError } from './answer-errors';
import { answerParts, type PeerPart } from './answer-parts';
import { CircuitBreaker } from './circuit-breaker';
import { peerAddress, type SeriesAddress } from './peer-address';
import { peerErrors } from './peer.errors';
import type { StructureDispatchers } from './structure-dispatchers';

/** In whose name another gateway is asked: token and certificate are always of the same professional and structure. */
export interface Asker {
  readonly accessToken: string;
  /** Identifiers of the structure for which the professional acts: they choose the client certificate. */
  readonly structureIds: readonly string[];
}

/** A series, or one instance of it, to be fetched from the gateway that published it. */
export interface PeerRequest extends SeriesAddress {
  /** SOP instance UID of the manifest that lists it: header `KOS-SOPInstanceUID`. */
  readonly kosSopInstanceUid: string;
  readonly need: ImageNeed;
  /** Gives a token that lives at least that long; asked for only once the host is known to be listed. */
  readonly asker: (lifeMs?: number) => Promise<Asker>;
  /** More objects than this in one answer make it malformed. */
  readonly partsMax: number;
}

/** Which hosts may be asked (`WhitelistService` fits). */
export interface ListedHosts {
  isListedHost(hostname: string): unknown;
  onChange(listener: () => void): () => void;
}

export interface PeerSettings {
  readonly silenceMs: number;
  readonly exchangeMsMax: number;
  readonly objectBytesMax: number;
  /** Of objects on their way in memory, over all answers; an object larger than it still passes, alone. */
  readonly inFlightBytesMax?: number;
  readonly failuresMax: number;
  readonly suspensionMs: number;
}

const metrics = {
  requests: counter('peer_requests_total', 'Requests to other gateways, by outcome', ['outcome']),
  bytes: counter('peer_received_bytes_total', 'Bytes of objects received from other gateways'),
  firstObject: histogram('peer_first_object_seconds', 'From a request to its first whole object'),
};

/** Life that a token must have left when a request leaves: the source asks Pro Santé Connect about it on arrival. */
const tokenLifeMs = 30_000;
const freshTokenLifeMs = 90_000;
const refusalBytesMax = 64 * 1024;

interface Running {
  readonly hostname: string;
  readonly controller: AbortController;
}

/** WADO-RS client towards other gateways (IHE RAD-107): listed hosts only, https, no redirection, mutual TLS. */
export class PeerClient {
  private readonly breakers = new Map<string, CircuitBreaker>();
  private readonly running = new Set<Running>();
  private readonly inFlight: ByteBudget;
  private readonly stopWatching: () => void;

  constructor(
    private readonly dispatchers: StructureDispatchers,
    private readonly hosts: ListedHosts,
    private readonly settings: PeerSettings,
    private readonly now: () => number = Date.now,
  ) {
    this.inFlight = new ByteBudget(settings.inFlightBytesMax ?? Number.MAX_SAFE_INTEGER);
    this.stopWatching = hosts.onChange(() => this.stopUnlisted());
  }

  /** Hosts left alone at the moment, for health. */
  suspended(): string[] {
    return [...this.breakers].filter(([, breaker]) => breaker.isOpen).map(([origin]) => origin);
  }

  /**
   * The objects of the answer, each as soon as it is whole and while the caller asks for more.
   * @throws GatewayError of `peerErrors`, also after some objects (a cut answer); the signal's reason when aborted
   */
  async *fetch(wanted: PeerRequest, signal: AbortSignal): AsyncGenerator<PeerPart> {
    const url = peerAddress(wanted);
    this.refuseUnlisted(url);
    if (this.dispatchers.isEmpty) throw new GatewayError(peerErrors.notConfigured);
    const breaker = this.breakerOf(url);
    const waitMs = breaker.admit();
    if (waitMs > 0) throw new GatewayError(peerErrors.suspended, { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    const running = { hostname: url.hostname, controller: new AbortController() };
    this.running.add(running);
    const late = AbortSignal.timeout(this.settings.exchangeMsMax);
    const all = AbortSignal.any([signal, late, running.controller.signal]);
    let failure: GatewayError | undefined;
    let isDone = false;
    try {
      yield* this.exchange(url, wanted, all);
      isDone = true;
    } catch (error) {
      signal.throwIfAborted();
      failure = exchangeError(all.aborted ? all.reason : error);
      throw failure;
    } finally {
      this.running.delete(running);
      running.controller.abort();
      if (failure && isIllness(failure)) breaker.failed();
      else if (isDone || failure) breaker.succeeded();
      else breaker.withdrawn();
      metrics.requests.inc({ outcome: failure?.code ?? (isDone ? 'success' : 'left') });
    }
  }

  async close(): Promise<void> {
    this.stopWatching();
    for (const { controller } of this.running)
      controller.abort(new GatewayError(peerErrors.cut, { detail: 'stopping' }));
    await this.dispatchers.close();
  }

  private async *exchange(url: URL, wanted: PeerRequest, signal: AbortSignal): AsyncGenerator<PeerPart> {
    const startedMs = performance.now();
    let answer = await this.ask(url, wanted, signal, tokenLifeMs);
    if (answer.statusCode === 401) {
      await dumped(answer);
      // The token may have ended on its way; the list may have changed while waiting.
      this.refuseUnlisted(url);
      answer = await this.ask(url, wanted, signal, freshTokenLifeMs);
    }
    const { statusCode, headers, body } = answer;
    if (statusCode !== 200 && statusCode !== 206) {
      await dumped(answer);
      throw statusError(statusCode, textOf(headers['retry-after']));
    }
    const encoding = textOf(headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') {
      body.destroy();
      throw new GatewayError(peerErrors.malformed, { detail: 'compressed answer that was not asked for' });
    }
    const { objectBytesMax } = this.settings;
    let isFirst = true;
    for await (const part of answerParts(textOf(headers['content-type']) ?? '', body, {
      objectBytesMax,
      partsMax: wanted.partsMax,
      inFlight: this.inFlight.lease(),
      signal,
    })) {
      if (isFirst) metrics.firstObject.observe((performance.now() - startedMs) / 1000);
      isFirst = false;
      if (part.kind === 'instance') metrics.bytes.inc(part.dataset.length);
      yield part;
    }
  }

  private async ask(
    url: URL,
    { kosSopInstanceUid, need, asker }: PeerRequest,
    signal: AbortSignal,
    lifeMs: number,
  ): Promise<Dispatcher.ResponseData> {
    if (!isUid(kosSopInstanceUid)) throw new GatewayError(peerErrors.addressInvalid, { detail: 'no manifest UID' });
    const { accessToken, structureIds } = await asker(lifeMs);
    const dispatcher = this.dispatchers.of(structureIds);
    if (!dispatcher) throw new GatewayError(peerErrors.noCertificate);
    const correlation = correlationId();
    const { silenceMs } = this.settings;
    return request(url, {
      dispatcher,
      signal,
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
      headers: {
        accept: acceptList(need),
        'accept-encoding': 'identity',
        authorization: `Bearer ${accessToken}`,
        'kos-sopinstanceuid': kosSopInstanceUid,
        ...(correlation ? { 'x-correlation-id': correlation } : {}),
      },
    });
  }

  private refuseUnlisted({ hostname }: URL): void {
    if (!this.hosts.isListedHost(hostname)) throw new GatewayError(peerErrors.unlisted);
  }

  private stopUnlisted(): void {
    for (const { hostname, controller } of this.running) {
      if (!this.hosts.isListedHost(hostname)) controller.abort(new GatewayError(peerErrors.unlisted));
    }
  }

  private breakerOf({ origin }: URL): CircuitBreaker {
    const known = this.breakers.get(origin);
    if (known) return known;
    const { failuresMax, suspensionMs } = this.settings;
    const made = new CircuitBreaker({ failuresMax, openMs: suspensionMs, now: this.now });
    this.breakers.set(origin, made);
    return made;
  }
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

/** Reads a refusal to its end, so that the connection can serve again; a long one costs the connection. */
async function dumped({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: refusalBytesMax }).catch(() => undefined);
}
