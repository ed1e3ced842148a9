import { Global, Inject, Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { join } from 'node:path';
import type { Server as TlsServer } from 'node:tls';
import { ConfigOf } from '../config';
import { HealthFinding, HealthRegistry } from '../health';
import { persistenceConfig } from '../persistence';
import { MaterialSource } from './key-material';
import { PeerGuard, PeerGuardOptions } from './peer-guard';
import { pkiConfig } from './pki.config';
import { buildPath } from './chain';
import { Revocation } from './revocation';
import { CertificateStatus, TlsMaterial, TlsMaterialOptions } from './tls-material';

/** Keys, certificates and revocation of the running gateway, in one place for health and for the operator. */
@Injectable()
export class PkiService implements OnModuleInit, OnApplicationShutdown {
  readonly revocation: Revocation;
  private readonly materials: TlsMaterial[] = [];
  private started?: Promise<void>;

  constructor(
    @Inject(pkiConfig.token) private readonly config: ConfigOf<typeof pkiConfig>,
    @Inject(persistenceConfig.token) persistence: ConfigOf<typeof persistenceConfig>,
    private readonly health: HealthRegistry,
  ) {
    this.revocation = new Revocation({
      mode: config.crlMode,
      scope: config.crlScope,
      urls: config.crlUrls,
      cacheDir: join(persistence.dataDir, 'crl'),
      toleranceMs: config.crlToleranceMs,
      refreshMs: config.crlRefreshMs,
      timeoutMs: config.crlTimeoutMs,
    });
  }

  onModuleInit(): void {
    this.health.register({
      name: 'certificates',
      critical: false,
      check: async () => certificateFinding(this.certificateStatus()),
    });
    this.health.register({ name: 'revocation', critical: false, check: async () => this.revocationFinding() });
  }

  onApplicationShutdown(): void {
    this.revocation.stop();
    for (const material of this.materials) material.close();
  }

  /** Loads one key and certificate, follows its files, and shows it in health. */
  async material(
    source: MaterialSource,
    options: Omit<TlsMaterialOptions, 'nearEndDays' | 'pollMs'>,
  ): Promise<TlsMaterial> {
    const { nearEndDays, pollMs } = this.config;
    const made = await TlsMaterial.load(source, { ...options, nearEndDays, pollMs });
    this.materials.push(made);
    return made;
  }

  /**
   * Makes a listener follow its material and refuse revoked peers: TLS options for `listen`, then `protect(server)`.
   * The lists of the authorities are there before this resolves, or their absence shows in health.
   */
  async protectListener(
    material: TlsMaterial,
    more: Pick<PeerGuardOptions, 'onRefused'> = {},
  ): Promise<{ tls: object; protect: (server: TlsServer) => PeerGuard }> {
    const trustAnchors = () => this.trustMaterial(material);
    trustAnchors();
    await this.startRevocation();
    const tls = { ...material.contextOptions(), requestCert: true, rejectUnauthorized: true };
    const protect = (server: TlsServer) => {
      const guard = new PeerGuard(server, { anchors: () => material.anchors, revocation: this.revocation, ...more });
      material.bindServer(server);
      material.onChange(trustAnchors);
      material.onChange(() => guard.sweep());
      server.once('close', () => guard.stop());
      return guard;
    };
    return { tls, protect };
  }

  certificateStatus(): CertificateStatus[] {
    return this.materials.map((material) => material.status());
  }

  crlStatus(): ReturnType<Revocation['status']> {
    return this.revocation.status();
  }

  /** Anchors, and our own certificate when it comes from them: its distribution points are those of most peers. */
  private trustMaterial(material: TlsMaterial): void {
    this.revocation.trust(material.anchors);
    const { certificate, chain } = material.pair;
    this.revocation.trust(buildPath(certificate, chain, material.anchors, new Date()) ?? []);
  }

  private async startRevocation(): Promise<void> {
    if (this.started) return this.revocation.refresh();
    this.started = this.revocation.start();
    return this.started;
  }

  private revocationFinding(): HealthFinding {
    const { level, lists, problems } = this.crlStatus();
    const facts = {
      lists: lists.length,
      problems: problems.length,
      oldestSeconds: Math.max(0, ...lists.map((l) => l.ageSeconds)),
    };
    if (this.config.crlMode === 'off') {
      return {
        level: 'warning',
        summary: 'La révocation des certificats n’est pas contrôlée.',
        advice: 'Réservé au bac à sable.',
        facts,
      };
    }
    if (level === 'fresh') return { level: 'up', summary: 'Les listes de révocation sont à jour.', facts };
    const advice = 'Vérifier l’accès HTTP aux points de distribution des listes de révocation.';
    if (level === 'tolerated') {
      return {
        level: 'warning',
        summary: 'Une liste de révocation est dépassée, encore acceptée par tolérance.',
        advice,
        facts,
      };
    }
    return {
      level: 'down',
      summary: 'Une liste de révocation manque ou est trop ancienne : des pairs sont refusés.',
      advice,
      facts,
    };
  }
}

function certificateFinding(materials: readonly CertificateStatus[]): HealthFinding {
  const all = materials.filter((one) => one.use !== 'anchorsOnly');
  const worst = [...all].sort((a, b) => a.daysLeft - b.daysLeft)[0];
  const facts = Object.fromEntries(all.map((one) => [one.material, one.notAfter]));
  if (!worst) return { level: 'up', summary: 'Aucun certificat n’est utilisé.', facts };
  const advice = 'Renouveler le certificat et remplacer ses fichiers : ils sont pris en compte sans redémarrage.';
  if (worst.daysLeft < 0)
    return { level: 'down', summary: `Le certificat « ${worst.material} » a expiré.`, advice, facts };
  const faulty = all.find((one) => one.faults.some((fault) => fault.severity === 'error'));
  if (faulty) {
    const codes = faulty.faults.map((fault) => fault.code).join(', ');
    return {
      level: 'warning',
      summary: `Les fichiers du certificat « ${faulty.material} » sont refusés (${codes}).`,
      advice,
      facts,
    };
  }
  const summary = `Premier certificat à expirer : « ${worst.material} », dans ${worst.daysLeft} jours.`;
  return worst.level === 'warning' ? { level: 'warning', summary, advice, facts } : { level: 'up', summary, facts };
}

@Global()
@Module({ providers: [PkiService], exports: [PkiService] })
export class PkiModule {}
