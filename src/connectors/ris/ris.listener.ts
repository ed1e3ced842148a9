import { Inject, Injectable, OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { ConfigOf } from '../../platform/config';
import { HealthFinding, HealthRegistry, listenerFinding } from '../../platform/health';
import { Logger } from '../../platform/logging';
import { materialSource, PkiService, TlsMaterial } from '../../platform/pki';
import type { MessageHandler } from './message-handler';
import { MllpServer } from './mllp-server';
import { RefusalTrail } from './refusal-trail';
import { opensClearText, opensTls, risConfig } from './ris.config';

interface Opened {
  readonly server: MllpServer;
  readonly port: number;
  readonly material?: TlsMaterial;
}

/** The HL7 ports. Opens once every room is ready, and refuses to open when none has come to take the messages. */
@Injectable()
export class RisListener implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('ris');
  private handler?: MessageHandler;
  private readonly refusals: RefusalTrail;
  private servers: Opened[] = [];
  /** Ports bound, 0 when closed. */
  port = 0;
  tlsPort = 0;

  constructor(
    @Inject(risConfig.token) private readonly config: ConfigOf<typeof risConfig>,
    private readonly health: HealthRegistry,
    private readonly pki: PkiService,
    trail: AuditTrail,
  ) {
    this.refusals = new RefusalTrail(trail);
  }

  /** Called by the room that takes the messages, at module initialisation. */
  register(handler: MessageHandler): void {
    if (this.handler) throw new Error('the HL7 listener has a handler already');
    this.handler = handler;
  }

  onModuleInit(): void {
    if (!this.config.enabled) return;
    this.health.register({ name: 'hl7', critical: false, check: (signal) => this.check(signal) });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.enabled) return;
    const handler = this.handler;
    if (!handler) throw new Error('the HL7 listener has no handler and does not open');
    const { host } = this.config;
    if (opensClearText(this.config)) {
      const server = new MllpServer(this.config, handler, this.refusals.record);
      this.port = await server.listen(host, this.config.port);
      this.servers.push({ server, port: this.port });
    }
    if (opensTls(this.config)) await this.openTls(handler);
    this.logger.info({ host, port: this.port, tlsPort: this.tlsPort }, 'HL7 listener open');
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.servers.map(({ server }) => server.close()));
    this.servers = [];
    await this.refusals.close();
  }

  private async openTls(handler: MessageHandler): Promise<void> {
    const material = await this.pki.material(materialSource('hl7', this.config), { use: 'server' });
    const guarded = this.config.clientCertificate === 'required';
    const protection = guarded ? await this.pki.protectListener(material) : undefined;
    const tls = protection?.tls ?? { ...material.contextOptions(), requestCert: false };
    const server = new MllpServer({ ...this.config, tls }, handler, this.refusals.record);
    const { tlsServer } = server;
    if (tlsServer) {
      if (protection) protection.protect(tlsServer);
      else material.bindServer(tlsServer);
    }
    this.tlsPort = await server.listen(this.config.host, this.config.tlsPort);
    this.servers.push({ server, port: this.tlsPort, material });
  }

  /** Every port by a connection of our own, over TLS where it is: the worst finding counts. */
  private async check(signal: AbortSignal): Promise<HealthFinding> {
    const connections = this.servers.reduce((sum, { server }) => sum + server.connections, 0);
    const findings = await Promise.all(
      (this.servers.length > 0 ? this.servers : [undefined]).map((opened) => this.checkOne(opened, signal)),
    );
    const worst = findings.find(({ level }) => level === 'down') ?? findings.find(({ level }) => level === 'warning');
    const summary = findings.map((one) => one.summary).join(' ');
    return worst ?? { level: 'up', summary, facts: { ...findings[0]?.facts, connections } };
  }

  private checkOne(opened: Opened | undefined, signal: AbortSignal): Promise<HealthFinding> {
    const { server, material, port = 0 } = opened ?? {};
    return listenerFinding(
      {
        check: material ? 'hl7-tls' : 'hl7',
        label: material ? 'La réception HL7 (TLS)' : 'La réception HL7',
        advice:
          'Vérifier le port HL7, son certificat et le nombre de connexions du RIS ; sinon redémarrer la passerelle.',
        host: this.config.host,
        port,
        connections: server?.connections ?? 0,
        connectionsMax: this.config.connectionsMax,
        ...(server && material
          ? { tls: { fingerprint256: material.pair.certificate.fingerprint256, probes: server.probes } }
          : {}),
      },
      signal,
    );
  }
}
