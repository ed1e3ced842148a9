import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls, ConnectionOptions } from 'node:tls';
import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** Options of node:tls when the peer speaks DICOM over TLS; read at each connection, so that keys may be renewed. */
  readonly tls?: () => ConnectionOptions;
}

const slabBytes = 1_048_576;
const leastRead = 65_536;

/** Gives each read the rest of a large slab: big reads, no copy, no zeroing, and pieces that may be kept. */
function slabs(): () => Buffer {
  let slab = Buffer.allocUnsafeSlow(slabBytes);
  let used = 0;
  return Object.assign(
    () => {
      if (slab.length - used < leastRead) {
        slab = Buffer.allocUnsafeSlow(slabBytes);
        used = 0;
      }
      return slab.subarray(used);
    },
    { took: (bytes: number) => (used += bytes) },
  );
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

function connectPlain(peer: Peer, feed: (chunk: Buffer) => void): Socket {
  const buffer = slabs() as (() => Buffer) & { took: (bytes: number) => number };
  return connectTcp({
    host: peer.host,
    port: peer.port,
    noDelay: true,
    onread: {
      buffer,
      callback: (bytes, chunk) => {
        buffer.took(bytes);
        feed(Buffer.from(chunk.buffer, chunk.byteOffset, bytes));
        return true;
      },
    },
  });
}
