import { createServer as createPlainServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, ServerOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { GatewayError, platformErrors } from '../errors';
import { acceptCorrelationId, Logger, runWithCorrelation } from '../logging';
import { AccessKind } from './access';
import { logFailure, sendProblem, toGatewayError } from './problem';

/** One request under way on a listener that bypasses the framework (see docs/adr/0002). */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path without query string, still percent-encoded. */
  readonly path: string;
  readonly correlationId: string;
  /** Aborted when the caller leaves before the answer is complete, or when the listener closes. */
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
  /** A connection on which nothing moves for this long is destroyed, ms: a caller that never reads. */
  readonly idleMsMax?: number;
  /** All header bytes of a request. */
  readonly headerBytesMax: number;
}

/**
 * A small HTTP(S) listener for the image path: no framework, no body hashing, answers written straight to the socket.
 * Every request gets a correlation id and an abort signal; every failure ends as a problem or a reset connection.
 */
export class RawListener {
  private server?: Server;
  private readonly sockets = new Set<Socket>();
  private readonly underWay = new Set<AbortController>();
  private readonly logger: Logger;

  constructor(
    private readonly name: string,
    private readonly routes: readonly RawRoute[],
    private readonly limits: RawListenerLimits,
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
    const onRequest = (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response);
    const common = { maxHeaderSize: this.limits.headerBytesMax, noDelay: true, keepAliveTimeout: 65_000 };
    const server = tls ? createTlsServer({ ...tls, ...common }, onRequest) : createPlainServer(common, onRequest);
    server.headersTimeout = this.limits.headersMsMax;
    server.requestTimeout = this.limits.headersMsMax * 2;
    server.maxConnections = this.limits.connectionsMax;
    if (this.limits.idleMsMax !== undefined) server.setTimeout(this.limits.idleMsMax, (socket) => socket.destroy());
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('clientError', (_error, socket: Socket) => {
      if (!socket.writable || socket.destroyed) return;
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
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

  /** Refuses new connections, lets answers under way end for `graceMs`, then cuts what is left. */
  async close(graceMs = 5_000): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const controller of this.underWay) controller.abort();
      for (const socket of this.sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const correlationId = acceptCorrelationId(headerText(request, 'x-correlation-id'));
    const controller = new AbortController();
    this.underWay.add(controller);
    response.once('close', () => {
      this.underWay.delete(controller);
      if (!response.writableFinished) controller.abort();
    });
    const path = request.url?.split('?', 1)[0] ?? '/';
    await runWithCorrelation(correlationId, async () => {
      try {
        const route = this.route(request.method ?? 'GET', path);
        await route.handle({ request, response, path, correlationId, signal: controller.signal });
      } catch (thrown) {
        const error = toGatewayError(thrown);
        if (!controller.signal.aborted) logFailure(this.logger, error);
        sendProblem(response, error, correlationId, challenge(error));
      }
    });
  }

  private route(method: string, path: string): RawRoute {
    const here = this.routes.filter((route) => route.matches(path));
    if (here.length === 0) throw new GatewayError(platformErrors.notFound);
    const route = here.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method));
    if (!route || method === 'HEAD') throw new GatewayError(platformErrors.methodNotAllowed);
    return route;
  }
}

/** RFC 6750 asks for the scheme with every 401. */
function challenge(error: GatewayError): Record<string, string> {
  return error.entry.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="drimbox"' } : {};
}

/** The single value of a header; several lines are joined as RFC 9110 allows. */
export function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
