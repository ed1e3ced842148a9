import { once } from 'node:events';
import { connect, ConnectionOptions, TLSSocket } from 'node:tls';

export interface RepositoryAddress {
  readonly host: string;
  readonly port: number;
  /** Key, certificate and authorities, as they are now. */
  readonly tls: ConnectionOptions;
  /** For the connection, and for the repository to take what is written. */
  readonly timeoutMs: number;
}

/**
 * One connection of syslog over TLS (RFC 5425). Syslog acknowledges nothing; what can be known is that the repository has
 * read everything: it does when it answers the end of our stream (close_notify, RFC 5425, 4.4) with its own. `close()`
 * resolves then, and only then.
 */
export class SyslogConnection {
  private failure: Error | undefined;
  private isEnding = false;

  /** Settled when the socket is closed, whoever closed it. */
  private readonly closed: Promise<void>;

  private constructor(
    private readonly socket: TLSSocket,
    private readonly timeoutMs: number,
  ) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', (error: Error) => {
      this.failure ??= error;
    });
    socket.on('end', () => {
      if (!this.isEnding) this.failure ??= new Error('the repository closed the connection');
    });
    // Nothing is expected; reading is what shows the end.
    socket.resume();
  }

  /** @throws Error when there is no trusted connection within the time */
  static async open({ host, port, tls, timeoutMs }: RepositoryAddress): Promise<SyslogConnection> {
    const socket = connect({ ...tls, host, port, rejectUnauthorized: true });
    const connection = new SyslogConnection(socket, timeoutMs);
    await connection.within('no connection', once(socket, 'secureConnect'));
    socket.setKeepAlive(true, 30_000);
    return connection;
  }

  get isUsable(): boolean {
    return this.failure === undefined && !this.isEnding && !this.socket.destroyed;
  }

  /** Resolves when the system has taken the bytes. */
  async write(bytes: Buffer): Promise<void> {
    this.check();
    const written = new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    await this.within('the repository does not take what is sent', written);
  }

  /** Ends the stream and waits until the repository has read it to the end. @throws Error when that cannot be known */
  async close(): Promise<void> {
    this.check();
    this.isEnding = true;
    this.socket.end();
    await this.within('the repository does not confirm the end', this.closed);
    this.check();
  }

  destroy(): void {
    this.isEnding = true;
    this.socket.destroy();
  }

  private check(): void {
    if (this.failure) throw this.failure;
  }

  private async within(complaint: string, work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(complaint)), this.timeoutMs);
    });
    const gone = this.closed.then(() => {
      this.check();
      if (!this.isEnding) throw new Error('the connection was closed');
    });
    try {
      await Promise.race([work, late, gone]);
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
