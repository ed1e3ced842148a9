import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface HospitalProvider {
  readonly issuer: string;
  /** Claims of whoever comes next; `sabotage` changes the ID token just before it is signed. */
  next(claims: Record<string, unknown>, sabotage?: (idToken: Record<string, unknown>) => void): void;
  /** What the browser's return would be, for an authorization address that the gateway made. */
  returnOf(authorization: URL): Promise<URL>;
  close(): Promise<void>;
}

/** A small OpenID provider of a hospital (client secret, PKCE, ES256), written by hand so that it can also lie. */
export async function startHospitalProvider(
  tls: { cert: Buffer; key: Buffer },
  secret: string,
): Promise<HospitalProvider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, URLSearchParams>();
  let claims: Record<string, unknown> = {};
  let sabotage: ((idToken: Record<string, unknown>) => void) | undefined;
  const server = createServer(tls, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer);
    const json = (body: object, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration')
      return json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      });
    if (url.pathname === '/jwks') return json({ keys: [jwk] });
    if (url.pathname === '/authorize') {
      const code = randomBytes(8).toString('hex');
      codes.set(code, url.searchParams);
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
    const asked = codes.get(new URLSearchParams(body).get('code') ?? '');
    const [, basic] = (request.headers.authorization ?? '').split(' ');
    // RFC 6749 2.3.1: both parts come form-encoded.
    const given = new URLSearchParams(
      `s=${
        Buffer.from(basic ?? '', 'base64')
          .toString()
          .split(':')[1] ?? ''
      }`,
    ).get('s');
    if (!asked || given !== secret) return json({ error: 'invalid_grant' }, 400);
    const payload: Record<string, unknown> = {
      iss: issuer,
      aud: asked.get('client_id'),
      nonce: asked.get('nonce'),
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + 300,
      ...claims,
    };
    sabotage?.(payload);
    const idToken = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
    return json({ access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: idToken });
  }

  return {
    issuer,
    next: (nextClaims, change) => {
      claims = nextClaims;
      sabotage = change;
    },
    returnOf: async (authorization) => {
      const code = randomBytes(8).toString('hex');
      codes.set(code, authorization.searchParams);
      const back = new URL(authorization.searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code, state: authorization.searchParams.get('state') ?? '' }).toString();
      return back;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
