import { createServer as createPlainServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, ServerOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { ErrorEntry, GatewayError, platformErrors } from '../errors';
import { acceptCorrelationId, Logger, newCorrelationId, runWithCorrelation } from '../logging';
import { AccessKind } from './access';
import { logFailure, rawProblem, sendProblem, toGatewayError } from './problem';

/** One request under way on a listener that bypasses the framework (see docs/adr/0002). */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path without query string, still percent-encoded. */
  readonly path: string;
  readonly correlationId: string;
  /** Aborted with a `CallerGone` when the caller leaves before the answer is complete, or when the listener closes. */
  readonly signal: AbortSignal;
}

export interface RawRoute {
  readonly name: string;
  readonly method: 'GET' | 'OPTIONS' | 'POST';
  /** Who may call it; the handler performs the check by its admission steps. */
  readonly access: AccessKind;
  /** Says whether the path is this route's. */
  matches(path: string): boolean;
  handle(exchange: Exchange): Promise<void>;
}

export interface RawListenerLimits {
  /** Connections open at once; the next ones are closed. */
  readonly connectionsMax: number;
  /** Time a client has for sending its headers, ms. */
  readonly headersMsMax: number;
  /** A caller that takes no byte of its answer for this long is disconnected, ms; so is one that asks for nothing. */
  readonly idleMsMax?: number;
  /** All header bytes of a request. */
  readonly headerBytesMax: number;
}

/** What a room adds to a listener. */
export interface RawListenerHooks {
  /** Runs before a route is chosen: who is not let in does not learn which addresses exist. Throws to refuse. */
  readonly guard?: (exchange: Exchange) => void;
  /** Told of what was refused before a route took over, for the audit; awaited before the answer. */
  readonly refused?: (exchange: Exchange, error: GatewayError) => Promise<void>;
}

/** Time that handlers have after the last connection was closed. */
const handlersMsMax = 3_000;

export type CallerGoneWhy = 'left' | 'stalled' | 'dismissed' | 'closing';

/** Why an exchange was aborted: the caller closed, took no byte for too long or is no longer let in, or the listener closes. */
export class CallerGone extends Error {
  constructor(readonly why: CallerGoneWhy) {
    super(`the exchange was aborted: ${why}`);
  }
}

/**
 * A small HTTP(S) listener for the image path: no framework, no body hashing, answers written straight to the socket.
 * Every request gets a correlation id and an abort signal; every failure ends as a problem or a reset connection.
 */
export class RawListener {
  private server?: Server;
  /** TCP connections by their other end: below TLS, only they can be reset. */
  private readonly sockets = new Map<string, Socket>();
  private readonly underWay = new Set<AbortController>();
  /** Requests whose handler has not ended: an aborted one still has to leave its audit record. */
  private readonly handled = new Set<Promise<void>>();
  /** Answers not yet complete on each connection. */
  private readonly answering = new WeakMap<Socket, number>();
  /** Connections that we end, and why. */
  private readonly ended = new WeakMap<Socket, CallerGoneWhy>();
  private readonly logger: Logger;

  constructor(
    private readonly name: string,
    private readonly routes: readonly RawRoute[],
    private readonly limits: RawListenerLimits,
    private readonly hooks: RawListenerHooks = {},
  ) {
    this.logger = new Logger(name);
  }

  /** Opens the port; resolves with the port bound. `prepare` sees the TLS server before its first connection. */
  async listen(
    host: string,
    port: number,
    tls?: ServerOptions,
    prepare?: (server: TlsServer) => void,
  ): Promise<number> {
    if (this.routes.length === 0) throw new Error(`${this.name}: a listener without a route does not open`);
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      const handled = this.serve(request, response)
        .catch((cause: Error) => {
          // A fault while a failure was being told: one connection pays for it, not the process.
          this.logger.error({ cause: cause.message }, 'an answer could not be ended');
          request.socket.destroy();
        })
        .finally(() => this.handled.delete(handled));
      this.handled.add(handled);
    };
    const { headerBytesMax, headersMsMax } = this.limits;
    const common = {
      maxHeaderSize: headerBytesMax,
      noDelay: true,
      keepAliveTimeout: 65_000,
      headersTimeout: headersMsMax,
      requestTimeout: headersMsMax * 2,
      connectionsCheckingInterval: Math.ceil(headersMsMax / 4),
    };
    const server = tls
      ? createTlsServer({ ...tls, ...common, handshakeTimeout: headersMsMax }, onRequest)
      : createPlainServer(common, onRequest);
    server.maxConnections = this.limits.connectionsMax;
    if (this.limits.idleMsMax !== undefined)
      server.setTimeout(this.limits.idleMsMax, (socket: Socket) => this.letIdleGo(socket));
    server.on('connection', (socket: Socket) => {
      const end = otherEnd(socket);
      this.sockets.set(end, socket);
      socket.once('close', () => {
        if (this.sockets.get(end) === socket) this.sockets.delete(end);
      });
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.refuseUnreadable(error, socket));
    if (tls) prepare?.(server as unknown as TlsServer);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.server = server;
    return (server.address() as { port: number }).port;
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** Notes that this connection is about to be ended because its peer is no longer let in: not the caller's own leaving. */
  dismiss(socket: Socket): void {
    this.ended.set(socket, 'dismissed');
  }

  /** Refuses new connections, lets answers under way end for `graceMs`, then cuts what is left. */
  async close(graceMs = 5_000): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const controller of this.underWay) controller.abort(new CallerGone('closing'));
      for (const socket of this.sockets.values()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    // What was cut still tells the audit why; a handler that never ends does not keep the process.
    let patience: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => (patience = setTimeout(resolve, handlersMsMax)));
    await Promise.race([Promise.all(this.handled), enough]);
    clearTimeout(patience);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const correlationId = acceptCorrelationId(headerText(request, 'x-correlation-id'));
    const controller = new AbortController();
    this.underWay.add(controller);
    this.countAnswer(request.socket, 1);
    const noticeLeft = closeWaitingAnswer(request.socket, response);
    response.once('close', () => {
      noticeLeft.stop();
      this.underWay.delete(controller);
      this.countAnswer(request.socket, -1);
      if (!response.writableFinished) controller.abort(new CallerGone(this.ended.get(request.socket) ?? 'left'));
    });
    const exchange = { request, response, path: pathOf(request.url), correlationId, signal: controller.signal };
    await runWithCorrelation(correlationId, async () => {
      try {
        const route = await this.admit(exchange);
        await route.handle(exchange);
      } catch (thrown) {
        const error = toGatewayError(thrown);
        if (!controller.signal.aborted) logFailure(this.logger, error);
        if (response.headersSent) this.cut(response);
        else sendProblem(response, error, correlationId, this.moreHeaders(exchange, error));
      }
    });
  }

  private async admit(exchange: Exchange): Promise<RawRoute> {
    try {
      this.hooks.guard?.(exchange);
      return this.route(exchange.request.method ?? 'GET', exchange.path);
    } catch (thrown) {
      const error = toGatewayError(thrown);
      await this.hooks.refused?.(exchange, error);
      throw error;
    }
  }

  private route(method: string, path: string): RawRoute {
    const here = this.routes.filter((route) => route.matches(path));
    if (here.length === 0) throw new GatewayError(platformErrors.notFound);
    const route = here.find((candidate) => candidate.method === method);
    if (!route) throw new GatewayError(platformErrors.methodNotAllowed);
    return route;
  }

  /** RFC 6750 asks for the scheme with every 401, RFC 9110 for the methods with every 405. */
  private moreHeaders(exchange: Exchange, error: GatewayError): Record<string, string> {
    if (error.entry.status === 401) return { 'WWW-Authenticate': 'Bearer realm="drimbox"' };
    if (error.entry !== platformErrors.methodNotAllowed) return {};
    const here = this.routes.filter((route) => route.matches(exchange.path));
    return { Allow: here.map(({ method }) => method).join(', ') };
  }

  /** A reset rather than an orderly end: what left so far must not look like the whole answer. */
  private cut(response: ServerResponse): void {
    if (response.socket) this.sockets.get(otherEnd(response.socket))?.resetAndDestroy();
    response.destroy();
  }

  private countAnswer(socket: Socket, step: 1 | -1): void {
    this.answering.set(socket, (this.answering.get(socket) ?? 0) + step);
  }

  /** Nothing moved for the limit: a caller that waits for its first image is not at fault, one that takes nothing is. */
  private letIdleGo(socket: Socket): void {
    const isAnswering = (this.answering.get(socket) ?? 0) > 0;
    if (isAnswering && socket.writableLength === 0) return;
    if (isAnswering) this.ended.set(socket, 'stalled');
    socket.destroy();
  }

  /** What is not HTTP, too large or too late; a handshake that fails has no one to answer to. While an answer is under way, a byte of ours would become part of it. */
  private refuseUnreadable({ code }: NodeJS.ErrnoException, socket: Socket): void {
    const isHttp = code?.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (!isHttp || !socket.writable || (this.answering.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const error = new GatewayError(unreadable[code ?? ''] ?? platformErrors.badRequest, { detail: code });
    const correlationId = newCorrelationId();
    runWithCorrelation(correlationId, () => logFailure(this.logger, error));
    socket.end(rawProblem(error, correlationId), () => socket.destroy());
  }
}

/**
 * node tells the end of a connection only to the answer that is being sent: one that waits its turn behind it (pipelining,
 * RFC 9112, 9.3.2) would wait for ever, with its place and its retrieval.
 */
function closeWaitingAnswer(socket: Socket, response: ServerResponse): { stop(): void } {
  const close = () => {
    response.destroy();
    response.emit('close');
  };
  socket.once('close', close);
  return { stop: () => socket.off('close', close) };
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

const unreadable: Readonly<Record<string, ErrorEntry>> = {
  HPE_HEADER_OVERFLOW: platformErrors.headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: platformErrors.requestTooSlow,
};

/** Without the query string; of an address in absolute form, the path alone (RFC 9112, 3.2.2). */
function pathOf(target = '/'): string {
  const path = target.split('?', 1)[0] ?? '/';
  return path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

/** The single value of a header; several lines are joined as RFC 9110 allows. */
export function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
