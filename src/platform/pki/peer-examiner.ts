import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { buildPath, isWithinDates } from './chain';
import { Revocation, RevocationVerdict } from './revocation';

export type PeerRefusal =
  'no-certificate' | 'not-trusted' | 'expired' | 'revoked' | 'revocation-unknown' | 'no-longer-admitted';

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
  /** What the verdict rests on: it holds until then (ms), with these authorities and this version of the lists. */
  readonly goodUntilMs: number;
  readonly anchors: readonly X509Certificate[];
  readonly revocationVersion: number;
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
    return this.judge(path, verdict);
  }

  /**
   * Asks again about a peer whose connection is still open: its dates, its authority, its revocation. Compares three numbers
   * unless something changed, so that every request can afford it; never waits.
   */
  examineAgain(peer: ExaminedPeer): ExaminedPeer | PeerRefusal {
    const { revocation, anchors } = this.options;
    const isSame = peer.anchors === anchors() && peer.revocationVersion === revocation.version;
    if (isSame && this.now().getTime() <= peer.goodUntilMs) return peer;
    const [certificate] = peer.path;
    if (!isWithinDates(certificate, this.now())) return 'expired';
    const path = this.pathOf(certificate, peer.path);
    if (!path) return 'not-trusted';
    return this.judge(path, revocation.check(path));
  }

  private judge(path: readonly X509Certificate[], { state }: RevocationVerdict): ExaminedPeer | PeerRefusal {
    if (state !== 'good') return state === 'revoked' ? 'revoked' : 'revocation-unknown';
    const { revocation, anchors } = this.options;
    const ends = path.map((one) => new Date(one.validTo).getTime());
    return {
      path,
      goodUntilMs: Math.min(revocation.goodUntilMs(path), ...ends),
      anchors: anchors(),
      revocationVersion: revocation.version,
    };
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
  private pathOf(
    certificate: X509Certificate,
    before?: readonly X509Certificate[],
  ): readonly X509Certificate[] | undefined {
    const anchors = this.options.anchors();
    if (anchors !== this.anchorsKnown || this.known.size > pathsMax) this.known.clear();
    this.anchorsKnown = anchors;
    const known = this.known.get(certificate.fingerprint256);
    if (known?.every((one) => isWithinDates(one, this.now()))) return known;
    const path = buildPath(certificate, [...sentWith(certificate), ...(before ?? [])], anchors, this.now());
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
