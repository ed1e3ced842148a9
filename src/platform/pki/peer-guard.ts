import { X509Certificate } from 'node:crypto';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { Logger } from '../logging';
import { buildPath, isWithinDates } from './chain';
import { Revocation, RevocationVerdict } from './revocation';

export type PeerRefusal = 'no-certificate' | 'not-trusted' | 'expired' | 'revoked' | 'revocation-unknown';

export interface PeerGuardOptions {
  /** Authorities to trust now (they may change while the server runs). */
  readonly anchors: () => readonly X509Certificate[];
  readonly revocation: Revocation;
  /** Told of each refusal, for the audit; `subject` is the organisation's certificate subject. */
  readonly onRefused?: (refusal: PeerRefusal, subject: string | undefined) => void;
  readonly now?: () => Date;
  /** How long a connection may wait for a list that is not here yet, ms. */
  readonly waitMs?: number;
}

interface GuardedPeer {
  readonly certificate: X509Certificate;
  readonly path: readonly X509Certificate[];
}

const pathsMax = 1_000;

/**
 * Stands between the TLS handshake and the protocol above. node's own verification ends a connection right after the
 * handshake, before a byte is read; the guard does the same for what node cannot express: a list past its nextUpdate
 * within the tolerance, a list fetched meanwhile, an authority removed. It also ends open connections of a peer that is
 * revoked later. Call it once, after the protocol's own listeners are in place.
 * @returns how to stop guarding.
 */
export function guardPeers(server: TlsServer, options: PeerGuardOptions): () => void {
  const above = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  const open = new Map<TLSSocket, GuardedPeer>();
  const paths = new PathMemory(options);
  const admit = async (socket: TLSSocket): Promise<void> => {
    socket.on('error', () => socket.destroy());
    const examined = await examine(socket, paths, options);
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

async function examine(
  socket: TLSSocket,
  paths: PathMemory,
  options: PeerGuardOptions,
): Promise<GuardedPeer | PeerRefusal> {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return 'no-certificate';
  if (!isWithinDates(certificate, options.now?.() ?? new Date())) return 'expired';
  const path = paths.find(certificate);
  if (!path) return 'not-trusted';
  let verdict = options.revocation.check(path);
  if (verdict.state === 'unavailable') verdict = await afterRefresh(path, options);
  if (verdict.state === 'good') return { certificate, path };
  return verdict.state === 'revoked' ? 'revoked' : 'revocation-unknown';
}

/** The list may be at an address only this certificate names: one refresh, waited for a short while. */
async function afterRefresh(path: readonly X509Certificate[], options: PeerGuardOptions): Promise<RevocationVerdict> {
  options.revocation.trust(path);
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, options.waitMs ?? 3_000);
  });
  await Promise.race([options.revocation.refreshSoon(), enough]);
  clearTimeout(timer);
  return options.revocation.check(path);
}

const logger = new Logger('pki');

function refuse(socket: TLSSocket, refusal: PeerRefusal, options: PeerGuardOptions): void {
  const subject = socket.getPeerX509Certificate()?.subject.split('\n').reverse().join(',');
  logger.warn({ refusal, subject, remoteAddress: socket.remoteAddress }, 'TLS connection refused');
  options.onRefused?.(refusal, subject);
  socket.destroy();
}

/** Paths already built, by certificate; forgotten when the anchors change. */
class PathMemory {
  private readonly known = new Map<string, readonly X509Certificate[]>();
  private anchorsKnown: readonly X509Certificate[] = [];

  constructor(private readonly options: PeerGuardOptions) {}

  find(certificate: X509Certificate): readonly X509Certificate[] | undefined {
    const anchors = this.options.anchors();
    if (anchors !== this.anchorsKnown || this.known.size > pathsMax) this.known.clear();
    this.anchorsKnown = anchors;
    const before = this.known.get(certificate.fingerprint256);
    if (before) return before;
    const path = buildPath(certificate, sentWith(certificate), anchors, this.options.now?.() ?? new Date());
    if (path) this.known.set(certificate.fingerprint256, path);
    return path;
  }
}

/** Intermediates the peer sent with its certificate. */
function sentWith(certificate: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = [];
  for (let next = certificate.issuerCertificate; next && sent.length < 8; next = next.issuerCertificate) {
    if (sent.some((one) => one.fingerprint256 === next?.fingerprint256)) break;
    sent.push(next);
  }
  return sent;
}
