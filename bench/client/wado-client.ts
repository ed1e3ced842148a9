import { Agent as PlainAgent, IncomingMessage, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { quantile } from '../statistics';

export interface WadoClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Client certificate and authority, for https. */
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

export interface SeriesTimes {
  readonly firstByteMs: number;
  /** Until the last byte of the first part, wherever its delimiter came. */
  readonly firstInstanceMs: number;
  readonly totalMs: number;
  readonly bytes: number;
  readonly parts: number;
}

export interface RequestTimes {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly bytes: number;
}

export const asStored = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** A plain WADO-RS client that keeps nothing: a stop-watch. */
export class WadoClient {
  constructor(private readonly options: WadoClientOptions = {}) {}

  /** One answer over a connection of its own, the handshake included. */
  async series(url: string, accept = asStored, bytesPerSecond?: number): Promise<SeriesTimes> {
    const agent = this.agent(url, { keepAlive: false });
    const startedMs = performance.now();
    const answer = await this.send(url, accept, agent);
    const firstByteMs = performance.now() - startedMs;
    const counter = new PartCounter(answer.headers['content-type'] ?? '');
    const arrivals: { readonly bytes: number; readonly ms: number }[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (counter.delimiters < 2) arrivals.push({ bytes, ms: performance.now() - startedMs });
      counter.push(chunk);
      if (bytesPerSecond) await slowDown(bytes, bytesPerSecond, startedMs);
    }
    if (!answer.complete) throw new Error(`${url}: the answer was cut`);
    agent.destroy();
    const firstInstanceMs = arrivals.find((one) => one.bytes >= counter.firstPartEnd)?.ms ?? Number.NaN;
    return { firstByteMs, firstInstanceMs, totalMs: performance.now() - startedMs, bytes, parts: counter.parts };
  }

  /** Reads slowly for a while, then leaves. */
  async crawl(url: string, bytesPerSecond: number, forMs: number): Promise<void> {
    const agent = this.agent(url, { keepAlive: false });
    const startedMs = performance.now();
    const answer = await this.send(url, asStored, agent);
    let bytes = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        await slowDown(bytes, bytesPerSecond, startedMs);
        if (performance.now() - startedMs > forMs) break;
      }
    } catch (error) {
      const ranMs = performance.now() - startedMs;
      throw new Error(`the slow reader was cut off after ${ranMs.toFixed(0)} ms and ${bytes} bytes`, { cause: error });
    } finally {
      agent.destroy();
    }
  }

  /** All addresses, over some connections that stay open; `connections` requests are under way at any time. */
  async requests(urls: readonly string[], connections: number, accept = asStored): Promise<RequestTimes> {
    const agent = this.agent(urls[0] ?? '', { keepAlive: true, maxSockets: connections });
    const times: number[] = [];
    let next = 0;
    let bytes = 0;
    const startedMs = performance.now();
    const work = async (): Promise<void> => {
      for (let url = urls[next++]; url !== undefined; url = urls[next++]) {
        const sentMs = performance.now();
        const answer = await this.send(url, accept, agent);
        answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
        await new Promise((resolve, reject) => answer.once('end', resolve).once('error', reject));
        times.push(performance.now() - sentMs);
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    const seconds = (performance.now() - startedMs) / 1_000;
    agent.destroy();
    return { perSecond: urls.length / seconds, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), bytes };
  }

  private agent(url: string, options: { keepAlive: boolean; maxSockets?: number }): PlainAgent {
    // A new session each time: resumed handshakes would flatter whoever allows them.
    return url.startsWith('https:')
      ? new TlsAgent({ ...options, ...this.options.tls, maxCachedSessions: 0 })
      : new PlainAgent(options);
  }

  private send(url: string, accept: string, agent: PlainAgent): Promise<IncomingMessage> {
    const start = url.startsWith('https:') ? tlsRequest : plainRequest;
    return new Promise((resolve, reject) => {
      const request = start(url, { agent, headers: { ...this.options.headers, Accept: accept } }, (answer) => {
        if (answer.statusCode === 200) return resolve(answer);
        answer.resume();
        reject(new Error(`${url} answered ${answer.statusCode}`));
      });
      request.once('error', reject);
      request.end();
    });
  }
}

async function slowDown(bytes: number, bytesPerSecond: number, startedMs: number): Promise<void> {
  const aheadMs = (bytes / bytesPerSecond) * 1_000 - (performance.now() - startedMs);
  if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
}

/** Counts the delimiters of a multipart body that comes in pieces. */
class PartCounter {
  private readonly mark: Buffer;
  private carry = Buffer.alloc(0);
  private before = 0;
  delimiters = 0;
  /** Bytes of the body up to the end of the first part. */
  firstPartEnd = Number.POSITIVE_INFINITY;

  constructor(contentType: string) {
    const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]?.trim();
    this.mark = Buffer.from(`--${boundary ?? '\0none'}`);
  }

  /** The last delimiter closes the body. */
  get parts(): number {
    return Math.max(0, this.delimiters - 1);
  }

  push(chunk: Buffer): void {
    const seen = this.carry.length > 0 ? Buffer.concat([this.carry, chunk]) : chunk;
    const start = this.before - this.carry.length;
    this.before += chunk.length;
    let from = 0;
    for (let at = seen.indexOf(this.mark); at >= 0; at = seen.indexOf(this.mark, from)) {
      this.delimiters += 1;
      // The line break before a delimiter belongs to it (RFC 2046 5.1.1).
      if (this.delimiters === 2) this.firstPartEnd = start + at - 2;
      from = at + this.mark.length;
    }
    this.carry = Buffer.from(seen.subarray(Math.max(from, seen.length - this.mark.length + 1)));
  }
}
