import { buildConnector, Dispatcher, Pool } from 'undici';
import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { DicomWebPacsConfig } from '../pacs.config';
import { TlsOptionsNow } from '../pacs-tls';
import { AuthorizationFile } from './credentials';
import { DicomWebSettings } from './dicomweb-settings';
import { Holder } from '../retrieval/places';
import { connectionError } from './http-errors';
import { AnswerReader, WireClient, WireServer } from './wire';

export type { AnswerReader } from './wire';
export type AnswerHead = Parameters<AnswerReader['head']>[0];

export interface HttpRequest {
  readonly method?: 'GET' | 'POST';
  /** Below the configured address, beginning with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.DispatchOptions['body'];
  /** Queries have connections of their own, which neither stores nor long retrievals can take away. */
  readonly lane: 'query' | 'store';
  readonly signal?: AbortSignal;
}

/** Connections kept for queries, and for stores, beside those of retrievals. */
const besideConnections = 2;

/** A request for images. */
export interface ImageRequest {
  /** Below the configured address, beginning with a slash. */
  readonly path: string;
  readonly accept: string;
  readonly holder?: Holder;
  readonly signal?: AbortSignal;
}

/** A connection is not used again when the PACS will close it within this time; a GET that meets the end is sent once more. */
const keepAliveMarginMs = 250;

/**
 * HTTP with one PACS: kept connections, timers, no redirect, no decompression. Images come by a reader of our own, which
 * spends a third of the processor time (bench/NOTES.md); queries and stores go by undici.
 */
export class DicomWebHttp {
  private readonly pools: Readonly<Record<HttpRequest['lane'], Pool>>;
  private readonly images: WireClient;
  private readonly basePath: string;
  private readonly authorization: AuthorizationFile | undefined;

  constructor(
    config: DicomWebPacsConfig,
    private readonly settings: DicomWebSettings,
    tls?: TlsOptionsNow,
  ) {
    const url = new URL(config.url);
    if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
      throw new Error(`the address of the PACS ${config.id} must be http(s), without credentials, query or fragment`);
    }
    this.basePath = url.pathname.replace(/\/+$/, '');
    this.authorization = config.authorizationFile ? new AuthorizationFile(config.authorizationFile) : undefined;
    const pool = (connections: number): Pool =>
      new Pool(url.origin, {
        connections,
        pipelining: 1,
        headersTimeout: settings.silenceMs,
        bodyTimeout: settings.silenceMs,
        keepAliveTimeout: settings.warmMs,
        keepAliveMaxTimeout: settings.warmMs,
        // Orthanc announces one second: with undici's own margin of two, no connection would ever be used again.
        keepAliveTimeoutThreshold: keepAliveMarginMs,
        maxHeaderSize: settings.headerBytesMax,
        connect: connector(tls, settings.connectTimeoutMs),
      });
    this.pools = { query: pool(besideConnections), store: pool(besideConnections) };
    this.images = new WireClient({
      ...settings,
      server: serverOf(url, tls),
      authority: url.host,
      maxConnections: config.maxConnections,
    });
  }

  /** Resolves with the head when the body has been read whole. Rejects with `pacsErrors`, or with the signal's reason. */
  async getImages(request: ImageRequest, reader: AnswerReader): Promise<AnswerHead> {
    const { path, accept, holder, signal } = request;
    signal?.throwIfAborted();
    const headers: Record<string, string> = { accept, 'accept-encoding': 'identity' };
    if (this.authorization) headers.authorization = await this.authorization.value();
    try {
      return await this.images.get({ path: this.basePath + path, headers, holder, signal }, plainOnly(reader));
    } catch (error) {
      if (signal?.aborted) throw error;
      throw connectionError(error);
    }
  }

  /** Resolves with the head when the body has been read whole. Rejects with `pacsErrors`, or with the signal's reason. */
  async exchange(request: HttpRequest, reader: AnswerReader): Promise<AnswerHead> {
    request.signal?.throwIfAborted();
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers };
    if (this.authorization) headers.authorization = await this.authorization.value();
    request.signal?.throwIfAborted();
    try {
      return await this.attempt(request, headers, reader);
    } catch (error) {
      // A kept connection may be closed by the PACS just as it is used again (RFC 9112 9.3.1): once more, on another one.
      const isStale = request.method !== 'POST' && error instanceof Unanswered && !request.signal?.aborted;
      if (!isStale) throw error instanceof Unanswered ? error.cause : error;
    }
    return this.attempt(request, headers, reader).catch((error: unknown) => {
      throw error instanceof Unanswered ? error.cause : error;
    });
  }

  private attempt(request: HttpRequest, headers: Record<string, string>, reader: AnswerReader): Promise<AnswerHead> {
    const exchange = new Exchange(reader, request.signal, this.settings.queueMs);
    const { method = 'GET', body = null } = request;
    this.pools[request.lane].dispatch({ method, path: this.basePath + request.path, headers, body }, exchange);
    return exchange.done;
  }

  async close(): Promise<void> {
    this.images.close();
    await Promise.all(Object.values(this.pools).map((pool) => pool.destroy()));
  }
}

function refuseCompressed({ header }: AnswerHead): void {
  const encoding = header('content-encoding');
  if (encoding === '' || encoding === 'identity') return;
  throw new GatewayError(pacsErrors.malformed, { detail: 'compressed answer that was not asked for' });
}

function plainOnly(reader: AnswerReader): AnswerReader {
  return {
    head: (head) => {
      refuseCompressed(head);
      reader.head(head);
    },
    data: (chunk) => reader.data(chunk),
    drained: () => reader.drained(),
    end: () => reader.end(),
  };
}

function serverOf(url: URL, tls: TlsOptionsNow | undefined): WireServer {
  const isTls = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isTls ? 443 : 80),
    tls: isTls ? (tls ?? (() => ({ minVersion: 'TLSv1.2' as const }))) : undefined,
  };
}

function connector(tls: TlsOptionsNow | undefined, timeout: number): buildConnector.connector {
  if (!tls) return buildConnector({ timeout });
  return (options, callback) =>
    buildConnector({ ...(tls() as buildConnector.BuildOptions), timeout })(options, callback);
}

/** The connection was lost before the first byte of an answer. */
class Unanswered extends Error {
  constructor(override readonly cause: GatewayError) {
    super('no answer');
  }
}

/** One request from the queue to the last byte of its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly done: Promise<AnswerHead>;
  private resolve!: (head: AnswerHead) => void;
  private reject!: (reason: Error) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private answer: AnswerHead | undefined;
  private failure: Error | undefined;
  private readonly queueTimer: NodeJS.Timeout;
  private readonly leave = (): void => {
    const reason: unknown = this.signal?.reason;
    this.stop(reason instanceof Error ? reason : new Error('aborted'));
  };

  constructor(
    private readonly reader: AnswerReader,
    private readonly signal: AbortSignal | undefined,
    queueMs: number,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.queueTimer = setTimeout(
      () => this.stop(new GatewayError(pacsErrors.tooMany, { detail: 'no free connection' })),
      queueMs,
    );
    signal?.addEventListener('abort', this.leave, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.queueTimer);
    this.controller = controller;
    if (this.failure) controller.abort(this.failure);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const header = (name: string): string => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : (value ?? '');
    };
    const answer = { status, header };
    this.answer = answer;
    this.guard(() => {
      refuseCompressed(answer);
      this.reader.head(answer);
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.failure) return;
    this.guard(() => {
      if (this.reader.data(chunk)) return;
      controller.pause();
      const go = (): void => controller.resume();
      this.reader.drained().then(go, go);
    });
  }

  onResponseEnd(): void {
    if (this.failure || !this.answer) return;
    this.guard(() => this.reader.end());
    if (this.failure) return;
    this.settle();
    this.resolve(this.answer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const failure = connectionError(error);
    this.stop(!this.answer && failure.entry === pacsErrors.lost ? new Unanswered(failure) : failure);
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.stop(connectionError(error));
    }
  }

  /** The connection is destroyed, so that the PACS stops working for nobody. */
  private stop(reason: Error): void {
    if (this.failure) return;
    this.failure = reason;
    this.settle();
    this.controller?.abort(reason);
    this.reject(reason);
  }

  private settle(): void {
    clearTimeout(this.queueTimer);
    this.signal?.removeEventListener('abort', this.leave);
  }
}
