import { Module, OnApplicationShutdown } from '@nestjs/common';
import { TrailRetention } from './archive/retention';
import { Chain } from './chain';
import { ChainHealth } from './chain.health';

/** Chains, signs and archives the trail. The gateway runs it; tools that only write lines leave that to the gateway. */
@Module({ providers: [Chain, TrailRetention, ChainHealth], exports: [Chain, TrailRetention] })
export class AuditChainModule implements OnApplicationShutdown {
  constructor(private readonly chain: Chain) {}

  async onApplicationShutdown(): Promise<void> {
    await this.chain.close();
  }
}
