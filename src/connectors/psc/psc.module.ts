import { Inject, Injectable, Module, OnApplicationShutdown, OnModuleInit, Optional } from '@nestjs/common';
import { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { type HealthFinding, HealthRegistry } from '../../platform/health';
import { materialSource, PkiService } from '../../platform/pki';
import { ClockWatch } from '../../platform/supervision';
import { Dispatcher } from 'undici';
import { pscConfig } from './psc.config';
import { PscLogin } from './psc-login';
import { PscProvider } from './psc-provider';
import { introspectionEndpoint, TokenBearer, TokenIntrospector, VerifiedToken } from './token-introspector';

/** The discovery document (once a day), the token itself, and the keys that its ID token is signed with. */
const renewalCallsMax = 3;

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
    @Optional() private readonly clocks?: ClockWatch,
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
    this.clocks?.trust('psc', issuer);
    this.health.register({
      name: 'psc',
      critical: false,
      timeoutMs: timeoutMs + 500,
      check: () => pscFinding(provider),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent?.destroy();
  }

  /** See `TokenIntrospector.introspect`. */
  introspect(token: string, signal?: AbortSignal, bearer?: TokenBearer): Promise<VerifiedToken> {
    return this.ready.introspector.introspect(token, signal, bearer);
  }

  get login(): PscLogin {
    return this.ready.login;
  }

  /** Longest time, in ms, that the renewal of a token may take: each of its calls ends at the configured time. */
  get renewalMsMax(): number {
    return renewalCallsMax * this.config.timeoutMs;
  }

  private get ready() {
    if (!this.parts) throw new Error('Pro Santé Connect is not initialised yet');
    return this.parts;
  }
}

async function pscFinding(provider: PscProvider): Promise<HealthFinding> {
  try {
    await provider.ask();
    return { level: 'up', summary: 'Pro Santé Connect répond.' };
  } catch (error) {
    const code = GatewayError.of(error)?.code ?? 'erreur';
    return {
      level: 'down',
      summary: `Pro Santé Connect ne répond pas (${code}).`,
      advice:
        'Vérifier le réseau, DRIMBOX_PSC_ISSUER et le certificat client, puis l’état de Pro Santé Connect : sans lui, ni connexion ni contrôle des jetons.',
    };
  }
}

@Module({ providers: [PscService], exports: [PscService] })
export class PscModule {}
