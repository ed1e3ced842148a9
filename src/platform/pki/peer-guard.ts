import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { Logger } from '../logging';
import { ExaminedPeer, PeerExaminer, PeerExaminerOptions, PeerRefusal } from './peer-examiner';

export interface PeerGuardOptions extends PeerExaminerOptions {
  /** Told of each refusal, for the audit; `subject` is the organisation's certificate subject. */
  readonly onRefused?: (refusal: PeerRefusal, subject: string | undefined) => void;
}

/**
 * Stands between the TLS handshake and the protocol above. node's own verification ends a connection right after the
 * handshake, before a byte is read; the guard does the same for what node cannot express: a list past its nextUpdate
 * within the tolerance, a list fetched meanwhile, an authority removed. It also ends open connections of a peer that is
 * revoked later. Call it once, after the protocol's own listeners are in place.
 * @returns how to stop guarding.
 */
export function guardPeers(server: TlsServer, options: PeerGuardOptions): () => void {
  const above = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  const open = new Map<TLSSocket, ExaminedPeer>();
  const examiner = new PeerExaminer(options);
  const admit = async (socket: TLSSocket): Promise<void> => {
    socket.on('error', () => socket.destroy());
    const examined = await examiner.examine(socket);
    if (socket.destroyed) return;
    if (typeof examined === 'string') return refuse(socket, examined, options);
    open.set(socket, examined);
    socket.once('close', () => open.delete(socket));
    for (const listener of above) listener.call(server, socket);
  };
  const onSecure = (socket: TLSSocket) => void admit(socket).catch(() => socket.destroy());
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', onSecure);
  const stopWatching = options.revocation.onChange(() => {
    for (const [socket, peer] of open) {
      if (options.revocation.check(peer.path).state === 'revoked') refuse(socket, 'revoked', options);
    }
  });
  return () => {
    stopWatching();
    server.off('secureConnection', onSecure);
    for (const listener of above) server.on('secureConnection', listener);
  };
}

const logger = new Logger('pki');

function refuse(socket: TLSSocket, refusal: PeerRefusal, options: PeerGuardOptions): void {
  const subject = socket.getPeerX509Certificate()?.subject.split('\n').reverse().join(',');
  logger.warn({ refusal, subject, remoteAddress: socket.remoteAddress }, 'TLS connection refused');
  options.onRefused?.(refusal, subject);
  socket.destroy();
}
