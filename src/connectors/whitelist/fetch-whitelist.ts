import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { GatewayError } from '../../platform/errors';
import { whiteListBytesMax } from '../../standards/whitelist';
import { whitelistErrors } from './whitelist.errors';

export interface FetchOptions {
  readonly url: string;
  readonly tlsCaFile: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Downloads the list: one GET, no redirect, bounded in time and size. */
export async function fetchWhitelist(options: FetchOptions): Promise<Buffer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  let agent: Agent | undefined;
  try {
    const ca = options.tlsCaFile === undefined ? undefined : await readFile(options.tlsCaFile, 'utf8');
    agent = new Agent({ connect: { ca, minVersion: 'TLSv1.2' }, connections: 1 });
    const headers = { accept: 'application/xml, text/xml, */*;q=0.1' };
    const { statusCode, body } = await request(options.url, { dispatcher: agent, signal, headers });
    if (statusCode !== 200) {
      throw new GatewayError(whitelistErrors.unreachable, { detail: `HTTP status ${statusCode}` });
    }
    return await readBounded(body);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const detail = timeout.aborted ? 'no complete answer in time' : undefined;
    throw new GatewayError(whitelistErrors.unreachable, { cause: error, detail });
  } finally {
    // The answer has been read or given up: what is left of the connection is of no use.
    await agent?.destroy();
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytesRead = 0;
  for await (const chunk of body) {
    bytesRead += chunk.length;
    if (bytesRead > whiteListBytesMax) throw new GatewayError(whitelistErrors.tooLarge);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
