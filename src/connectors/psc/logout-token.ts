import { createLocalJWKSet, errors, JSONWebKeySet, jwtVerify } from 'jose';
import { GatewayError } from '../../platform/errors';
import { PscProvider, toPscError } from './psc-provider';
import { pscErrors } from './psc.errors';

const eventName = 'http://schemas.openid.net/event/backchannel-logout';
const ageMaxSeconds = 300;
const rememberedMax = 10_000;

/** Logout tokens of OpenID Connect Back-Channel Logout 1.0 (2.4 and 2.6): signature, issuer, audience, event, once only. */
export class LogoutTokenVerifier {
  private readonly seen = new Map<string, number>();
  private keys?: JSONWebKeySet;

  constructor(
    private readonly provider: PscProvider,
    private readonly now: () => number,
  ) {}

  async verify(token: string): Promise<{ subject?: string; sid?: string }> {
    if (token.length > 16_384) throw refused('length');
    const claims = await this.signedClaims(token);
    const events = claims.events as Record<string, unknown> | undefined;
    if (typeof events?.[eventName] !== 'object') throw refused('event');
    if (claims.nonce !== undefined) throw refused('nonce');
    const subject = typeof claims.sub === 'string' ? claims.sub : undefined;
    const sid = typeof claims.sid === 'string' ? claims.sid : undefined;
    if (!subject && !sid) throw refused('no subject');
    if (typeof claims.jti !== 'string' || !this.isFirst(claims.jti)) throw refused('repeated');
    return { subject, sid };
  }

  private async signedClaims(token: string) {
    try {
      return await this.check(token, this.keys ?? (await this.fetchKeys()));
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw asRefusal(error);
    }
    try {
      return await this.check(token, await this.fetchKeys());
    } catch (error) {
      throw asRefusal(error);
    }
  }

  private async check(token: string, keys: JSONWebKeySet) {
    const configuration = await this.provider.ready();
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: configuration.serverMetadata().issuer,
      audience: configuration.clientMetadata().client_id,
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384'],
      maxTokenAge: ageMaxSeconds,
      clockTolerance: 10,
      requiredClaims: ['iat', 'jti', 'events'],
      currentDate: new Date(this.now()),
    });
    return payload;
  }

  private async fetchKeys(): Promise<JSONWebKeySet> {
    const configuration = await this.provider.ready();
    try {
      const response = await this.provider.fetch(configuration.serverMetadata().jwks_uri ?? '');
      if (!response.ok) throw new TypeError(`status ${response.status}`);
      this.keys = (await response.json()) as JSONWebKeySet;
      return this.keys;
    } catch (error) {
      throw toPscError(error);
    }
  }

  private isFirst(jti: string): boolean {
    const now = this.now();
    for (const [known, untilMs] of this.seen)
      if (untilMs < now || this.seen.size > rememberedMax) this.seen.delete(known);
    if (this.seen.has(jti)) return false;
    this.seen.set(jti, now + 2 * ageMaxSeconds * 1_000);
    return true;
  }
}

function refused(detail: string): GatewayError {
  return new GatewayError(pscErrors.logoutTokenInvalid, { detail });
}

function asRefusal(error: unknown): GatewayError {
  if (error instanceof errors.JOSEError) return refused(error.code);
  return GatewayError.of(error) ?? refused('malformed');
}
