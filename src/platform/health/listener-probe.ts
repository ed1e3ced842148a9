import { connect, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A listener of this process. */
export interface ListenerAddress {
  /** Address it is bound to; 0.0.0.0 and :: are reached by loopback. */
  readonly host: string;
  readonly port: number;
}

/** Longest time that a probe's port is remembered after its end: what the listener says of it comes a moment later. */
const rememberedMs = 2_000;

/**
 * Connections that the gateway makes to its own listeners, by their local end. A listener that wants a certificate refuses
 * them: that is its answer, not an event for the trail.
 */
export class OwnProbes {
  private readonly ends = new Set<string>();

  /** Whether the other end of this connection is a probe of ours. */
  has({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): boolean {
    return this.ends.has(endOf(remoteAddress, remotePort));
  }

  /** @returns how to forget it */
  add({ localAddress, localPort }: Pick<Socket, 'localAddress' | 'localPort'>): () => void {
    const end = endOf(localAddress, localPort);
    this.ends.add(end);
    return () => void setTimeout(() => this.ends.delete(end), rememberedMs).unref();
  }
}

const endOf = (address: string | undefined, port: number | undefined): string =>
  `${address?.replace(/^::ffff:/, '')} ${port}`;

/** By which address of this machine a listener bound to that one is reached. */
export function loopbackOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

const reachable = ({ host, port }: ListenerAddress) => ({ host: loopbackOf(host), port });

/**
 * Connects, ends its own side, and waits until the listener has ended the other one: the system alone accepts a connection
 * even when nobody takes it any more. @returns the time it took, ms
 */
export async function probeTcp(address: ListenerAddress, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const socket = connect(reachable(address));
  try {
    await until(socket, signal, (done) => {
      socket.once('connect', () => socket.end());
      socket.once('end', done);
      socket.resume();
    });
    return performance.now() - startedMs;
  } finally {
    socket.destroy();
  }
}

export interface TlsProbe {
  readonly ms: number;
  /** SHA-256 of the certificate shown, as node writes it. */
  readonly fingerprint256: string;
}

/** A TLS handshake up to the listener's certificate, without one of our own. Its listener may refuse us afterwards. */
export async function probeTls(address: ListenerAddress, probes: OwnProbes, signal: AbortSignal): Promise<TlsProbe> {
  const startedMs = performance.now();
  const socket = connect(reachable(address));
  let forget = (): void => undefined;
  try {
    await until(socket, signal, (done) => socket.once('connect', done));
    forget = probes.add(socket);
    // Who we are asking is known; which certificate is shown is what is asked. TLS 1.3 shows it before it asks for ours.
    const secure = connectTls({ socket, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
    await until(secure, signal, (done) => secure.once('secureConnect', done));
    const fingerprint256 = secure.getPeerX509Certificate()?.fingerprint256 ?? '';
    const ms = performance.now() - startedMs;
    // Ended in order: a connection that breaks off no longer tells the listener whose it was.
    await until(secure, signal, (done) => {
      secure.once('error', () => done());
      secure.once('close', done);
      secure.resume();
      secure.end();
    });
    return { ms, fingerprint256 };
  } finally {
    socket.destroy();
    forget();
  }
}

/** Waits for `done`; an error, an early end or the signal reject. */
async function until(socket: Socket, signal: AbortSignal, begin: (done: () => void) => void): Promise<void> {
  let release = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(new Error('no answer in time'));
      const onClose = () => reject(new Error('the connection was closed at once'));
      begin(resolve);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      socket.once('error', reject);
      socket.once('close', onClose);
      release = () => {
        signal.removeEventListener('abort', onAbort);
        socket.off('error', reject);
        socket.off('close', onClose);
      };
    });
  } finally {
    release();
    socket.on('error', () => undefined);
  }
}
