import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { Logger } from '../../platform/logging';
import { PublicationQueries } from './publication-queries';
import type { QueueState } from './publication-summary';
import { publicationConfig } from './publication.config';
import { publicationOldest, publicationQueue } from './publication.metrics';
import { activeStates, parkedStates } from './state/publication-state';
import { PublicationWorker } from './work/publication.worker';

const metricsEveryMs = 15_000;
const obstacles = {
  disabled: 'La publication est désactivée sur ce processus.',
  'no-dmp': 'Aucun DMP n’est configuré : rien n’est publié.',
  'no-public-url': 'L’adresse publique de la passerelle manque : rien n’est publié.',
};

/** Shows the queue to the operator: health check and metrics. */
@Injectable()
export class PublicationHealth implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('publication');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly queries: PublicationQueries,
    private readonly worker: PublicationWorker,
    private readonly health: HealthRegistry,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'publication', critical: false, check: () => this.check() });
    this.timer = setInterval(() => void this.measure(), metricsEveryMs).unref();
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async check(): Promise<HealthFinding> {
    const queue = await this.queries.queue();
    const number = (states: readonly string[]) => states.reduce((sum, state) => sum + (queue.byState[state] ?? 0), 0);
    const waiting = number(activeStates);
    const parked = number(parkedStates);
    const facts = { waiting, parked, overdueSeconds: Math.round(queue.overdueMs / 1_000) };
    const { obstacle } = this.worker;
    if (obstacle) {
      const advice = 'Vérifier DRIMBOX_PUBLICATION_ENABLED, DRIMBOX_DMP_URL et DRIMBOX_EXCHANGE_PUBLIC_URL.';
      return { level: 'warning', summary: obstacles[obstacle], advice, facts };
    }
    if (queue.overdueMs > this.config.alarmMs) {
      const minutes = Math.round(queue.overdueMs / 60_000);
      return {
        level: 'down',
        summary: `${waiting} publication(s) en attente ; la plus ancienne est en retard de ${minutes} min.`,
        advice: 'Vérifier le DMP et le PACS ; la page des publications donne les motifs.',
        facts,
      };
    }
    if (parked > 0) {
      const summary = `${parked} publication(s) refusée(s) ou abandonnée(s) attendent une décision.`;
      return {
        level: 'warning',
        summary,
        advice: 'Corriger la cause puis relancer, depuis la page des publications.',
        facts,
      };
    }
    return { level: 'up', summary: `${waiting} publication(s) en attente, aucune en retard.`, facts };
  }

  /** Values of the gauges. */
  async measure(): Promise<void> {
    try {
      show(await this.queries.queue());
    } catch (error) {
      this.logger.warn({ cause: describeCause(error) }, 'the queue of publications cannot be measured');
    }
  }
}

function show({ byState, overdueMs }: QueueState): void {
  for (const state of [...activeStates, ...parkedStates]) publicationQueue.set({ state }, byState[state] ?? 0);
  publicationOldest.set(overdueMs / 1_000);
}
