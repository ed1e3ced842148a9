import { randomBytes, generateKeyPairSync } from 'node:crypto';
import { Provider, type OidcContext } from 'oidc-provider';
import { Agent, fetch as undiciFetch } from 'undici';
import { errorPage, loggedOutPage, logoutPage } from './pages';
import { claimsOf, subjectOf, type SandboxUser } from './users';

/** A gateway known to the sandbox's Pro Santé Connect. */
export interface SandboxPscClient {
  readonly clientId: string;
  /** Subject of its ORG_AUTH_CLI certificate, as `CN=…,OU=…,O=…,ST=…,C=…`. */
  readonly subjectDn: string;
  /** That certificate (PEM): tokens of `/sandbox/token` are bound to it. */
  readonly certificatePem?: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly backchannelLogoutUri?: string;
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly clients: readonly SandboxPscClient[];
  readonly users: readonly SandboxUser[];
  readonly accessTokenSeconds: number;
  /** Authorities (PEM) of the portals called for back-channel logout. */
  readonly logoutCa?: string;
  /** Test switch: introspection answers that every token is inactive. */
  readonly isInactive: () => boolean;
}

const base = '/auth/realms/esante-wallet/protocol/openid-connect';

/** A subject as a set of attributes: order, spacing and the form of the text do not matter. */
function attributesOf(subject: string): string {
  return subject
    .split(/\n|,(?=\s*[A-Za-z]+=)/)
    .map((attribute) =>
      attribute
        .trim()
        .replace(/\s*=\s*/, '=')
        .toLowerCase(),
    )
    .sort()
    .join('\n');
}

function certificateOf(ctx: OidcContext) {
  return ctx.socket.getPeerX509Certificate?.();
}

/** oidc-provider shaped like Pro Santé Connect: certificate-only clients, bound tokens of two minutes, eidas1, its claims. */
export function makeProvider(options: ProviderOptions): Provider {
  const userBySubject = new Map(options.users.map((user) => [subjectOf(user), user]));
  const provider = new Provider(options.issuer, {
    clients: options.clients.map(clientMetadata),
    jwks: { keys: [signingKey()] },
    cookies: {
      keys: [randomBytes(24).toString('base64url')],
      names: { session: 'psc_session', interaction: 'psc_interaction', resume: 'psc_resume' },
    },
    routes: {
      authorization: '/auth',
      token: `${base}/token`,
      introspection: `${base}/token/introspect`,
      revocation: `${base}/revoke`,
      userinfo: `${base}/userinfo`,
      jwks: `${base}/certs`,
      end_session: `${base}/logout`,
    },
    scopes: ['openid', 'scope_all'],
    acrValues: ['eidas1'],
    claims: {
      openid: ['sub', 'acr'],
      scope_all: Object.keys(claimsOf(options.users[0])).filter((claim) => claim !== 'sub'),
    },
    conformIdTokenClaims: true,
    clientAuthMethods: ['tls_client_auth'],
    pkce: { required: () => false },
    features: features(),
    findAccount: (_ctx: unknown, accountId: string) => {
      const user = userBySubject.get(accountId);
      return user && { accountId, claims: () => claimsOf(user) };
    },
    loadExistingGrant: (ctx: OidcContext) => grantEverything(provider, ctx),
    interactions: { url: (_ctx: unknown, interaction: { uid: string }) => `/connexion/${interaction.uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    expiresWithSession: () => true,
    renderError: (ctx: OidcContext, out: { error: string }) => {
      ctx.body = errorPage(out.error);
    },
    ttl: {
      AccessToken: options.accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 300,
      Grant: 14 * 3_600,
      Interaction: 900,
      RefreshToken: 4 * 3_600,
      Session: 4 * 3_600,
    },
    fetch: logoutFetch(options.logoutCa),
  });
  provider.use(completeIntrospection(userBySubject, options.isInactive));
  return provider;
}

function clientMetadata(client: SandboxPscClient): Record<string, unknown> {
  return {
    client_id: client.clientId,
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: client.subjectDn,
    tls_client_certificate_bound_access_tokens: true,
    redirect_uris: client.redirectUris.length > 0 ? client.redirectUris : ['https://localhost/psc/callback'],
    post_logout_redirect_uris: client.postLogoutRedirectUris ?? [],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    ...(client.backchannelLogoutUri
      ? { backchannel_logout_uri: client.backchannelLogoutUri, backchannel_logout_session_required: true }
      : {}),
  };
}

function features(): Record<string, unknown> {
  return {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx: OidcContext, form: string) => {
        ctx.body = logoutPage(form);
      },
      postLogoutSuccessSource: (ctx: OidcContext) => {
        ctx.body = loggedOutPage();
      },
    },
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      certificateBoundAccessTokens: true,
      getCertificate: certificateOf,
      certificateAuthorized: (ctx: OidcContext) => ctx.socket.authorized === true,
      certificateSubjectMatches: (ctx: OidcContext, _property: string, expected: string) =>
        attributesOf(certificateOf(ctx)?.subject ?? '') === attributesOf(expected),
    },
    userinfo: { enabled: true },
  };
}

/** No consent page: a professional who logs in has accepted, as at Pro Santé Connect. */
async function grantEverything(provider: Provider, ctx: OidcContext) {
  const clientId = ctx.oidc?.client?.clientId ?? '';
  const known = ctx.oidc?.session?.grantIdFor(clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId, accountId: ctx.oidc?.session?.accountId ?? '' });
  grant.addOIDCScope('openid scope_all');
  await grant.save();
  return grant;
}

/** What Pro Santé Connect's introspection says more than RFC 7662: azp, typ, SubjectNameID, names, acr. */
function completeIntrospection(users: Map<string, SandboxUser>, isInactive: () => boolean) {
  return async (ctx: OidcContext, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.oidc?.route !== 'introspection' || ctx.status !== 200) return;
    const answer = ctx.body as { active: boolean; sub?: string; client_id?: string };
    if (isInactive()) {
      ctx.body = { active: false };
      return;
    }
    const user = answer.active && answer.sub ? users.get(answer.sub) : undefined;
    if (!user) return;
    const { SubjectNameID, preferred_username, given_name, family_name } = claimsOf(user);
    const more = { SubjectNameID, preferred_username, given_name, family_name, username: preferred_username };
    ctx.body = { ...answer, azp: answer.client_id, typ: 'Bearer', acr: 'eidas1', ...more };
  };
}

function signingKey(): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') };
}

function logoutFetch(ca: string | undefined) {
  const dispatcher = new Agent({ connect: { ca }, headersTimeout: 3_000, connectTimeout: 3_000 });
  return (url: string | URL, init: object) => undiciFetch(url, { ...init, dispatcher });
}
