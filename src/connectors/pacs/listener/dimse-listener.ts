import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { loopbackOf, OwnProbes } from '../../../platform/health';
import { Logger } from '../../../platform/logging';
import { onRefusedHandshake, TlsMaterial } from '../../../platform/pki';
import { DimseSettings } from '../dimse/dimse-settings';
import { Acceptor } from './acceptor';
import type { DicomRefusal } from './refused-callers';
import { StoreHandlers } from './store-handlers';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
  readonly allowedCallingAeTitles: readonly string[];
  readonly maxAssociations: number;
  readonly settings: DimseSettings;
  /** DICOM over TLS (PS3.15 B.12): callers show a certificate of its authorities; renewed files count from the next connection. */
  readonly tls?: TlsMaterial;
  /** Told of each caller that is not taken; must not throw. */
  readonly refused?: (refusal: DicomRefusal) => void;
}

/** Our C-STORE and C-ECHO SCP: the destination of C-MOVE and of pushed instances. */
export class DimseListener {
  readonly handlers = new StoreHandlers();
  /** Under which the gateway asks itself, whoever else may call; nobody else knows it. */
  readonly probeTitle = `PROBE${randomBytes(5).toString('hex').toUpperCase()}`;
  /** Connections by which the gateway asks this listener itself, without a certificate. */
  readonly probes = new OwnProbes();
  private server: Server | undefined;
  private readonly open_ = new Set<Acceptor>();
  private readonly logger = new Logger('pacs');

  constructor(private readonly options: ListenerOptions) {}

  /** Port listened on, once open. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  get host(): string {
    return this.options.host;
  }

  get aeTitle(): string {
    return this.options.aeTitle;
  }

  /** Where it is reached from this machine. */
  get reachedAt(): { host: string; port: number } {
    return { host: loopbackOf(this.host), port: this.port };
  }

  get connections(): number {
    return this.open_.size;
  }

  get connectionsMax(): number {
    return this.options.maxAssociations;
  }

  /** The certificate that callers are shown, when they speak TLS. */
  get certificate(): X509Certificate | undefined {
    return this.options.tls?.pair.certificate;
  }

  get isOpen(): boolean {
    return this.server?.listening ?? false;
  }

  /** Opens the port. Refuses without a handler: an instance would have nowhere to go. */
  async open(): Promise<void> {
    if (this.handlers.isEmpty) throw new Error('the DICOM listener has no handler and stays closed');
    const { host, port, tls, maxAssociations } = this.options;
    const accept = (socket: Socket): void => this.accept(socket);
    const server = tls ? this.secureServer(tls, accept) : createServer({ noDelay: true }, accept);
    // A few sockets above the limit may come in, to be told of it by an A-ASSOCIATE-RJ.
    server.maxConnections = maxAssociations + 8;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        server.on('error', (error: Error) => this.logger.error({ cause: error.message }, 'DICOM listener failed'));
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const acceptor of this.open_) acceptor.association.abort(new Error('the gateway stops'));
    await closed;
  }

  private accept(socket: Socket): void {
    const { aeTitle, allowedCallingAeTitles, settings, maxAssociations } = this.options;
    const address = socket.remoteAddress;
    const acceptor = new Acceptor(socket, {
      aeTitle,
      allowedCallingAeTitles: allowedCallingAeTitles.length > 0 ? [...allowedCallingAeTitles, this.probeTitle] : [],
      settings,
      store: (request) => this.handlers.open(request),
      hasRoom: () => this.open_.size <= maxAssociations,
      told: (event, { callingAeTitle, detail }) => {
        if (event === 'ended') return this.logger.debug({ callingAeTitle, why: detail }, 'association ended');
        this.logger.warn({ callingAeTitle, why: detail }, 'association rejected');
        if (callingAeTitle !== this.probeTitle)
          this.options.refused?.({ reason: detail.toLowerCase().replaceAll(' ', '-'), address, callingAeTitle });
      },
    });
    this.open_.add(acceptor);
    acceptor.onClosed = () => this.open_.delete(acceptor);
  }

  private secureServer(tls: TlsMaterial, accept: (socket: Socket) => void): Server {
    const server = createTlsServer({ ...tls.contextOptions(), requestCert: true, rejectUnauthorized: true }, accept);
    server.once('close', tls.bindServer(server));
    onRefusedHandshake(server, ({ reason: detail, address }, socket) => {
      if (this.probes.has(socket)) return;
      this.logger.warn({ reason: detail }, 'a DICOM TLS handshake was refused');
      this.options.refused?.({ reason: 'handshake', address, detail });
    });
    return server;
  }
}
