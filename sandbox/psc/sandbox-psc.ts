import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { loginPage } from './pages';
import { makeProvider, type SandboxPscClient } from './provider';
import { sandboxUsers, subjectOf, type SandboxUser } from './users';

export interface SandboxPscOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Name in the issuer's address; the server certificate must cover it. */
  readonly hostName?: string;
  /** Server certificate and key (PEM contents). */
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Authorities (PEM contents) of the gateways' client certificates. */
  readonly clientCa: readonly (string | Buffer)[];
  readonly clients: readonly SandboxPscClient[];
  readonly users?: readonly SandboxUser[];
  /** Life of an access token; Pro Santé Connect: 120 s. */
  readonly accessTokenSeconds?: number;
  /** Authorities (PEM contents) of the portals, for back-channel logout. */
  readonly logoutCa?: string;
}

export interface PscBehaviour {
  /** Answers 503 to everything. */
  readonly down?: boolean;
  /** Waits before answering. */
  readonly slowMs?: number;
  /** Introspection says that every token is inactive. */
  readonly inactive?: boolean;
}

export interface SandboxPsc {
  readonly issuer: string;
  readonly port: number;
  readonly users: readonly SandboxUser[];
  /** Address of a fresh access token: add a username. */
  readonly tokenAddress: string;
  /** A fresh access token, as `/sandbox/token` gives it. */
  token(username: string, clientId?: string): Promise<string>;
  behave(behaviour: PscBehaviour): void;
  /** Requests received so far, by path. */
  requests(path?: RegExp): number;
  close(): Promise<void>;
}

const bodyBytesMax = 16 * 1024;

/** Starts a Pro Santé Connect to try the gateway with: mutual TLS for gateways, a French login page for people. */
export async function startSandboxPsc(options: SandboxPscOptions): Promise<SandboxPsc> {
  let behaviour: PscBehaviour = {};
  const seen: string[] = [];
  const users = options.users ?? sandboxUsers;
  const secure: ServerOptions = {
    ...options.tls,
    ca: [...options.clientCa],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  };
  let answer: (request: IncomingMessage, response: ServerResponse) => Promise<unknown> = async (_, response) =>
    response.writeHead(503).end();
  const server = createServer(secure, (request, response) => {
    if (seen.length > 10_000) seen.length = 0;
    seen.push((request.url ?? '/').split('?', 1)[0]);
    const act = () => {
      if (request.destroyed && !request.readableEnded) return;
      if (behaviour.down) return void response.writeHead(503).end();
      answer(request, response).catch(() =>
        response.headersSent ? response.destroy() : response.writeHead(500).end(),
      );
    };
    if (behaviour.slowMs) setTimeout(act, behaviour.slowMs);
    else act();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const issuer = `https://${options.hostName ?? 'localhost'}:${port}`;
  const provider = makeProvider({
    issuer,
    clients: options.clients,
    users,
    accessTokenSeconds: options.accessTokenSeconds ?? 120,
    logoutCa: options.logoutCa,
    isInactive: () => behaviour.inactive === true,
  });
  const tokens = new TokenMint(provider, options.clients, users);
  answer = route(provider, users, tokens);
  return {
    issuer,
    port,
    users,
    tokenAddress: `${issuer}/sandbox/token?user=`,
    token: (username, clientId) => tokens.mint(username, clientId),
    behave: (next) => {
      behaviour = next;
    },
    requests: (path) => seen.filter((one) => !path || path.test(one)).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sandbox only: an access token without the login, bound to the gateway's certificate. */
class TokenMint {
  constructor(
    private readonly provider: Provider,
    private readonly clients: readonly SandboxPscClient[],
    private readonly users: readonly SandboxUser[],
  ) {}

  async mint(username: string, clientId = this.clients[0]?.clientId): Promise<string> {
    const user = this.users.find((one) => one.username === username);
    const known = this.clients.find((one) => one.clientId === clientId);
    if (!user || !known) throw new Error('unknown sandbox user or client');
    const accountId = subjectOf(user);
    const grant = new this.provider.Grant({ accountId, clientId: known.clientId });
    grant.addOIDCScope('openid scope_all');
    const grantId = await grant.save();
    const client = await this.provider.Client.find(known.clientId);
    const token = new this.provider.AccessToken({
      accountId,
      client,
      grantId,
      gty: 'authorization_code',
      scope: 'openid scope_all',
    });
    if (known.certificatePem) token.setThumbprint('x5t', leafOf(known.certificatePem));
    return token.save();
  }
}

function leafOf(pem: string): string {
  return /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0] ?? pem;
}

function route(provider: Provider, users: readonly SandboxUser[], tokens: TokenMint) {
  const oidc = provider.callback();
  return async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const url = new URL(request.url ?? '/', 'https://sandbox');
    if (url.pathname === '/sandbox/token') return giveToken(url, response, tokens);
    if (url.pathname.startsWith('/connexion/')) return interact(provider, users, request, response);
    return oidc(request, response);
  };
}

async function giveToken(url: URL, response: ServerResponse, tokens: TokenMint): Promise<void> {
  try {
    const token = await tokens.mint(url.searchParams.get('user') ?? '', url.searchParams.get('client') ?? undefined);
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ access_token: token }));
  } catch {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"unknown user or client"}');
  }
}

async function interact(
  provider: Provider,
  users: readonly SandboxUser[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const action = `/connexion/${details.uid}`;
  const show = (isWrong: boolean) => {
    response.writeHead(isWrong ? 401 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.end(loginPage({ action, users, isWrong }));
  };
  if (request.method !== 'POST') return show(false);
  const form = new URLSearchParams(await readBody(request));
  const user = users.find((one) => one.username === form.get('username') && one.password === form.get('password'));
  if (!user) return show(true);
  const login = { accountId: subjectOf(user), acr: 'eidas1', amr: ['mca'] };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length > bodyBytesMax) throw new Error('form too long');
  }
  return body;
}
