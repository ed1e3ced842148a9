import { Inject, Injectable, OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { TLSSocket } from 'node:tls';
import { AuditTrail } from '../../audit';
import { ConfigOf } from '../../platform/config';
import { HealthFinding, HealthRegistry, listenerFinding, OwnProbes } from '../../platform/health';
import { GatewayError } from '../../platform/errors';
import { Exchange, RawListener } from '../../platform/http';
import { Logger } from '../../platform/logging';
import { materialSource, onRefusedHandshake, PeerGuard, PkiService, TlsMaterial } from '../../platform/pki';
import { AdmissionService } from './admission/admission.service';
import { exchangeRoutes } from './exchange.routes';
import { ServingAudit } from './serving.audit';
import { servingConfig } from './serving.config';
import { servingErrors } from './serving.errors';
import { TlsRefusals } from './tls-refusals';
import { WadoService } from './wado.service';

/** Time a peer has for its request line and headers. */
const headersMsMax = 10_000;
/** A full ANS Accept list is about 1.5 KB, a PSC token about 2 KB. */
const headerBytesMax = 32 * 1024;

/** The port by which other gateways come: TLS 1.2 or 1.3, client certificate required, revocation checked. */
@Injectable()
export class ExchangeListener implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly listener: RawListener;
  private readonly refusals: TlsRefusals;
  private readonly logger = new Logger('exchange');
  private readonly probes = new OwnProbes();
  private guard?: PeerGuard;
  private material?: TlsMaterial;
  port = 0;

  constructor(
    @Inject(servingConfig.token) private readonly config: ConfigOf<typeof servingConfig>,
    wado: WadoService,
    private readonly admission: AdmissionService,
    private readonly health: HealthRegistry,
    private readonly pki: PkiService,
    trail: AuditTrail,
    audit: ServingAudit,
  ) {
    this.refusals = new TlsRefusals(trail);
    this.listener = new RawListener(
      'exchange',
      exchangeRoutes({ basePath: config.basePath, wado, health }),
      {
        connectionsMax: config.connectionsMax,
        headersMsMax,
        headerBytesMax,
        idleMsMax: config.stallMsMax,
      },
      {
        guard: (exchange) => this.checkPeer(exchange),
        refused: (exchange, error) => audit.refusedAtDoor(admission.peerOf(exchange), error),
      },
    );
  }

  onModuleInit(): void {
    if (!this.config.enabled) return;
    this.health.register({ name: 'exchange', critical: true, check: (signal) => this.check(signal) });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.enabled) return;
    const material = await this.pki.material(materialSource('exchange', this.config), { use: 'server' });
    this.material = material;
    const { tls, protect } = await this.pki.protectListener(material, {
      onRefused: (refusal, subject, socket) => {
        this.listener.dismiss(socket);
        this.refusals.note(refusal, { peer: subject, address: socket.remoteAddress });
      },
    });
    this.port = await this.listener.listen(this.config.host, this.config.port, tls, (server) => {
      const guard = protect(server);
      this.guard = guard;
      this.admission.onListChange(() => guard.endWhere(({ raw }) => !this.admission.isListed(raw)));
      onRefusedHandshake(server, ({ reason, address }, socket) => {
        if (!this.probes.has(socket)) this.refusals.note(reason, { address });
      });
    });
    this.logger.info(
      { host: this.config.host, port: this.port, basePath: this.config.basePath },
      'exchange listener open',
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.close();
    await this.refusals.close();
  }

  /** By a TLS handshake of our own; without a certificate, so that nothing is served by it. */
  private check(signal: AbortSignal): Promise<HealthFinding> {
    const { material, probes, port } = this;
    const { host, connectionsMax } = this.config;
    return listenerFinding(
      {
        check: 'exchange',
        label: 'L’accès des autres passerelles',
        advice: 'Vérifier le port et le certificat de l’échange, et le nombre de connexions ; sinon redémarrer.',
        host,
        port,
        connections: this.listener.connections,
        connectionsMax,
        tls: { fingerprint256: material?.pair.certificate.fingerprint256 ?? '', probes },
      },
      signal,
    );
  }

  /** What let the connection in may have ended since: its certificate, the lists, the white list. Asked for each request. */
  private checkPeer(exchange: Exchange): void {
    if (this.guard?.stillAdmits(exchange.request.socket as TLSSocket) === false)
      throw new GatewayError(servingErrors.peerDismissed);
    this.admission.checkPeer(exchange);
  }
}
