import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { GatewayError } from '../../platform/errors';
import { Claims, Professional, professionalOf } from './professional';
import { PscProvider, toPscError } from './psc-provider';
import { pscErrors } from './psc.errors';

/** What an active token proves. */
export interface VerifiedToken {
  readonly professional: Professional;
  /** `azp` or `client_id`: the gateway that obtained the token. */
  readonly clientId?: string;
  readonly acr?: string;
  /** End of the token; undefined when Pro Santé Connect does not tell it. */
  readonly expiresAt?: Date;
  /** SHA-256 thumbprint (base64url) of the certificate the token is bound to (RFC 8705, 3.2). */
  readonly confirmation?: string;
}

export interface IntrospectionPolicy {
  readonly cacheMs: number;
  readonly cacheEntriesMax: number;
  /** Empty accepts every client of the issuer. */
  readonly allowedClients: readonly string[];
  readonly allowedAudiences: readonly string[];
  /** Whether the certificate a token is bound to must be the caller's (RFC 8705, 3). */
  readonly tokenBinding: 'ignored' | 'when-named' | 'required';
}

/** Who brings a token. */
export interface TokenBearer {
  /** SHA-256 of the certificate of the connection (DER), in base64url. */
  readonly certificateThumbprint: string;
}

interface Remembered {
  readonly outcome: VerifiedToken | GatewayError;
  readonly untilMs: number;
}

/** What introspection sees of Pro Santé Connect: one question, one answer (RFC 7662, 2.1 and 2.2). */
export interface IntrospectionEndpoint {
  ask(token: string): Promise<Claims>;
  issuer(): Promise<string>;
}

const skewMs = 5_000;
const refusalMs = 5_000;
const tokenLengthMax = 8_192;
const inFlightMax = 1_000;

/** Characters of a bearer token (RFC 6750, 2.1: b64token). */
const bearerToken = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Asks Pro Santé Connect whether a bearer token is good, with a short memory. Requests for the same token share one
 * question; tokens are kept as their SHA-256 only.
 */
export class TokenIntrospector {
  private readonly memory = new Map<string, Remembered>();
  private readonly inFlight = new Map<string, Promise<VerifiedToken>>();

  constructor(
    private readonly endpoint: IntrospectionEndpoint,
    private readonly policy: IntrospectionPolicy,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * @returns who holds the token.
   * Throws `psc.token-inactive` or `psc.token-foreign` (401), `psc.unreachable` (503) or `psc.refused-us` (502);
   * the signal only ends this caller's wait.
   */
  async introspect(token: string, signal?: AbortSignal, bearer?: TokenBearer): Promise<VerifiedToken> {
    const verified = await this.verified(token, signal);
    this.checkBinding(verified, bearer);
    return verified;
  }

  /** Asked each time: the same token may come over another connection. */
  private checkBinding({ confirmation }: VerifiedToken, bearer: TokenBearer | undefined): void {
    const { tokenBinding } = this.policy;
    const mustMatch = tokenBinding === 'required' || (tokenBinding === 'when-named' && confirmation !== undefined);
    if (mustMatch && (confirmation === undefined || confirmation !== bearer?.certificateThumbprint))
      throw new GatewayError(pscErrors.tokenForeign, { detail: 'certificate' });
  }

  private async verified(token: string, signal?: AbortSignal): Promise<VerifiedToken> {
    if (token.length > tokenLengthMax || !bearerToken.test(token)) throw new GatewayError(pscErrors.tokenMissing);
    signal?.throwIfAborted();
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.recall(key);
    if (known instanceof GatewayError) throw new GatewayError(known.entry, { detail: known.detail });
    if (known) return known;
    return abandonable(this.inFlight.get(key) ?? this.askOnce(key, token), signal);
  }

  private askOnce(key: string, token: string): Promise<VerifiedToken> {
    if (this.inFlight.size >= inFlightMax)
      throw new GatewayError(pscErrors.unreachable, { detail: 'too many questions at once' });
    const asked = this.ask(key, token).finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, asked);
    asked.catch(() => undefined);
    return asked;
  }

  private async ask(key: string, token: string): Promise<VerifiedToken> {
    const [claims, issuer] = await Promise.all([this.endpoint.ask(token), this.endpoint.issuer()]);
    const outcome = this.examine(claims, issuer);
    if (outcome instanceof GatewayError) {
      this.remember(key, { outcome, untilMs: this.now() + Math.min(refusalMs, this.policy.cacheMs) });
      throw outcome;
    }
    const untilMs = Math.min(this.now() + this.policy.cacheMs, outcome.expiresAt?.getTime() ?? Infinity);
    this.remember(key, { outcome, untilMs });
    return outcome;
  }

  /** The answer's fields in turn (RFC 7662, 2.2). The issuer may be absent: the answer came from it over its own TLS. */
  private examine(claims: Claims, issuer: string): VerifiedToken | GatewayError {
    if (claims.active !== true) return new GatewayError(pscErrors.tokenInactive, { detail: 'not active' });
    const exp = secondsOf(claims.exp);
    const nbf = secondsOf(claims.nbf);
    if (Number.isNaN(exp) || Number.isNaN(nbf))
      return new GatewayError(pscErrors.tokenInactive, { detail: 'a time that cannot be read' });
    if (exp !== undefined && exp * 1_000 + skewMs < this.now())
      return new GatewayError(pscErrors.tokenInactive, { detail: 'past its end' });
    if (nbf !== undefined && nbf * 1_000 - skewMs > this.now())
      return new GatewayError(pscErrors.tokenInactive, { detail: 'not valid yet' });
    if (claims.iss !== undefined && claims.iss !== issuer)
      return new GatewayError(pscErrors.tokenForeign, { detail: 'issuer' });
    const clientId = [claims.azp, claims.client_id].find((one): one is string => typeof one === 'string');
    const { allowedClients, allowedAudiences } = this.policy;
    if (allowedClients.length > 0 && !allowedClients.includes(clientId ?? ''))
      return new GatewayError(pscErrors.tokenForeign, { detail: 'client' });
    const audiences = [claims.aud].flat().filter((one) => typeof one === 'string');
    if (allowedAudiences.length > 0 && !audiences.some((one) => allowedAudiences.includes(one)))
      return new GatewayError(pscErrors.tokenForeign, { detail: audiences.length > 0 ? 'audience' : 'no audience' });
    const professional = professionalOf(claims);
    if (!professional) return new GatewayError(pscErrors.tokenForeign, { detail: 'no professional' });
    return {
      professional,
      clientId,
      acr: typeof claims.acr === 'string' ? claims.acr : undefined,
      expiresAt: exp === undefined ? undefined : new Date(exp * 1_000),
      confirmation: confirmationOf(claims),
    };
  }

  private recall(key: string): VerifiedToken | GatewayError | undefined {
    const found = this.memory.get(key);
    if (!found) return undefined;
    this.memory.delete(key);
    if (found.untilMs <= this.now()) return undefined;
    this.memory.set(key, found);
    return found.outcome;
  }

  /** The least recently used entry leaves first. */
  private remember(key: string, entry: Remembered): void {
    if (entry.untilMs <= this.now()) return;
    this.memory.delete(key);
    this.memory.set(key, entry);
    for (const oldest of this.memory.keys()) {
      if (this.memory.size <= this.policy.cacheEntriesMax) break;
      this.memory.delete(oldest);
    }
  }
}

/** Seconds since 1970, a number or its digits as a text; NaN when what is there is no time: it must not count as absent. */
function secondsOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && /^\d{1,12}$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : NaN;
}

function confirmationOf(claims: Claims): string | undefined {
  const thumbprint = (claims.cnf as Claims | undefined)?.['x5t#S256'];
  return typeof thumbprint === 'string' ? thumbprint : undefined;
}

function abandonable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** The real endpoint, through openid-client and our certificate. */
export function introspectionEndpoint(provider: PscProvider): IntrospectionEndpoint {
  return {
    async ask(token) {
      const configuration = await provider.ready();
      try {
        return await client.tokenIntrospection(configuration, token, { token_type_hint: 'access_token' });
      } catch (error) {
        throw toPscError(error);
      }
    },
    issuer: async () => (await provider.ready()).serverMetadata().issuer,
  };
}
