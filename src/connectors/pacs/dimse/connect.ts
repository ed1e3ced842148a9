import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls, ConnectionOptions } from 'node:tls';
import { GatewayError } from '../../../platform/errors';
import { bigReads } from '../big-reads';
import { pacsErrors } from '../pacs.errors';

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** Options of node:tls when the peer speaks DICOM over TLS; read at each connection, so that keys may be renewed. */
  readonly tls?: () => ConnectionOptions;
}

/** Opens a connection whose bytes go to `feed`. Rejects with `pacs.unreachable`. */
export async function connect(peer: Peer, timeoutMs: number, feed: (chunk: Buffer) => void): Promise<Socket> {
  const socket = peer.tls ? connectTls({ ...peer.tls(), host: peer.host, port: peer.port }) : connectPlain(peer, feed);
  if (peer.tls) socket.on('data', feed);
  const ready = peer.tls ? 'secureConnect' : 'connect';
  return new Promise<Socket>((resolve, reject) => {
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new GatewayError(pacsErrors.unreachable, { cause }));
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', fail);
    socket.once(ready, () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function connectPlain({ host, port }: Peer, feed: (chunk: Buffer) => void): Socket {
  return connectTcp({ host, port, noDelay: true, onread: bigReads((chunk) => (feed(chunk), true)) });
}
