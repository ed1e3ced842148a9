import { Inject, Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ConfigOf } from '../../platform/config';
import { HealthRegistry } from '../../platform/health';
import { materialSource, PkiService } from '../../platform/pki';
import { Dispatcher } from 'undici';
import { pscConfig } from './psc.config';
import { PscLogin } from './psc-login';
import { PscProvider } from './psc-provider';
import { introspectionEndpoint, TokenIntrospector, VerifiedToken } from './token-introspector';

/** Pro Santé Connect for the rooms: `introspect` for the source, `login` for the portal and the viewers. */
@Injectable()
export class PscService implements OnModuleInit, OnApplicationShutdown {
  private agent?: Dispatcher;
  private parts?: {
    readonly introspector: TokenIntrospector;
    readonly login: PscLogin;
    readonly provider: PscProvider;
  };

  constructor(
    @Inject(pscConfig.token) private readonly config: ConfigOf<typeof pscConfig>,
    private readonly pki: PkiService,
    private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    const material = await this.pki.material(materialSource('psc-client', this.config), { use: 'client' });
    const { timeoutMs, issuer, clientId } = this.config;
    this.agent = material.createAgent({
      connections: 20,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connectTimeout: timeoutMs,
    });
    const provider = new PscProvider({ issuer, clientId, dispatcher: this.agent, timeoutMs });
    const introspector = new TokenIntrospector(introspectionEndpoint(provider), this.config);
    this.parts = { provider, introspector, login: new PscLogin(provider, this.config) };
    this.health.register({
      name: 'psc',
      critical: false,
      timeoutMs: timeoutMs + 500,
      check: async () => {
        await provider.ask();
        return { level: 'up', summary: 'Pro Santé Connect répond.' };
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent?.destroy();
  }

  /** See `TokenIntrospector.introspect`. */
  introspect(token: string, signal?: AbortSignal): Promise<VerifiedToken> {
    return this.ready.introspector.introspect(token, signal);
  }

  get login(): PscLogin {
    return this.ready.login;
  }

  private get ready() {
    if (!this.parts) throw new Error('Pro Santé Connect is not initialised yet');
    return this.parts;
  }
}

@Module({ providers: [PscService], exports: [PscService] })
export class PscModule {}
