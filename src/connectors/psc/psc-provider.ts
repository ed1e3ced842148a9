import * as client from 'openid-client';
import { Dispatcher, fetch as undiciFetch } from 'undici';
import { describeCause, GatewayError } from '../../platform/errors';
import { pscErrors } from './psc.errors';

export interface PscProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Dispatcher with the ORG_AUTH_CLI certificate. */
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  /** How long the discovery document is believed, ms. */
  readonly discoveryMs?: number;
}

const answerBytesMax = 1024 * 1024;

/**
 * Pro Santé Connect as this gateway sees it: discovery, client authentication by certificate (RFC 8705, 2.1), limits.
 * The document is read at first use and again once a day; a failure is not remembered.
 */
export class PscProvider {
  private configuration?: { readonly value: Promise<client.Configuration>; readonly readAtMs: number };

  constructor(private readonly options: PscProviderOptions) {}

  /** openid-client's configuration; throws `psc.unreachable` or `psc.refused-us`. */
  async ready(): Promise<client.Configuration> {
    const maxAgeMs = this.options.discoveryMs ?? 24 * 3_600_000;
    const known = this.configuration;
    if (known && Date.now() - known.readAtMs < maxAgeMs) return known.value;
    const value = this.discover();
    this.configuration = { value, readAtMs: Date.now() };
    value.catch(() => (this.configuration = known));
    return value;
  }

  /** Really asks the provider (its keys), for health. */
  async ask(): Promise<void> {
    const configuration = await this.ready();
    try {
      const signal = AbortSignal.timeout(this.options.timeoutMs);
      const response = await this.fetch(configuration.serverMetadata().jwks_uri ?? this.options.issuer, { signal });
      if (!response.ok) throw new GatewayError(pscErrors.unreachable, { detail: `status ${response.status}` });
    } catch (error) {
      throw toPscError(error);
    }
  }

  /** Makes the network limits available to what verifies tokens outside openid-client. */
  readonly fetch = async (url: string | URL, init: object = {}): Promise<Response> => {
    const response = await undiciFetch(url, { ...init, redirect: 'error', dispatcher: this.options.dispatcher });
    return limited(response as unknown as Response);
  };

  private async discover(): Promise<client.Configuration> {
    try {
      const configuration = await client.discovery(
        new URL(this.options.issuer),
        this.options.clientId,
        { use_mtls_endpoint_aliases: true },
        client.TlsClientAuth(),
        { timeout: this.options.timeoutMs / 1_000, [client.customFetch]: this.fetch },
      );
      client.enableNonRepudiationChecks(configuration);
      return configuration;
    } catch (error) {
      throw toPscError(error);
    }
  }
}

/** An answer that is too long is an answer that failed. */
async function limited(response: Response): Promise<Response> {
  if (Number(response.headers.get('content-length') ?? 0) > answerBytesMax) throw new TypeError('answer too long');
  if (!response.body) return response;
  const chunks: Uint8Array[] = [];
  let bytesRead = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytesRead += chunk.length;
    if (bytesRead > answerBytesMax) throw new TypeError('answer too long');
    chunks.push(chunk);
  }
  const hasBody = ![101, 204, 205, 304].includes(response.status);
  return new Response(hasBody ? Buffer.concat(chunks) : null, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}

/** OAuth errors by which Pro Santé Connect says that the gateway itself is not welcome (RFC 6749, 5.2). */
const refusals = new Set([
  'invalid_client',
  'unauthorized_client',
  'access_denied',
  'invalid_request',
  'invalid_scope',
]);

/** The catalogue's error for a failed call; its detail holds codes only, never the token or what the answer said. */
export function toPscError(error: unknown): GatewayError {
  const known = GatewayError.of(error);
  if (known) return known;
  if (error instanceof client.ResponseBodyError) {
    const entry = error.status >= 500 || !refusals.has(error.error) ? pscErrors.unreachable : pscErrors.refusedUs;
    return new GatewayError(entry, { detail: `status ${error.status}` });
  }
  const status = statusOf(error);
  if (status !== undefined && status < 500 && status !== 429) {
    return new GatewayError(pscErrors.refusedUs, { detail: `status ${status}` });
  }
  return new GatewayError(pscErrors.unreachable, { detail: status ? `status ${status}` : networkCode(error) });
}

/** Status of an answer that openid-client could not accept: it hands the response over as the cause. */
function statusOf(error: unknown): number | undefined {
  for (let e: unknown = error, depth = 0; e && depth < 5; e = (e as Error).cause, depth++) {
    if (e instanceof Response) return e.status;
  }
  return undefined;
}

function networkCode(error: unknown): string {
  const text = describeCause(error);
  return (
    /\b(E[A-Z_]{3,}|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|OAUTH_[A-Z_]+|[A-Z]+_[A-Z_]{4,})\b/.exec(text)?.[0] ??
    (error instanceof Error ? error.name : 'unknown')
  );
}
