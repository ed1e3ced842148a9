import { connect, Socket } from 'node:net';
import { configureLogging } from '../../platform/logging';
import type { MessageHandler } from './message-handler';
import { MllpServer, MllpServerOptions } from './mllp-server';

const limits: MllpServerOptions = {
  messageBytesMax: 100_000,
  heldBytesMax: 1_000_000,
  connectionsMax: 3,
  idleMsMax: 5_000,
  messageMsMax: 5_000,
};
const frame = (text: string) => `\x0b${text}\x1c\r`;
const message = (id: string) => `MSH|^~\\&|RIS|CHU|||20260101||ORU^R01^ORU_R01|${id}|P|2.5`;

/** A client that collects what comes until the connection closes, or until `count` answers came. */
class Client {
  private received = '';
  readonly closed: Promise<void>;
  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (this.received += text));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }
  static async open(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise((resolve) => socket.once('connect', resolve));
    return new Client(socket);
  }
  async answers(count: number): Promise<string[]> {
    const until = Date.now() + 5_000;
    for (;;) {
      const found = this.received
        .split('\x1c\r')
        .slice(0, -1)
        .map((text) => text.replace('\x0b', ''));
      if (found.length >= count) return found;
      if (Date.now() > until) throw new Error(`waited for ${count} answers, ${found.length} came`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('MLLP server', () => {
  let server: MllpServer;
  let port: number;
  const seen: string[] = [];
  const refusals: string[] = [];
  let handler: MessageHandler['receive'];

  beforeAll(() => configureLogging({ level: 'silent' }));
  const start = async (more: Partial<MllpServerOptions> = {}) => {
    server = new MllpServer({ ...limits, ...more }, { receive: (received) => handler(received) }, ({ reason }) =>
      refusals.push(reason),
    );
    port = await server.listen('127.0.0.1', 0);
  };
  beforeEach(() => {
    seen.length = 0;
    refusals.length = 0;
    handler = async ({ bytes }) => {
      const text = bytes.toString('latin1');
      seen.push(text);
      return Buffer.from(`ack ${text}`);
    };
  });
  afterEach(() => server.close(200));

  it('answers many messages of one connection, in order, however slow some are', async () => {
    await start();
    handler = async ({ bytes }) => {
      const text = bytes.toString();
      await new Promise((resolve) => setTimeout(resolve, text === '0' ? 50 : 0));
      return Buffer.from(text);
    };
    const client = await Client.open(port);
    const texts = Array.from({ length: 40 }, (_, index) => String(index));
    client.socket.write(texts.map(frame).join(''));
    expect(await client.answers(40)).toEqual(texts);
    client.socket.destroy();
  });

  it('answers a sender that ends its side at once, then closes', async () => {
    await start();
    const client = await Client.open(port);
    client.socket.end(frame('one'));
    expect(await client.answers(1)).toEqual(['ack one']);
    await client.closed;
  });

  it('does not hand over a message cut by the end of the connection', async () => {
    await start();
    const client = await Client.open(port);
    client.socket.end('\x0bhalf a mess');
    await client.closed;
    expect(seen).toEqual([]);
    expect(refusals).toEqual(['message-cut']);
  });

  it('refuses a message over the limit by its control id, and goes on', async () => {
    await start({ messageBytesMax: 70_000 });
    const client = await Client.open(port);
    client.socket.write(frame(`${message('BIG')}\r${'x'.repeat(80_000)}`) + frame('next'));
    const [refusal, next] = await client.answers(2);
    expect(refusal).toMatch(/MSA\|AE\|BIG\rERR\|\|\|199/);
    expect(next).toBe('ack next');
    expect(seen).toEqual(['next']);
    expect(refusals).toEqual(['message-too-large']);
    client.socket.destroy();
  });

  it('answers AR with the control id when the handler fails', async () => {
    await start();
    handler = () => Promise.reject(new Error('database down'));
    const client = await Client.open(port);
    client.socket.write(frame(`${message('ID7')}\rPID|1`));
    const [answer] = await client.answers(1);
    expect(answer).toMatch(/ACK\^R01\^ACK/);
    expect(answer).toMatch(/MSA\|AR\|ID7\rERR\|\|\|207/);
    expect(answer).not.toContain('database');
    client.socket.destroy();
  });

  it('closes a peer that does not speak MLLP', async () => {
    await start();
    const client = await Client.open(port);
    client.socket.write('GET / HTTP/1.1\r\n'.repeat(500));
    await client.closed;
    expect(seen).toEqual([]);
    expect(refusals).toEqual(['not-mllp']);
  });

  it('closes a peer that begins messages and never ends them', async () => {
    await start();
    const client = await Client.open(port);
    client.socket.write(Buffer.alloc(65_536, 0x0b));
    await client.closed;
    expect(seen).toEqual([]);
  });

  it('closes an idle connection, and one whose message never ends', async () => {
    await start({ idleMsMax: 60, messageMsMax: 60 });
    const idle = await Client.open(port);
    const slow = await Client.open(port);
    const drip = setInterval(() => slow.socket.write('x'), 10);
    slow.socket.write('\x0bMSH');
    await Promise.all([idle.closed, slow.closed]);
    clearInterval(drip);
    expect(refusals).toEqual(['message-too-slow']);
  });

  it('limits connections and the bytes held for all of them', async () => {
    await start({ connectionsMax: 1, heldBytesMax: 60_000 });
    const first = await Client.open(port);
    const second = await Client.open(port);
    await second.closed;
    first.socket.write(`\x0b${'x'.repeat(90_000)}`);
    await first.closed;
    expect(refusals).toEqual(['too-many-connections', 'too-many-bytes']);
  });

  it('reads no faster than it answers', async () => {
    await start();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    handler = async () => {
      await gate;
      return Buffer.from('ok');
    };
    const client = await Client.open(port);
    for (let sent = 0; sent < 200; sent += 1) client.socket.write(frame('y'.repeat(90_000)));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(client.socket.bytesWritten - client.socket.writableLength).toBeLessThan(17_000_000);
    release();
    expect(await client.answers(200)).toHaveLength(200);
    client.socket.destroy();
  });

  it('answers what it received before it closes, and takes nothing more', async () => {
    await start();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    handler = async ({ bytes }) => {
      seen.push(bytes.toString());
      await gate;
      return Buffer.from('ok');
    };
    const client = await Client.open(port);
    client.socket.write(frame('one') + frame('two'));
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = server.close(2_000);
    client.socket.write(frame('three'));
    setTimeout(release, 30);
    expect(await client.answers(2)).toEqual(['ok', 'ok']);
    await closed;
    expect(seen).toEqual(['one', 'two']);
    await client.closed;
  });
});
