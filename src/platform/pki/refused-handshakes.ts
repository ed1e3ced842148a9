import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';

/** A connection that ended in its TLS handshake. */
export interface RefusedHandshake {
  /** What was wrong with the certificate shown, else the code of the TLS library. Never content. */
  readonly reason: string;
  readonly address?: string;
}

/**
 * Tells of each handshake that was refused. node ends a connection whose certificate it does not accept before it tells of it, as
 * a mere reset without an address: the fault is kept by the TLS socket, the address by the TCP socket below when it was asked in time.
 */
export function onRefusedHandshake(server: Server, told: (refusal: RefusedHandshake, socket: TLSSocket) => void): void {
  server.prependListener('connection', (raw: Socket) => void raw.remoteAddress);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket & { _parent?: Socket | null }) => {
    // node's types say Error; it is the code of X.509 verification.
    const fault = socket.authorizationError as Error | string | null | undefined;
    const reason = (fault ? String(fault instanceof Error ? fault.message : fault) : error.code) ?? 'unknown';
    told({ reason, address: socket.remoteAddress ?? socket._parent?.remoteAddress }, socket);
  });
}
