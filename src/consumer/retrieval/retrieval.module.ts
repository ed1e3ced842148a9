import { join } from 'node:path';
import { Inject, Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { peerConfig, PeerModule, PeerService } from '../../connectors/peer';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { persistenceConfig } from '../../platform/persistence';
import { ConsumerSeal, ContextModule, PatientContexts } from '../context';
import { PresenceModule } from '../presence';
import { CacheHealth } from './cache/cache.health';
import { InstanceMemory } from './cache/instance-memory';
import { KeptExamsRepository } from './cache/kept-exams.repository';
import { RetrievalCache } from './cache/retrieval-cache';
import { ExamRetrievals } from './exam-retrievals';
import { retrievalConfig } from './retrieval.config';

const sweepMs = 60_000;
type Config = ConfigOf<typeof retrievalConfig>;

/** Starts the cache, tidies it, and lets go of a patient's images when the patient closes. */
@Injectable()
export class RetrievalLifecycle implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('retrieval');
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly cache: RetrievalCache,
    private readonly retrievals: ExamRetrievals,
    private readonly contexts: PatientContexts,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.cache.start();
    this.contexts.onEnded((contextId) => this.retrievals.forgetContext(contextId));
    this.timer = setInterval(() => void this.sweep(), sweepMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.retrievals.closeAll();
  }

  private async sweep(): Promise<void> {
    await this.retrievals.sweep().catch((error: unknown) => {
      this.logger.warn(
        { cause: describeCause(error) },
        'the cache of images could not be tidied; tried again in a minute',
      );
    });
  }
}

@Injectable()
class CacheOptions {
  constructor(
    @Inject(retrievalConfig.token) private readonly config: Config,
    @Inject(persistenceConfig.token) private readonly persistence: ConfigOf<typeof persistenceConfig>,
  ) {}

  get values() {
    const { cacheDir, cacheBytesMax, keepMinutes } = this.config;
    const folder = cacheDir ?? join(this.persistence.dataDir, 'retrieval');
    return { folder, bytesMax: cacheBytesMax, keepMs: keepMinutes * 60_000 };
  }
}

/** Images of other hospitals: fetched, checked, kept encrypted, shared by those who look at them. */
@Module({
  imports: [ContextModule, PeerModule, PresenceModule],
  providers: [
    CacheOptions,
    KeptExamsRepository,
    {
      provide: InstanceMemory,
      inject: [retrievalConfig.token],
      useFactory: ({ memoryBytesMax }: Config) => new InstanceMemory(memoryBytesMax),
    },
    {
      provide: RetrievalCache,
      inject: [CacheOptions, KeptExamsRepository, ConsumerSeal],
      useFactory: (options: CacheOptions, repository: KeptExamsRepository, seal: ConsumerSeal) =>
        new RetrievalCache(options.values, repository, seal),
    },
    {
      provide: ExamRetrievals,
      inject: [retrievalConfig.token, peerConfig.token, PeerService, RetrievalCache, InstanceMemory, AuditTrail],
      useFactory: (
        config: Config,
        { inFlightBytesMax: writingBytesMax }: ConfigOf<typeof peerConfig>,
        peers: PeerService,
        cache: RetrievalCache,
        memory: InstanceMemory,
        audit: AuditTrail,
      ) => {
        const { quality, identity, sharedBy, seriesParallel, instancesMax, attemptsMax } = config;
        const limits = { seriesParallel, instancesMax, writingBytesMax };
        const options = { quality, identity, sharedBy, ...limits, rules: { attemptsMax } };
        return new ExamRetrievals(options, (wanted, signal) => peers.fetch(wanted, signal), cache, memory, audit);
      },
    },
    RetrievalLifecycle,
    CacheHealth,
  ],
  exports: [ExamRetrievals],
})
export class RetrievalModule {}
