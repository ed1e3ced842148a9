import { DynamicModule, Module, OnApplicationShutdown } from '@nestjs/common';
import { AuditChainModule, Chain } from '../chain';
import { GATEWAY_SETTINGS, GatewayLife, GatewaySettings } from './gateway-life';

/** Beginning and end of the gateway in the trail; the chain is closed behind the last line. */
@Module({})
export class GatewayLifeModule implements OnApplicationShutdown {
  static of(settings: GatewaySettings): DynamicModule {
    return {
      module: GatewayLifeModule,
      imports: [AuditChainModule],
      providers: [{ provide: GATEWAY_SETTINGS, useValue: settings }, GatewayLife],
      exports: [GatewayLife],
    };
  }

  constructor(
    private readonly life: GatewayLife,
    private readonly chain: Chain,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.life.stopped();
    await this.chain.close();
  }
}
