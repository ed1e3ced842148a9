import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Injectable } from '@nestjs/common';
import { PscService } from '../../../connectors/psc';
import { WhitelistService } from '../../../connectors/whitelist';
import { GatewayError } from '../../../platform/errors';
import { Exchange, headerText } from '../../../platform/http';
import {
  AcceptedResource,
  Outcome,
  parseAccept,
  parseBearer,
  parseKosSopInstanceUid,
} from '../../../standards/dicomweb';
import { ManifestArchive } from '../../archive';
import { servingErrors } from '../serving.errors';
import { Admission, Admitted, AdmittedPeer, ConnectedPeer } from './admitted';

/** What the TLS layer established about a connection; read once, since a certificate cannot change within it. */
interface PeerCertificate {
  readonly der: Buffer;
  readonly subject: string;
  readonly sha256: string;
  /** The same in base64url, as tokens name it (RFC 8705, 3.1). */
  readonly thumbprint: string;
}

type Step = (exchange: Exchange, admission: Admission) => Promise<void> | void;

/**
 * Decides whether a request of another gateway may be served: an ordered list of small steps, one refusal each. The TLS
 * handshake itself has already refused certificates that are absent, foreign, expired or revoked.
 */
@Injectable()
export class AdmissionService {
  private readonly certificates = new WeakMap<object, PeerCertificate>();
  private readonly steps: readonly Step[] = [
    (exchange, admission) => this.checkToken(exchange, admission),
    (exchange, admission) => this.checkHeaders(exchange, admission),
    (_exchange, admission) => this.checkManifest(admission),
  ];

  constructor(
    private readonly whiteList: WhitelistService,
    private readonly psc: PscService,
    private readonly archive: ManifestArchive,
  ) {}

  /** White list alone: what the healthcheck and OPTIONS need. Asked anew for each request: the list may change. */
  checkPeer(exchange: Exchange): AdmittedPeer {
    const certificate = this.certificateOf(exchange.request.socket as TLSSocket);
    const entry = this.whiteList.isListed(certificate.der);
    if (!entry) throw new GatewayError(servingErrors.peerNotListed, { detail: `sha256 ${certificate.sha256}` });
    return { ...this.peerOf(exchange), entry };
  }

  /** Whether the white list in force names the owner of this certificate (DER). */
  isListed(certificate: Buffer): boolean {
    return this.whiteList.isListed(certificate) !== undefined;
  }

  /** Called when the white list changes: who was admitted may not be any more. */
  onListChange(listener: () => void): () => void {
    return this.whiteList.onChange(listener);
  }

  /** Who is at the other end, listed or not. */
  peerOf(exchange: Exchange): ConnectedPeer {
    const { subject, sha256 } = this.certificateOf(exchange.request.socket as TLSSocket);
    return { subject, certificateSha256: sha256, address: exchange.request.socket.remoteAddress };
  }

  /**
   * Runs the remaining steps, filling `admission` as far as they get, so that a refusal can be audited with what was known.
   * @throws GatewayError the refusal of the first step that refuses
   */
  async admit(exchange: Exchange, admission: Admission): Promise<Admitted> {
    for (const step of this.steps) await step(exchange, admission);
    return admission as Admitted;
  }

  private certificateOf(socket: TLSSocket): PeerCertificate {
    let known = this.certificates.get(socket);
    if (!known) {
      const x509 = socket.getPeerX509Certificate?.();
      if (!x509) throw new GatewayError(servingErrors.peerNotListed, { detail: 'no client certificate' });
      const sha256 = createHash('sha256').update(x509.raw).digest('hex');
      const thumbprint = Buffer.from(sha256, 'hex').toString('base64url');
      known = { der: x509.raw, subject: x509.subject.replaceAll('\n', ', '), sha256, thumbprint };
      this.certificates.set(socket, known);
    }
    return known;
  }

  private async checkToken(exchange: Exchange, admission: Admission): Promise<void> {
    const bearer = parseBearer(headerText(exchange.request, 'authorization'));
    if (!bearer.ok) throw new GatewayError(servingErrors.tokenAbsent, { detail: bearer.reason });
    const { thumbprint } = this.certificateOf(exchange.request.socket as TLSSocket);
    const caller = { certificateThumbprint: thumbprint };
    const { professional } = await this.psc.introspect(bearer.value, exchange.signal, caller);
    admission.professional = professional;
  }

  private checkHeaders(exchange: Exchange, admission: Admission): void {
    const { resource } = admission;
    if (!resource) throw new GatewayError(servingErrors.pathInvalid);
    const wanted: AcceptedResource = resource.metadata
      ? 'metadata'
      : resource.level === 'frames'
        ? 'frames'
        : 'instances';
    admission.wishes = usable(parseAccept(acceptLines(exchange.request), wanted));
    admission.kosSopInstanceUid = usable(parseKosSopInstanceUid(headerText(exchange.request, 'kos-sopinstanceuid')));
  }

  private async checkManifest(admission: Admission): Promise<void> {
    const { resource, kosSopInstanceUid } = admission as Admitted;
    const answer = await this.archive.admit({
      studyInstanceUid: resource.studyInstanceUid,
      kosSopInstanceUid,
      seriesInstanceUid: 'seriesInstanceUid' in resource ? resource.seriesInstanceUid : undefined,
      sopInstanceUid: 'sopInstanceUid' in resource ? resource.sopInstanceUid : undefined,
    });
    if (!answer.ok) throw new GatewayError(servingErrors.notInManifest, { detail: answer.reason });
    admission.manifest = answer.manifest;
  }
}

function usable<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new GatewayError(servingErrors.headerInvalid, {
    detail: outcome.where ? `${outcome.reason} (${outcome.where})` : outcome.reason,
  });
}

/** Every `Accept` line as it was sent: node joins repeated ones, which would hide a trailing comma. */
function acceptLines(request: IncomingMessage): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === 'accept') lines.push(request.rawHeaders[i + 1] ?? '');
  }
  return lines;
}
