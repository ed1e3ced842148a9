import { createServer, ServerResponse } from 'node:http';
import { AddressInfo, connect } from 'node:net';
import { BodyWriter } from './body-writer';

/** Pieces of all sizes, so that frames are filled, crossed and left half empty. */
const sizes = [1, 155_000, 300_000, 7, 262_132, 262_133, 900_001, 3];
const pieces = sizes.map((size, at) => Buffer.alloc(size, at + 1));
const whole = Buffer.concat([...pieces, Buffer.from('the end')]);

async function answer(response: ServerResponse): Promise<void> {
  const body = new BodyWriter(response, () => ({ 'Content-Type': 'application/octet-stream' }));
  for (const piece of pieces) {
    if (!body.write(piece)) await body.drained();
    body.flushSoon();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await body.end(Buffer.from('the end'));
}

/** Sends the text as it is and gives all that comes back until the other end closes. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const came: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => came.push(chunk));
    socket.on('error', reject).on('end', () => resolve(Buffer.concat(came).toString('latin1')));
  });
}

/** Reads one chunked body (RFC 9112 7.1) strictly; gives it with what follows. */
function unchunk(text: string): { body: string; rest: string } {
  const body: string[] = [];
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const length = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + length;
    expect(text.slice(next, next + 2)).toBe('\r\n');
    if (length === 0) return { body: body.join(''), rest: text.slice(next + 2) };
    body.push(text.slice(lineEnd + 2, next));
    at = next + 2;
  }
}

describe('a body in frames', () => {
  const server = createServer((_request, response) => void answer(response));
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('is the body, also when a second answer waits behind the first on its connection', async () => {
    const get = 'GET / HTTP/1.1\r\nHost: x\r\n';
    const text = await ask(port, `${get}\r\n${get}Connection: close\r\n\r\n`);
    const first = unchunk(text.slice(text.indexOf('\r\n\r\n') + 4));
    expect(first.body === whole.toString('latin1')).toBe(true);
    expect(first.rest).toMatch(/^HTTP\/1\.1 200 /);
    const second = unchunk(first.rest.slice(first.rest.indexOf('\r\n\r\n') + 4));
    expect(second.body === whole.toString('latin1')).toBe(true);
    expect(second.rest).toBe('');
  });

  it('goes to a caller of HTTP/1.0 without frames', async () => {
    const text = await ask(port, 'GET / HTTP/1.0\r\n\r\n');
    expect(text.slice(text.indexOf('\r\n\r\n') + 4) === whole.toString('latin1')).toBe(true);
  });

  it('adds nothing to an answer that was ended otherwise, or cut', async () => {
    const late = createServer((_request, response) => {
      const body = new BodyWriter(response, () => ({}));
      body.write(Buffer.from('an image'));
      body.flushSoon();
      response.writeHead(502, { Connection: 'close' }).end('a problem');
      setImmediate(() => body.write(Buffer.alloc(600_000)));
    });
    await new Promise<void>((resolve) => late.listen(0, '127.0.0.1', resolve));
    const text = await ask((late.address() as AddressInfo).port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(text).toContain('a problem');
    expect(text).not.toContain('an image');
    await new Promise((resolve) => late.close(resolve));
  });
});
