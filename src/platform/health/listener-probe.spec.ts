import { AddressInfo, createServer, Server, Socket } from 'node:net';
import { listenerFinding } from './listener-finding';
import { loopbackOf, OwnProbes } from './listener-probe';

describe('a listener that is asked', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  async function serving(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, accept);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  const ask = (port: number, more: object = {}, signal = new AbortController().signal) =>
    listenerFinding(
      {
        check: 'spec',
        label: 'La réception',
        advice: 'Redémarrer.',
        host: '0.0.0.0',
        port,
        connections: 0,
        connectionsMax: 9,
        ...more,
      },
      signal,
    );

  it('answers when it ends what we end', async () => {
    const port = await serving((socket) => socket.resume().once('end', () => socket.end()));
    expect(await ask(port)).toMatchObject({ level: 'up', facts: { port, answerMs: expect.any(Number) } });
  });

  it('does not answer when the connection is taken and left alone, closed at once, or refused', async () => {
    const mute = await serving((socket) => socket.resume().unref());
    const stop = AbortSignal.timeout(50);
    expect(await ask(mute, {}, stop)).toMatchObject({ level: 'down', summary: expect.stringContaining('in time') });
    const rude = await serving((socket) => socket.resetAndDestroy());
    expect(await ask(rude)).toMatchObject({ level: 'down', advice: 'Redémarrer.' });
    expect(await ask(rude, { connections: 9 })).toMatchObject({ level: 'warning' });
    expect(await ask(1)).toMatchObject({
      level: 'down',
      summary: expect.stringContaining('ne répond pas sur le port 1'),
    });
    expect(await ask(0)).toMatchObject({ level: 'down', summary: 'La réception : le port n’est pas ouvert.' });
    const plain = await serving((socket) => socket.resume().once('end', () => socket.end()));
    const tls = { fingerprint256: 'A', probes: new OwnProbes() };
    expect(await ask(plain, { tls }, AbortSignal.timeout(50))).toMatchObject({ level: 'down' });
  });

  it('is reached by loopback when it is bound to every address', () => {
    expect(['0.0.0.0', '::', '10.0.0.1', 'localhost'].map(loopbackOf)).toEqual([
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      'localhost',
    ]);
  });

  it('knows its own connections by their end, IPv4 in either notation', () => {
    const probes = new OwnProbes();
    probes.add({ localAddress: '127.0.0.1', localPort: 4242 });
    expect(probes.has({ remoteAddress: '::ffff:127.0.0.1', remotePort: 4242 })).toBe(true);
    expect(probes.has({ remoteAddress: '127.0.0.1', remotePort: 4243 })).toBe(false);
    expect(probes.has({ remoteAddress: undefined, remotePort: undefined })).toBe(false);
  });
});
