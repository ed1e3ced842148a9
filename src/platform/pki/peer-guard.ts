import type { X509Certificate } from 'node:crypto';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { Logger } from '../logging';
import { ExaminedPeer, PeerExaminer, PeerExaminerOptions, PeerRefusal } from './peer-examiner';

export interface PeerGuardOptions extends PeerExaminerOptions {
  /** Told of each refusal before the connection ends, for the audit; `subject` is the organisation's certificate subject. */
  readonly onRefused?: (refusal: PeerRefusal, subject: string | undefined, socket: TLSSocket) => void;
  /** How often every open connection is looked at, ms. */
  readonly sweepMs?: number;
}

const defaultSweepMs = 5_000;

/**
 * Stands between the TLS handshake and the protocol above. node's own verification ends a connection right after the
 * handshake, before a byte is read; the guard does the same for what node cannot express: a list past its nextUpdate
 * within the tolerance, a list fetched meanwhile, an authority removed. What let a peer in must stay true: a connection ends
 * when its certificate ends or is revoked, when its authority is removed, when the lists become too old, or when the room
 * above no longer admits it. Make it once, after the protocol's own listeners are in place.
 */
export class PeerGuard {
  private readonly logger = new Logger('pki');
  private readonly open = new Map<TLSSocket, ExaminedPeer>();
  private readonly examiner: PeerExaminer;
  private readonly stopWatching: () => void;
  private readonly sweeper: NodeJS.Timeout;
  private readonly above: readonly ((socket: TLSSocket) => void)[];
  private readonly onSecure = (socket: TLSSocket): void => void this.admit(socket).catch(() => socket.destroy());

  constructor(
    private readonly server: TlsServer,
    private readonly options: PeerGuardOptions,
  ) {
    this.examiner = new PeerExaminer(options);
    this.above = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', this.onSecure);
    this.stopWatching = options.revocation.onChange(() => this.sweep());
    this.sweeper = setInterval(() => this.sweep(), options.sweepMs ?? defaultSweepMs).unref();
  }

  /** Says whether what let this connection in is still true, and ends it when not: for each request, at next to no cost. */
  stillAdmits(socket: TLSSocket): boolean {
    const before = this.open.get(socket);
    if (!before) return false;
    const now = this.examiner.examineAgain(before);
    if (typeof now === 'string') {
      this.refuse(socket, now);
      return false;
    }
    if (now !== before) this.open.set(socket, now);
    return true;
  }

  /** Looks at every open connection now. */
  sweep(): void {
    for (const socket of [...this.open.keys()]) this.stillAdmits(socket);
  }

  /** Ends the open connections of peers that the room above no longer admits. */
  endWhere(isUnwelcome: (certificate: X509Certificate) => boolean): void {
    for (const [socket, { path }] of [...this.open])
      if (isUnwelcome(path[0])) this.refuse(socket, 'no-longer-admitted');
  }

  /** Guards no more; open connections stay. */
  stop(): void {
    this.stopWatching();
    clearInterval(this.sweeper);
    this.server.off('secureConnection', this.onSecure);
    for (const listener of this.above) this.server.on('secureConnection', listener);
  }

  private async admit(socket: TLSSocket): Promise<void> {
    socket.on('error', () => socket.destroy());
    const examined = await this.examiner.examine(socket);
    if (socket.destroyed) return;
    if (typeof examined === 'string') return this.refuse(socket, examined);
    this.open.set(socket, examined);
    socket.once('close', () => this.open.delete(socket));
    for (const listener of this.above) listener.call(this.server, socket);
  }

  private refuse(socket: TLSSocket, refusal: PeerRefusal): void {
    this.open.delete(socket);
    const subject = socket.getPeerX509Certificate()?.subject.split('\n').reverse().join(',');
    this.logger.warn({ refusal, subject, remoteAddress: socket.remoteAddress }, 'TLS connection refused');
    this.options.onRefused?.(refusal, subject, socket);
    socket.destroy();
  }
}
