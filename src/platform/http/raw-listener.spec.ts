import { connect } from 'node:net';
import { configureLogging } from '../logging';
import { defineErrors, GatewayError } from '../errors';
import { CallerGone, Exchange, RawListener, RawListenerHooks } from './raw-listener';

const errors = defineErrors('raw-test', {
  refused: { code: 'raw-test.refused', status: 403, caller: 'No.', operator: 'No.' },
});
const limits = { connectionsMax: 50, headersMsMax: 800, headerBytesMax: 4_096, idleMsMax: 2_000 };

describe('a listener without a framework', () => {
  let listener: RawListener;
  let port: number;
  let handle: (exchange: Exchange) => Promise<void>;
  let hooks: { -readonly [K in keyof RawListenerHooks]: RawListenerHooks[K] };

  beforeEach(async () => {
    configureLogging({ level: 'silent' });
    handle = async ({ response, path }) => void response.end(path);
    hooks = {};
    const route = {
      name: 'all',
      method: 'GET' as const,
      access: 'public' as const,
      matches: (path: string) => path.startsWith('/a'),
    };
    listener = new RawListener('test', [{ ...route, handle: (exchange) => handle(exchange) }], limits, {
      guard: (exchange) => hooks.guard?.(exchange),
      refused: async (exchange, error) => hooks.refused?.(exchange, error),
    });
    port = await listener.listen('127.0.0.1', 0);
  });
  afterEach(() => listener.close(0));

  function talk(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', (error: NodeJS.ErrnoException) => (received += ` ${error.code}`));
      socket.on('close', () => resolve(received));
    });
  }
  const get = (target: string, more = '') =>
    talk(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`);

  it.each([
    ['/a/b', '/a/b'],
    ['/a/b?query=1', '/a/b'],
    ['http://elsewhere:80/a/b', '/a/b'],
    ['https://elsewhere/a?x=/', '/a'],
  ])('%s is the path %s', async (target, path) => {
    expect(await get(target)).toMatch(new RegExp(`\\r\\n\\r\\n${path}$`));
  });

  it('tells an unknown address, and the methods of a known one', async () => {
    expect(await get('/x')).toMatch(/^HTTP\/1.1 404[\s\S]*platform.not-found/);
    expect(await talk('POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')).toMatch(
      /^HTTP\/1.1 405[\s\S]*Allow: GET/,
    );
  });

  it('asks the guard before a route is chosen, and tells what was refused', async () => {
    const told: string[] = [];
    hooks.guard = () => {
      throw new GatewayError(errors.refused);
    };
    hooks.refused = async (_exchange, error) => void told.push(error.code);
    expect(await get('/x')).toMatch(/^HTTP\/1.1 403[\s\S]*raw-test.refused/);
    expect(told).toEqual(['raw-test.refused']);
  });

  it('a fault of ours is a problem without its cause', async () => {
    handle = () => Promise.reject(new Error('secret of the inside'));
    const answer = await get('/a', 'X-Correlation-Id: abcdefgh1\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 500[\s\S]*platform.internal/);
    expect(answer).toMatch(/X-Correlation-Id: abcdefgh1/);
    expect(answer).not.toContain('secret');
  });

  it('a failure after the first byte resets the connection', async () => {
    handle = async ({ response }) => {
      response.write('begun');
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error('in the middle');
    };
    expect(await get('/a')).toMatch(/begun[\s\S]* ECONNRESET$/);
  });

  it.each([
    ['rubbish\r\n\r\n', /^HTTP\/1.1 400[\s\S]*platform.bad-request/],
    [`GET /a HTTP/1.1\r\nX: ${'a'.repeat(8_000)}\r\n\r\n`, /^HTTP\/1.1 431[\s\S]*platform.headers-too-large/],
    ['GET /a HTTP/1.1\r\nX: ', /^HTTP\/1.1 408[\s\S]*platform.request-too-slow/],
  ])('what cannot be read is answered and closed: %#', async (bytes, expected) => {
    expect(await talk(bytes)).toMatch(expected);
  });

  it('nothing is written into an answer under way when rubbish follows its request', async () => {
    handle = async ({ response }) => {
      response.write('begun');
      await new Promise((resolve) => setTimeout(resolve, 200));
      response.end();
    };
    const received = await talk('GET /a HTTP/1.1\r\nHost: x\r\n\r\n\x00rubbish\r\n\r\n');
    expect(received).not.toContain('400');
    expect(received).not.toContain('\r\n0\r\n\r\n');
  });

  it('says why an exchange was aborted: the caller left', async () => {
    const why = new Promise((resolve) => {
      handle = ({ signal }) =>
        new Promise((done) =>
          signal.addEventListener('abort', () => (resolve((signal.reason as CallerGone).why), done())),
        );
    });
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'));
    setTimeout(() => socket.destroy(), 100);
    expect(await why).toBe('left');
  });

  it('waits with a caller who waits, and lets one go who takes nothing', async () => {
    handle = async ({ response }) => {
      await new Promise((resolve) => setTimeout(resolve, 1_600));
      response.end('late');
    };
    expect(await get('/a')).toContain('late');
    const why = new Promise((resolve) => {
      handle = ({ response, signal }) =>
        new Promise((done) => {
          signal.addEventListener('abort', () => (resolve((signal.reason as CallerGone).why), done()));
          for (let i = 0; i < 64; i++) response.write(Buffer.alloc(1 << 20));
        });
    });
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.pause();
    socket.on('error', () => undefined);
    expect(await why).toBe('stalled');
    socket.destroy();
  }, 15_000);

  it('tells an answer that waits behind another one on the same connection that its caller has left', async () => {
    const told: string[] = [];
    let arrived: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (arrived = resolve));
    let asked = 0;
    let ended: () => void = () => undefined;
    const allEnded = new Promise<void>((resolve) => (ended = resolve));
    handle = async ({ path, signal, response }) => {
      const closed = new Promise<void>((resolve) => response.once('close', resolve));
      if (++asked === 2) arrived();
      await closed;
      told.push(`${path} ${(signal.reason as CallerGone | undefined)?.why} ${response.destroyed}`);
      if (told.length === 2) ended();
    };
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /a/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /a/2 HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    await both;
    socket.destroy();
    await allEnded;
    expect(told.sort()).toEqual(['/a/1 left true', '/a/2 left true']);
  });
});
