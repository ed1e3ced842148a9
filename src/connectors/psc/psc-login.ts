import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { GatewayError } from '../../platform/errors';
import { LogoutTokenVerifier } from './logout-token';
import { Claims, professionalOf, workSituationsOf } from './professional';
import { PscProvider, toPscError } from './psc-provider';
import { pscErrors } from './psc.errors';
import { LoginAttempt, PscSession } from './psc-session';

export interface PscLoginOptions {
  readonly scope: string;
  /** Level asked (acr_values) and required. */
  readonly acr: string;
  /** How long a browser may stay at Pro Santé Connect, ms. */
  readonly attemptMs?: number;
}

export interface StartOptions {
  /** Our registered callback address. */
  readonly redirectUrl: string;
  readonly returnTo?: string;
  /** OpenID Connect `prompt`: `login` forces a new authentication, `none` asks silently. */
  readonly prompt?: 'login' | 'none';
}

const renewedMemoryMs = 60_000;
const renewedMax = 10_000;
const defaultLifeSeconds = 60;

/** Login, renewal and logout of professionals (OpenID Connect Core 1.0, code flow with PKCE, RFC 7636). Keeps no session. */
export class PscLogin {
  private readonly renewals = new Map<string, Promise<PscSession>>();
  private readonly logoutTokens: LogoutTokenVerifier;

  constructor(
    private readonly provider: PscProvider,
    private readonly options: PscLoginOptions,
    private readonly now: () => number = Date.now,
  ) {
    this.logoutTokens = new LogoutTokenVerifier(provider, now);
  }

  /** Address to send the browser to, and what to keep until it comes back. */
  async start(options: StartOptions): Promise<{ url: URL; attempt: LoginAttempt }> {
    const configuration = await this.provider.ready();
    const codeVerifier = client.randomPKCECodeVerifier();
    const attempt: LoginAttempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier,
      redirectUrl: options.redirectUrl,
      startedAtMs: this.now(),
      ...(options.returnTo ? { returnTo: options.returnTo } : {}),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: options.redirectUrl,
      scope: this.options.scope,
      acr_values: this.options.acr,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(options.prompt ? { prompt: options.prompt } : {}),
    });
    return { url, attempt };
  }

  /**
   * Checks the browser's return (state, issuer, nonce, signature, level) and reads who it is.
   * @param query query string of the callback request
   * Throws `psc.login-expired`, `psc.login-refused`, `psc.unreachable` or `psc.refused-us`.
   */
  async finish(query: string, attempt: LoginAttempt): Promise<PscSession> {
    const age = this.now() - attempt.startedAtMs;
    if (age < 0 || age > (this.options.attemptMs ?? 10 * 60_000))
      throw new GatewayError(pscErrors.loginExpired, { detail: 'too late' });
    const configuration = await this.provider.ready();
    const current = new URL(attempt.redirectUrl);
    current.search = query;
    const tokens = await this.grant(configuration, current, attempt);
    const idClaims = tokens.claims() as Claims | undefined;
    if (!idClaims || !tokens.id_token) throw new GatewayError(pscErrors.loginRefused, { detail: 'no ID token' });
    if (idClaims.acr !== this.options.acr)
      throw new GatewayError(pscErrors.loginRefused, { detail: 'authentication level' });
    const claims = await this.userinfo(configuration, tokens.access_token, String(idClaims.sub));
    const professional = professionalOf({ ...idClaims, ...claims });
    if (!professional) throw new GatewayError(pscErrors.loginRefused, { detail: 'no national identifier' });
    return {
      version: 1,
      professional,
      situations: workSituationsOf(claims),
      acr: this.options.acr,
      sid: typeof idClaims.sid === 'string' ? idClaims.sid : undefined,
      idToken: tokens.id_token,
      loggedInAtMs: this.now(),
      ...this.tokenPart(tokens),
    };
  }

  /**
   * A session whose access token lives at least `lifeMs` more: the same one, or a renewed one that the caller stores.
   * Requests of one session at the same time, or with the copy from just before, share one renewal.
   * Throws `psc.session-ended` when a new login is needed.
   */
  async fresh(session: PscSession, lifeMs = 30_000): Promise<PscSession> {
    if (session.accessTokenEndsAtMs - this.now() >= lifeMs) return session;
    if (!session.refreshToken) throw new GatewayError(pscErrors.sessionEnded, { detail: 'no refresh token' });
    const key = createHash('sha256').update(session.refreshToken).digest('base64');
    const known = this.renewals.get(key);
    if (known) {
      const before = { ...(await known), situationId: session.situationId };
      if (before.accessTokenEndsAtMs - this.now() >= lifeMs) return before;
      // with rotation the newer copy goes on; without it the remembered renewal has simply aged
      if (before.refreshToken !== session.refreshToken) return this.fresh(before, lifeMs);
      if (this.renewals.get(key) === known) this.renewals.delete(key);
    }
    const renewed = await (this.renewals.get(key) ?? this.renewOnce(key, session));
    return { ...renewed, situationId: session.situationId };
  }

  /** Address of Pro Santé Connect's own logout (RP-Initiated Logout 1.0), then back to `returnUrl` when registered. */
  async logoutUrl(session: PscSession, returnUrl?: string): Promise<URL> {
    const configuration = await this.provider.ready();
    return client.buildEndSessionUrl(configuration, {
      id_token_hint: session.idToken,
      ...(returnUrl ? { post_logout_redirect_uri: returnUrl } : {}),
    });
  }

  /** Checks a back-channel logout call; the portal ends the sessions with this `sid`, or all those of this subject. */
  verifyLogoutToken(logoutToken: string): Promise<{ subject?: string; sid?: string }> {
    return this.logoutTokens.verify(logoutToken);
  }

  private async grant(configuration: client.Configuration, current: URL, attempt: LoginAttempt) {
    try {
      return await client.authorizationCodeGrant(configuration, current, {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        idTokenExpected: true,
      });
    } catch (error) {
      throw toLoginError(error);
    }
  }

  private async userinfo(configuration: client.Configuration, accessToken: string, subject: string): Promise<Claims> {
    try {
      return await client.fetchUserInfo(configuration, accessToken, subject);
    } catch (error) {
      throw toPscError(error);
    }
  }

  private renewOnce(key: string, session: PscSession): Promise<PscSession> {
    const renewal = this.renew(session);
    if (this.renewals.size >= renewedMax) this.renewals.clear();
    this.renewals.set(key, renewal);
    const forget = () => this.renewals.delete(key);
    renewal.then(() => setTimeout(forget, renewedMemoryMs).unref(), forget);
    return renewal;
  }

  private async renew(session: PscSession): Promise<PscSession> {
    const configuration = await this.provider.ready();
    try {
      const tokens = await client.refreshTokenGrant(configuration, session.refreshToken ?? '');
      const part = this.tokenPart(tokens);
      return {
        ...session,
        ...part,
        refreshToken: part.refreshToken ?? session.refreshToken,
        idToken: tokens.id_token ?? session.idToken,
      };
    } catch (error) {
      if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') {
        throw new GatewayError(pscErrors.sessionEnded, { detail: 'refresh token refused' });
      }
      throw toPscError(error);
    }
  }

  private tokenPart(
    tokens: client.TokenEndpointResponse,
  ): Pick<PscSession, 'accessToken' | 'accessTokenEndsAtMs' | 'refreshToken'> {
    return {
      accessToken: tokens.access_token,
      accessTokenEndsAtMs: this.now() + (tokens.expires_in ?? defaultLifeSeconds) * 1_000,
      refreshToken: tokens.refresh_token,
    };
  }
}

/** Failures of the return itself are the login's; those of the network or of our certificate are not. */
function toLoginError(error: unknown): GatewayError {
  if (error instanceof client.AuthorizationResponseError) {
    return new GatewayError(pscErrors.loginRefused, { detail: `authorization answered ${error.error.slice(0, 60)}` });
  }
  if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') {
    return new GatewayError(pscErrors.loginRefused, { detail: 'code refused' });
  }
  if (
    error instanceof client.ClientError &&
    error.code !== 'OAUTH_TIMEOUT' &&
    error.code !== 'OAUTH_RESPONSE_IS_NOT_CONFORM'
  ) {
    return new GatewayError(pscErrors.loginRefused, { detail: error.code ?? 'check failed' });
  }
  return toPscError(error);
}
