import { createServer, Server, Socket } from 'node:net';
import { createServer as createTlsServer, TlsOptions, TLSSocket, Server as TlsServer } from 'node:tls';
import { describeCause } from '../../platform/errors';
import { OwnProbes } from '../../platform/health';
import { Logger, newCorrelationId, runWithCorrelation } from '../../platform/logging';
import { onRefusedHandshake } from '../../platform/pki';
import type { MessageHandler } from './message-handler';
import { MllpSession, SessionLimits } from './mllp-session';
import { refusalNow } from './refusal';
import type { RefusalListener } from './refusal-trail';

export interface MllpServerOptions extends SessionLimits {
  readonly connectionsMax: number;
  readonly heldBytesMax: number;
  readonly tls?: TlsOptions;
}

/** Time a TLS client has for its handshake. */
const handshakeMsMax = 10_000;

/** Listens for MLLP, in clear text or over TLS, and gives every message to one handler. */
export class MllpServer {
  private readonly logger = new Logger('ris');
  private readonly sessions = new Set<MllpSession>();
  private readonly held = new Map<MllpSession | undefined, number>();
  private readonly server: Server;
  /** Connections by which the gateway asks this server itself. */
  readonly probes = new OwnProbes();
  private count = 0;

  constructor(
    private readonly options: MllpServerOptions,
    private readonly handler: MessageHandler,
    private readonly onRefusal: RefusalListener = () => undefined,
  ) {
    // allowHalfOpen: a sender that ends its side after its message still waits for the answer.
    this.server = options.tls
      ? createTlsServer(
          { ...options.tls, allowHalfOpen: true, handshakeTimeout: handshakeMsMax } as TlsOptions,
          (socket) => this.accept(socket),
        )
      : createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
    this.server.maxConnections = options.connectionsMax;
    this.server.on('drop', (dropped?: { remoteAddress?: string }) => {
      this.logger.warn({ limit: options.connectionsMax }, 'an HL7 connection over the limit was closed');
      this.onRefusal({
        reason: 'too-many-connections',
        address: dropped?.remoteAddress,
        detail: options.connectionsMax,
      });
    });
    if (options.tls)
      onRefusedHandshake(this.server as TlsServer, ({ reason: detail, address }, socket) => {
        if (this.probes.has(socket)) return;
        this.logger.warn({ reason: detail }, 'an HL7 TLS handshake was refused');
        this.onRefusal({ reason: 'handshake', address, detail });
      });
  }

  /** Opens the port. @returns the port bound. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as { port: number }).port;
  }

  get tlsServer(): TlsServer | undefined {
    return this.options.tls ? (this.server as TlsServer) : undefined;
  }

  get connections(): number {
    return this.sessions.size;
  }

  /** Takes no new connection nor message, answers those received whole, and cuts what is left after `graceMs`. */
  async close(graceMs = 10_000): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const session of this.sessions) session.finish();
    const timer = setTimeout(() => this.sessions.forEach((session) => session.destroy()), graceMs);
    await closed;
    clearTimeout(timer);
  }

  private accept(socket: Socket): void {
    this.count += 1;
    const id = `${this.options.tls ? 'mllps' : 'mllp'}-${this.count}`;
    const connection = { id, address: socket.remoteAddress ?? '', peer: peerOf(socket) };
    const session: MllpSession = new MllpSession(id, socket, this.options, {
      answer: (bytes) =>
        runWithCorrelation(newCorrelationId(), () => this.answer({ bytes, receivedAt: new Date(), connection })),
      holding: (bytes) => this.account(session, bytes),
      refused: (reason, detail) =>
        this.onRefusal({ reason, detail, address: connection.address, peer: connection.peer }),
    });
    this.sessions.add(session);
    socket.once('close', () => {
      this.sessions.delete(session);
      this.held.delete(session);
    });
  }

  private async answer(message: Parameters<MessageHandler['receive']>[0]): Promise<Buffer> {
    try {
      return await this.handler.receive(message);
    } catch (error) {
      this.logger.error(
        { session: message.connection.id, cause: describeCause(error) },
        'a message could not be handled',
      );
      return refusalNow(message.bytes);
    }
  }

  private account(session: MllpSession | undefined, bytes: number): boolean {
    this.held.set(session, bytes);
    let total = 0;
    for (const part of this.held.values()) total += part;
    return total <= this.options.heldBytesMax;
  }
}

function peerOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const subject = socket.getPeerX509Certificate()?.subject;
  return subject?.split('\n').reverse().join(',');
}
