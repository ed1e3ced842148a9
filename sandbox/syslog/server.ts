import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { createServer, Server, TLSSocket } from 'node:tls';
import { OctetCountingReader } from './octet-counting';
import { ReceivedMessage, readMessage } from './read-message';

export interface SyslogOptions {
  readonly port: number;
  /** Port of the list, for people and tests. */
  readonly messagesPort: number;
  readonly tls: { readonly key: string; readonly cert: string };
  /** Authorities of the gateways that may send. */
  readonly clientCa: string;
}

/** An audit record repository: takes syslog over TLS from known senders and lists what came, oldest first. */
export interface SandboxSyslog {
  readonly port: number;
  /** Address of the JSON list. */
  readonly received: string;
  readonly messages: readonly ReceivedMessage[];
  /** What was no audit message, with the reason. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

const messagesMax = 20_000;

/** What came, read when somebody looks: the senders share this machine. */
class Received {
  private readonly unread: { bytes: Buffer; from: string; at: Date }[] = [];
  private readonly read: ReceivedMessage[] = [];
  readonly faults: string[] = [];

  keep(bytes: Buffer, from: string): void {
    this.unread.push({ bytes, from, at: new Date() });
    if (this.unread.length > messagesMax) this.unread.shift();
  }

  get messages(): readonly ReceivedMessage[] {
    for (const { bytes, from, at } of this.unread.splice(0)) {
      try {
        this.read.push(readMessage(bytes, from, at));
      } catch (error) {
        this.faults.push((error as Error).message);
      }
    }
    this.read.splice(0, Math.max(0, this.read.length - messagesMax));
    return this.read;
  }
}

export async function startSandboxSyslog(options: SyslogOptions): Promise<SandboxSyslog> {
  const received = new Received();
  const sockets = new Set<TLSSocket>();
  const { tls, clientCa } = options;
  const syslog = createServer(
    { ...tls, ca: clientCa, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    (socket) => {
      const from = String(socket.getPeerCertificate().subject?.CN ?? '');
      const reader = new OctetCountingReader();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const message of reader.push(chunk)) received.keep(message, from);
        } catch (error) {
          received.faults.push((error as Error).message);
          socket.destroy();
        }
      });
    },
  );
  const list = createHttpsServer({ ...tls, minVersion: 'TLSv1.2' }, (request, response) => {
    const found = request.method === 'GET' && request.url?.split('?')[0] === '/messages';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(found ? received.messages : { error: 'unknown address' }));
  });
  await Promise.all([listen(syslog, options.port), listen(list, options.messagesPort)]);
  const portOf = (server: Server | HttpsServer) => (server.address() as { port: number }).port;
  return {
    port: portOf(syslog),
    received: `https://localhost:${portOf(list)}/messages`,
    get messages() {
      return received.messages;
    },
    get faults() {
      return received.faults;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      list.closeAllConnections();
      await Promise.all([syslog, list].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(server: Server | HttpsServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
