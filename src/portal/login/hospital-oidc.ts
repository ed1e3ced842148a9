import { readFileSync } from 'node:fs';
import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import * as client from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { portalErrors } from '../portal.errors';
import type { PortalRole, PortalUser } from '../session/portal-user';
import { hospitalOidcConfig } from './hospital-oidc.config';

type Config = ConfigOf<typeof hospitalOidcConfig>;

/** A login under way at the hospital's provider; kept in the browser session. */
export interface HospitalAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly startedAtMs: number;
  readonly returnTo: string;
}

const timeoutMs = 5_000;
const attemptMs = 10 * 60_000;
const valuesMax = 200;

/** Login of operators, auditors and administrators at the hospital's own OpenID provider (code flow, PKCE, RFC 7636). */
@Injectable()
export class HospitalOidc implements OnApplicationShutdown {
  private agent?: Agent;
  private discovered?: Promise<client.Configuration>;

  constructor(@Inject(hospitalOidcConfig.token) private readonly config: Config) {}

  /** What the link on the first page says; undefined when there is no such provider. */
  get label(): string | undefined {
    return this.config.issuer ? this.config.label : undefined;
  }

  async start(redirectUrl: string, returnTo: string): Promise<{ url: URL; attempt: HospitalAttempt }> {
    const configuration = await this.ready();
    const codeVerifier = client.randomPKCECodeVerifier();
    const attempt: HospitalAttempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier,
      startedAtMs: Date.now(),
      returnTo,
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUrl,
      scope: this.config.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      // An administrator proves it each time, whatever session the provider still holds.
      prompt: 'login',
    });
    return { url, attempt };
  }

  /** @param current our callback address with the query the browser came back with */
  async finish(current: URL, attempt: HospitalAttempt | undefined): Promise<PortalUser> {
    if (!attempt || Date.now() - attempt.startedAtMs > attemptMs) throw new GatewayError(portalErrors.oidcExpired);
    const configuration = await this.ready();
    let claims: Readonly<Record<string, unknown>> | undefined;
    try {
      const tokens = await client.authorizationCodeGrant(configuration, current, {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        idTokenExpected: true,
      });
      claims = tokens.claims();
    } catch (error) {
      throw new GatewayError(portalErrors.oidcRefused, { cause: error });
    }
    if (!claims) throw new GatewayError(portalErrors.oidcRefused, { detail: 'no ID token' });
    const user = userOfClaims(claims, this.config);
    if (user.roles.length === 0) throw new GatewayError(portalErrors.noRole);
    return user;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent?.destroy();
  }

  private ready(): Promise<client.Configuration> {
    this.discovered ??= this.discover().catch((error: unknown) => {
      this.discovered = undefined;
      throw GatewayError.of(error) ?? new GatewayError(portalErrors.oidcUnreachable, { cause: error });
    });
    return this.discovered;
  }

  private async discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecretFile, caFile } = this.config;
    if (!issuer || !clientId || !clientSecretFile) throw new GatewayError(portalErrors.oidcAbsent);
    this.agent ??= new Agent({
      connect: { ca: caFile ? readFileSync(caFile, 'utf8') : undefined, timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const dispatcher = this.agent;
    const customFetch = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as never;
    const secret = readFileSync(clientSecretFile, 'utf8').trim();
    const configuration = await client.discovery(new URL(issuer), clientId, secret, client.ClientSecretBasic(secret), {
      [client.customFetch]: customFetch,
      timeout: timeoutMs / 1_000,
      execute: [client.enableNonRepudiationChecks],
    });
    configuration[client.customFetch] = customFetch;
    return configuration;
  }
}

/** The user with the roles that the claims earn; none when neither the list nor the claim names one. */
export function userOfClaims(
  claims: Readonly<Record<string, unknown>>,
  config: Pick<Config, 'rolesClaim' | 'rolesByValue' | 'rolesByUser'>,
): PortalUser {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined);
  const id = text(claims.sub) ?? '';
  const login = text(claims.preferred_username);
  const claimed = claimValues(claims, config.rolesClaim);
  const earned: readonly (readonly PortalRole[] | undefined)[] = [
    own(config.rolesByUser, id),
    login ? own(config.rolesByUser, login) : undefined,
    ...claimed.map((value) => own(config.rolesByValue, value)),
  ];
  return {
    provider: 'oidc',
    id,
    name: text(claims.name) ?? login ?? id,
    roles: [...new Set(earned.flatMap((one) => one ?? []))],
  };
}

function claimValues(claims: Readonly<Record<string, unknown>>, path: string): string[] {
  let value: unknown = claims[path];
  if (value === undefined) {
    value = claims;
    for (const step of path.split('.'))
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, step)
          ? (value as Record<string, unknown>)[step]
          : undefined;
  }
  const values: unknown[] = Array.isArray(value) ? value.slice(0, valuesMax) : [value];
  return values.filter((one): one is string => typeof one === 'string');
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
