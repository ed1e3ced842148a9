import { Inject, Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { type HealthFinding, HealthRegistry } from '../../platform/health';
import { type MaterialSource, materialSource, PkiService } from '../../platform/pki';
import { WhitelistService } from '../whitelist';
import type { PeerPart } from './answer-parts';
import { PeerClient, type PeerRequest } from './peer-client';
import { peerConfig } from './peer.config';
import { peerErrors } from './peer.errors';
import { type StructureDispatcher, StructureDispatchers } from './structure-dispatchers';

/** Asks other gateways for images, under the certificate of the structure for which the professional acts. */
@Injectable()
export class PeerService implements OnModuleInit, OnApplicationShutdown {
  private client: PeerClient | undefined;

  constructor(
    @Inject(peerConfig.token) private readonly config: ConfigOf<typeof peerConfig>,
    private readonly pki: PkiService,
    private readonly whitelist: WhitelistService,
    private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    const { certificateFile, pkcs12File, structures, anchorFiles } = this.config;
    const dispatchers: StructureDispatcher[] = [];
    for (const [index, { ids, tls }] of structures.entries()) {
      const source = { name: `peer-${String(index + 1)}`, ...tls, anchorFiles };
      dispatchers.push({ structureIds: ids, dispatcher: await this.dispatcherUnder(source) });
    }
    if (certificateFile !== undefined || pkcs12File !== undefined) {
      const dispatcher = await this.dispatcherUnder(materialSource('peer', this.config));
      dispatchers.push({ structureIds: [], dispatcher });
    }
    this.client = new PeerClient(new StructureDispatchers(dispatchers), this.whitelist, this.config);
    const isConfigured = dispatchers.length > 0;
    this.health.register({ name: 'peers', critical: false, check: () => Promise.resolve(this.finding(isConfigured)) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client?.close();
  }

  /** As `PeerClient.fetch`. */
  fetch(wanted: PeerRequest, signal: AbortSignal): AsyncGenerator<PeerPart> {
    if (!this.client) throw new GatewayError(peerErrors.notConfigured);
    return this.client.fetch(wanted, signal);
  }

  private async dispatcherUnder(source: MaterialSource): Promise<Dispatcher> {
    const { connections, connectTimeoutMs } = this.config;
    const material = await this.pki.material(source, { use: 'client' });
    return material.createAgent({
      connections,
      pipelining: 1,
      maxHeaderSize: 32 * 1024,
      connect: { timeout: connectTimeoutMs },
      revocation: this.pki.revocation,
    });
  }

  private finding(isConfigured: boolean): HealthFinding {
    const suspended = this.client?.suspended() ?? [];
    if (!isConfigured) {
      const advice =
        'Régler DRIMBOX_PEER_CERT_FILE et DRIMBOX_PEER_KEY_FILE pour consulter les images des autres établissements.';
      return {
        level: 'warning',
        summary: 'Aucun certificat pour demander des images aux autres établissements.',
        advice,
      };
    }
    if (suspended.length === 0) return { level: 'up', summary: 'Aucun établissement distant en défaut.' };
    const summary = `Établissements distants laissés en repos après des échecs répétés : ${suspended.length}.`;
    const advice =
      'Rien à faire si l’établissement est connu pour être arrêté : il est réessayé de lui-même. Sinon, vérifier le réseau et le prévenir.';
    return { level: 'warning', summary, advice, facts: { suspended: suspended.join(' ') } };
  }
}

@Module({ providers: [PeerService], exports: [PeerService] })
export class PeerModule {}
