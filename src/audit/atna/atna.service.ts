import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { describeCause } from '../../platform/errors';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { Logger } from '../../platform/logging';
import { materialSource, PkiService } from '../../platform/pki';
import { AtnaSender } from './atna-sender';
import { AtnaConfig, atnaConfig, hostNameOf } from './atna.config';
import { atnaBacklog, atnaOldest } from './atna.metrics';
import { AuditSpool } from './audit-spool';

const measureEveryMs = 15_000;

/** The trail told to an audit record repository (IHE ATNA, Secure Node), when one is configured. */
@Injectable()
export class AtnaService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('atna');
  private sender: AtnaSender | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(atnaConfig.token) private readonly config: AtnaConfig,
    private readonly spool: AuditSpool,
    private readonly pki: PkiService,
    private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    const { enabled, host, port, timeoutMs, pollMs, appName, msgId, confirmation } = this.config;
    if (!enabled || host === undefined) return;
    const material = await this.pki.material(materialSource('atna', this.config), { use: 'client' });
    const { sourceId, enterpriseSiteId } = this.config;
    this.sender = new AtnaSender(this.spool, {
      node: {
        source: { id: sourceId, enterpriseSiteId },
        hostName: hostNameOf(this.config),
        processId: String(process.pid),
      },
      appName,
      msgId,
      confirmation,
      pollMs,
      repository: () => ({ host, port, timeoutMs, tls: material.contextOptions() }),
    });
    this.health.register({ name: 'audit-repository', critical: false, check: () => this.check() });
    this.timer = setInterval(() => void this.measure(), measureEveryMs).unref();
    this.sender.start();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sender?.stop();
  }

  async check(): Promise<HealthFinding> {
    const { records, oldestAt } = await this.measureBacklog();
    const oldestSeconds = oldestAt ? Math.max(0, Math.round((Date.now() - oldestAt.getTime()) / 1_000)) : 0;
    const cause = this.sender?.lastFailure;
    const facts = { backlog: records, oldestSeconds, ...(cause ? { lastError: cause } : {}) };
    if (oldestSeconds * 1_000 < this.config.warnAfterMs) {
      const summary =
        records === 0
          ? 'Le dépôt de traces ATNA a tout reçu.'
          : `${records} trace(s) en cours d’envoi au dépôt de traces ATNA.`;
      return { level: 'up', summary, facts };
    }
    return {
      level: 'warning',
      summary: `${records} trace(s) attendent le dépôt de traces ATNA, la plus ancienne depuis ${waited(oldestSeconds)}.`,
      advice: 'Vérifier le dépôt de traces, son certificat et le réseau ; rien n’est perdu, l’envoi reprend seul.',
      facts,
    };
  }

  private async measureBacklog() {
    const backlog = await this.spool.backlog();
    atnaBacklog.set(backlog.records);
    atnaOldest.set(backlog.oldestAt ? Math.max(0, (Date.now() - backlog.oldestAt.getTime()) / 1_000) : 0);
    return backlog;
  }

  private async measure(): Promise<void> {
    await this.measureBacklog().catch((error: unknown) => {
      this.logger.warn({ cause: describeCause(error) }, 'the backlog of audit messages could not be counted');
    });
  }
}

/** Minutes, hours or days: what an operator reads at a glance. */
function waited(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} jours`;
}
