import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface AskedOfPeer {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly clientSubject?: string;
}

export interface PeerAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly files?: readonly Buffer[];
  /** The connection is destroyed after that many files, in the middle of the next one. */
  readonly cutAfter?: number;
  /** Between two files. */
  readonly delayMs?: number;
  /** Answer of one's own. */
  readonly by?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** What the peer answers: by path, `/studies/…`; the n-th request of that path. */
export type PeerScript = (path: string, attempt: number, headers: IncomingMessage['headers']) => PeerAnswer;

const boundary = 'scripted';

/** A gateway of another hospital that does what a test tells it, over mutual TLS on a free port. */
export class ScriptedPeer {
  readonly asked: AskedOfPeer[] = [];
  script: PeerScript = () => ({ status: 404 });

  private constructor(private readonly server: Server) {}

  static async start(files: { cert: string; key: string; ca: string }): Promise<ScriptedPeer> {
    const read = (path: string) => readFileSync(path);
    const server = createServer({
      cert: read(files.cert),
      key: read(files.key),
      ca: read(files.ca),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const peer = new ScriptedPeer(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void peer.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return peer;
  }

  get base(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}/rs`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/^\/rs/, '');
    const attempt = this.asked.filter((each) => each.path === path).length + 1;
    const socket = request.socket as import('node:tls').TLSSocket;
    const clientSubject = socket.getPeerX509Certificate?.()?.subject;
    this.asked.push({ path, headers: request.headers, clientSubject });
    const answer = this.script(path, attempt, request.headers);
    if (answer.by) return answer.by(request, response);
    const { status = 200, headers = {}, files = [], cutAfter, delayMs } = answer;
    if (status !== 200 && status !== 206) {
      response.writeHead(status, headers).end('{}');
      return;
    }
    response.writeHead(status, {
      'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      ...headers,
    });
    for (const [index, file] of files.entries()) {
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
      if (response.destroyed) return;
      response.write(
        `\r\n--${boundary}\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n`,
      );
      if (index === cutAfter) {
        response.write(file.subarray(0, Math.floor(file.length / 2)));
        setTimeout(() => response.destroy(), 20);
        return;
      }
      response.write(file);
    }
    response.end(`\r\n--${boundary}--\r\n`);
  }
}
