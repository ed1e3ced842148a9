import { readFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { connect, TLSSocket } from 'node:tls';

/** A gateway's WADO-RS client written without any code of the gateway: `node:https`, and a splitter of its own. */

export interface WadoClientOptions {
  /** Base of WADO-RS: `https://host:port/path`. */
  readonly url: string;
  /** PEM files. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tlsVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
}

export interface WadoHeaders {
  readonly accept?: string | readonly string[];
  readonly token?: string;
  readonly kos?: string;
  readonly more?: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly signal?: AbortSignal;
}

export interface WadoAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** True when the connection ended before the answer did. */
  readonly cut: boolean;
  /** What the connection said when it broke. */
  readonly error?: string;
}

export interface WadoPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const anySyntax = 'multipart/related; type="application/dicom"; transfer-syntax=*';

export class WadoClient {
  private readonly tls: { ca: Buffer; cert?: Buffer; key?: Buffer; minVersion?: 'TLSv1.1'; maxVersion?: 'TLSv1.1' };
  private readonly agent: Agent;
  readonly base: URL;

  constructor({ url, ca, cert, key, tlsVersion }: WadoClientOptions) {
    this.base = new URL(url);
    const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
    this.tls = { ca: readFileSync(ca), cert: read(cert), key: read(key) };
    if (tlsVersion) Object.assign(this.tls, { minVersion: tlsVersion, maxVersion: tlsVersion });
    this.agent = new Agent({ keepAlive: true, maxSockets: 256, ...this.tls });
  }

  /** Resolves as soon as the status line is there; rejects when the connection ends before. */
  open(path: string, headers: WadoHeaders = {}): Promise<IncomingMessage> {
    const flat = ['Host', this.base.host];
    if (headers.token !== undefined) flat.push('Authorization', `Bearer ${headers.token}`);
    if (headers.kos !== undefined) flat.push('KOS-SOPInstanceUID', headers.kos);
    for (const line of headers.accept === undefined ? [] : [headers.accept].flat()) flat.push('Accept', line);
    for (const pair of headers.more ?? []) flat.push(...pair);
    return new Promise((resolve, reject) => {
      const call = request(
        {
          agent: this.agent,
          host: 'localhost',
          port: this.base.port,
          path: this.base.pathname + path,
          method: headers.method ?? 'GET',
          headers: flat,
          signal: headers.signal,
        },
        resolve,
      );
      call.once('error', reject);
      call.end();
    });
  }

  async get(path: string, headers: WadoHeaders = {}): Promise<WadoAnswer> {
    const answer = await this.open(path, headers);
    const chunks: Buffer[] = [];
    let error: NodeJS.ErrnoException | undefined;
    try {
      for await (const chunk of answer) chunks.push(chunk as Buffer);
    } catch (thrown) {
      error = thrown as Error;
    }
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      body: Buffer.concat(chunks),
      cut: error !== undefined || !answer.complete,
      error: error && (error.code ?? error.message),
    };
  }

  /** A bare TLS connection, for requests that no library would send. */
  async raw(): Promise<TLSSocket> {
    const socket = connect({ host: 'localhost', port: Number(this.base.port), ...this.tls, ALPNProtocols: undefined });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends these bytes and resolves with all that comes back until the other side closes (or `untilMs` is over). */
  async exchange(bytes: string | Buffer, untilMs = 5_000): Promise<string> {
    const socket = await this.raw();
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(bytes);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([closed, new Promise<void>((resolve) => (timer = setTimeout(resolve, untilMs)))]);
    clearTimeout(timer);
    socket.destroy();
    return received;
  }

  close(): void {
    this.agent.destroy();
  }
}

function parameterOf(contentType: string, name: string): string {
  const match = new RegExp(`;\\s*${name}="?([^";]+)"?`, 'i').exec(contentType);
  if (!match) throw new Error(`no ${name} in ${contentType}`);
  return match[1];
}

/** Splits a whole `multipart/related` body (RFC 2046, 5.1); throws when anything is not exactly where it belongs. */
export function splitParts({ headers, body }: Pick<WadoAnswer, 'headers' | 'body'>): WadoPart[] {
  const contentType = headers['content-type'] ?? '';
  if (!contentType.startsWith('multipart/related')) throw new Error(`not multipart/related: ${contentType}`);
  const mark = Buffer.from(`--${parameterOf(contentType, 'boundary')}`);
  const parts: WadoPart[] = [];
  let at = body.indexOf(mark);
  if (at !== 0 && body.toString('latin1', 0, 2) !== '\r\n') throw new Error('something before the first boundary');
  for (;;) {
    const after = at + mark.length;
    const next = body.toString('latin1', after, after + 2);
    if (next === '--') return parts;
    if (at < 0 || next !== '\r\n') throw new Error(`no delimiter after part ${parts.length}`);
    const headEnd = body.indexOf('\r\n\r\n', after);
    const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), mark]), headEnd);
    if (headEnd < 0 || end < 0) throw new Error(`part ${parts.length + 1} does not end`);
    const lines = body.toString('latin1', after + 2, headEnd).split('\r\n');
    const pairs = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    parts.push({ headers: Object.fromEntries(pairs), body: body.subarray(headEnd + 4, end) });
    at = end + 2;
  }
}

export interface PartTen {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSet: Buffer;
}

/** Reads the file meta group (PS3.10, 7.1) of a whole Part 10 object; what follows is its data set. */
export function readPartTen(file: Buffer): PartTen {
  if (file.toString('latin1', 128, 132) !== 'DICM') throw new Error('no DICM prefix');
  const values = new Map<number, string>();
  let at = 132;
  let end = file.length;
  while (at < end && file.readUInt16LE(at) === 2) {
    const element = file.readUInt16LE(at + 2);
    const isLong = ['OB', 'OW', 'UN', 'SQ', 'UT'].includes(file.toString('latin1', at + 4, at + 6));
    const length = isLong ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6);
    const start = at + (isLong ? 12 : 8);
    if (element === 0) end = start + length + file.readUInt32LE(start);
    values.set(element, file.toString('latin1', start, start + length).replace(/[\0 ]+$/, ''));
    at = start + length;
  }
  const value = (element: number) => values.get(element) ?? '';
  return {
    sopClassUid: value(2),
    sopInstanceUid: value(3),
    transferSyntaxUid: value(0x10),
    dataSet: file.subarray(at),
  };
}
