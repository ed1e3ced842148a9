import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { buildPath, isWithinDates } from './chain';
import { Revocation, RevocationVerdict } from './revocation';

export type PeerRefusal = 'no-certificate' | 'not-trusted' | 'expired' | 'revoked' | 'revocation-unknown';

export interface PeerExaminerOptions {
  /** Authorities to trust now (they may change while connections are made). */
  readonly anchors: () => readonly X509Certificate[];
  readonly revocation: Revocation;
  readonly now?: () => Date;
  /** How long a connection may wait for a list that is not here yet, ms. */
  readonly waitMs?: number;
}

export interface ExaminedPeer {
  /** The peer's certificate first, its anchor last. */
  readonly path: readonly X509Certificate[];
}

const pathsMax = 1_000;

/** Decides about the certificate at the other end of a TLS connection whose handshake is done. */
export class PeerExaminer {
  private readonly known = new Map<string, readonly X509Certificate[]>();
  private anchorsKnown: readonly X509Certificate[] = [];

  constructor(private readonly options: PeerExaminerOptions) {}

  async examine(socket: TLSSocket): Promise<ExaminedPeer | PeerRefusal> {
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) return 'no-certificate';
    if (!isWithinDates(certificate, this.now())) return 'expired';
    const path = this.pathOf(certificate);
    if (!path) return 'not-trusted';
    let verdict = this.options.revocation.check(path);
    if (verdict.state === 'unavailable') verdict = await this.afterRefresh(path);
    if (verdict.state === 'good') return { path };
    return verdict.state === 'revoked' ? 'revoked' : 'revocation-unknown';
  }

  /** The list may be at an address only this certificate names: one refresh, waited for a short while. */
  private async afterRefresh(path: readonly X509Certificate[]): Promise<RevocationVerdict> {
    const { revocation, waitMs = 3_000 } = this.options;
    revocation.trust(path);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([revocation.refreshSoon(), enough]);
    clearTimeout(timer);
    return revocation.check(path);
  }

  /** Paths already built are kept by certificate, and forgotten when the anchors change. */
  private pathOf(certificate: X509Certificate): readonly X509Certificate[] | undefined {
    const anchors = this.options.anchors();
    if (anchors !== this.anchorsKnown || this.known.size > pathsMax) this.known.clear();
    this.anchorsKnown = anchors;
    const before = this.known.get(certificate.fingerprint256);
    if (before) return before;
    const path = buildPath(certificate, sentWith(certificate), anchors, this.now());
    if (path) this.known.set(certificate.fingerprint256, path);
    return path;
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
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
