import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

/** What becomes of the bytes on their way back to the caller. */
export interface ByteHarm {
  /** The connection is reset after that many bytes. */
  readonly cutAfter?: number;
  /** Nothing more comes after that many bytes, and the connection stays open. */
  readonly stallAfter?: number;
  readonly bytesPerSecond?: number;
}

/** Stands between two programs that speak TLS, and sees only bytes: cuts, stalls, slows on demand. */
export class ByteProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  harm: ByteHarm = {};
  connections = 0;

  private constructor(private readonly targetPort: number) {
    this.server = createServer((socket) => this.accept(socket));
  }

  /** @param targetPort 0: whoever connects is only counted */
  static async start(targetPort: number): Promise<ByteProxy> {
    const proxy = new ByteProxy(targetPort);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on; connections that are open end, so that the next request meets the harm. */
  does(harm: ByteHarm): void {
    this.harm = harm;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(caller: Socket): void {
    this.connections += 1;
    this.track(caller);
    if (this.targetPort === 0) return void caller.end();
    const target = connect({ port: this.targetPort, host: '127.0.0.1' });
    this.track(target);
    caller.once('close', () => target.destroy());
    target.once('close', () => caller.end());
    caller.pipe(target);
    let bytes = 0;
    target.on('data', (chunk: Buffer) => {
      const { cutAfter, stallAfter, bytesPerSecond } = this.harm;
      bytes += chunk.length;
      if (cutAfter !== undefined && bytes > cutAfter) return void caller.resetAndDestroy();
      if (stallAfter !== undefined && bytes > stallAfter) return void target.pause();
      const hasRoom = caller.write(chunk);
      if (hasRoom && !bytesPerSecond) return;
      target.pause();
      if (bytesPerSecond) setTimeout(() => target.resume(), (1000 * chunk.length) / bytesPerSecond);
      else caller.once('drain', () => target.resume());
    });
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
