import { Global, Inject, Injectable, Module, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ConfigOf } from '../config';
import { HealthRegistry } from '../health';
import { Exchange, RawListener, RawRoute } from '../http';
import { Logger } from '../logging';
import { expositionText, expositionType } from '../metrics';
import { internalConfig } from './internal.config';

function answer(exchange: Exchange, status: number, type: string, body: string): void {
  exchange.response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  exchange.response.end(body);
}

/** Health, readiness and metrics for the operator's tools. */
export function internalRoutes(health: HealthRegistry): RawRoute[] {
  const get = (name: string, path: string, handle: RawRoute['handle']): RawRoute => ({
    name,
    method: 'GET',
    access: 'public',
    matches: (asked) => asked === path,
    handle,
  });
  return [
    get('live', '/health', async (exchange) => answer(exchange, 200, 'application/json', '{"status":"up"}')),
    get('ready', '/health/ready', async (exchange) => {
      const checks = await health.recent();
      const ready = HealthRegistry.isReady(checks);
      answer(
        exchange,
        ready ? 200 : 503,
        'application/json',
        JSON.stringify({ status: ready ? 'up' : 'down', checks }),
      );
    }),
    get('metrics', '/metrics', async (exchange) => answer(exchange, 200, expositionType, await expositionText())),
  ];
}

/** The listener of the operator's tools; opens last, so that "ready" is never said too early. */
@Injectable()
export class InternalListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly listener: RawListener;
  private readonly logger = new Logger('internal');
  /** Port bound, once open. */
  port = 0;

  constructor(
    @Inject(internalConfig.token) private readonly config: ConfigOf<typeof internalConfig>,
    health: HealthRegistry,
  ) {
    const limits = { connectionsMax: 50, headersMsMax: 5_000, headerBytesMax: 8 * 1024 };
    this.listener = new RawListener('internal', internalRoutes(health), limits);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.port = await this.listener.listen(this.config.host, this.config.port);
    this.logger.info({ host: this.config.host, port: this.port }, 'internal listener open');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.close(500);
  }
}

@Global()
@Module({ providers: [InternalListener], exports: [InternalListener] })
export class InternalModule {}
