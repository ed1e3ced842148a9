import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { PeerExaminer, PeerRefusal } from './peer-examiner';

/** A server's certificate was refused after the handshake. */
export class PeerRefusedError extends Error {
  constructor(readonly refusal: PeerRefusal) {
    super(`server certificate refused: ${refusal}`);
    this.name = 'PeerRefusedError';
  }
}

/** undici's connector, then the examination of the server's certificate before the first request byte is sent. */
export function examinedConnector(
  options: buildConnector.BuildOptions,
  examiner: PeerExaminer,
): buildConnector.connector {
  // A resumed TLS session shows no certificate, whatever the server would like to spare: each connection is a whole handshake.
  const connect = buildConnector({ ...options, maxCachedSessions: 0 });
  return (target, callback) => {
    connect(target, (...result) => {
      const [error, socket] = result;
      if (error || !(socket instanceof TLSSocket)) return callback(...result);
      examiner.examine(socket).then(
        (examined) => {
          if (typeof examined !== 'string') return callback(null, socket);
          socket.destroy();
          callback(new PeerRefusedError(examined), null);
        },
        (failure: Error) => callback(failure, null),
      );
    });
  };
}
