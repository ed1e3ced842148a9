import { createServer, Server } from 'node:net';

/**
 * Ports below those that the system gives to outgoing connections (Linux: from 32768 on): nobody takes one of these between the
 * choice and the use. Each process walks from a place of its own.
 */
const range = { first: 10_240, count: 22_000 };
const apart = 2_003;
let next = (process.pid * apart) % range.count;

const tryToListen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

/** A TCP port of this machine that is free now, and not given again soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < range.count; tries += 1) {
    const port = range.first + next;
    next = (next + 1) % range.count;
    const server = await tryToListen(port);
    if (!server) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error('no free port');
}
