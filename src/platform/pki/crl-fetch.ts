import { Agent } from 'undici';

/** An HTTP exchange for a revocation list that did not bring one. */
export class CrlFetchError extends Error {
  constructor(
    readonly reason: 'status' | 'too-large',
    detail: string,
  ) {
    super(`revocation list not fetched: ${detail}`);
    this.name = 'CrlFetchError';
  }
}

const agent = new Agent({ connections: 2, keepAliveTimeout: 1_000, headersTimeout: 15_000, bodyTimeout: 15_000 });

/** Downloads one list over HTTP or HTTPS (public data, RFC 5280, 4.2.1.13); no redirects, never more than `bytesMax`. */
export async function fetchRevocationList(
  url: string,
  options: { bytesMax: number; signal: AbortSignal },
): Promise<Buffer> {
  const target = new URL(url);
  const { statusCode, headers, body } = await agent.request({
    origin: target.origin,
    path: target.pathname + target.search,
    method: 'GET',
    headers: { accept: 'application/pkix-crl, */*;q=0.1' },
    signal: options.signal,
  });
  if (statusCode !== 200) {
    await body.dump({ limit: 4_096 });
    throw new CrlFetchError('status', `status ${statusCode}`);
  }
  if (Number(headers['content-length'] ?? 0) > options.bytesMax) {
    body.destroy();
    throw new CrlFetchError('too-large', 'announced size');
  }
  const chunks: Buffer[] = [];
  let bytesRead = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytesRead += chunk.length;
    if (bytesRead > options.bytesMax) throw new CrlFetchError('too-large', 'received size');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytesRead);
}
