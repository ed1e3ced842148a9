import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { AuditActor, AuditEvent, AuditTrail, PacedRefusals } from '../../audit';
import { ErrorEntry, GatewayError } from '../../platform/errors';
import type { Exchange } from '../../platform/http';
import { counter, histogram } from '../../platform/metrics';
import type { WadoResource } from '../../standards/dicomweb';
import type { Admission, ConnectedPeer } from './admission/admitted';
import { servingErrors } from './serving.errors';

const requests = counter('serving_requests_total', 'Requests of other gateways, by outcome and error code', [
  'outcome',
  'code',
]);
const bytesSent = counter('serving_bytes_total', 'Bytes of images sent to other gateways');
const seconds = histogram('serving_seconds', 'Time from request to last byte, by kind of resource', ['level']);

export interface Delivery {
  readonly instances: number;
  readonly bytes: number;
}

/** The caller's own doing, in the middle of an answer: not refused, and not complete either. */
const interruptions: ReadonlySet<ErrorEntry> = new Set([servingErrors.callerLeft, servingErrors.stalled]);

/** One structured record for each refusal and each delivery: who, by which certificate and token, for whom, what, how much. */
@Injectable()
export class ServingAudit implements OnApplicationShutdown {
  private readonly atDoor: PacedRefusals;

  constructor(private readonly trail: AuditTrail) {
    this.atDoor = new PacedRefusals(trail, { kind: 'serving.refused', room: 'exchange' });
  }

  async delivered(exchange: Exchange, admission: Admission, delivery: Delivery, startedAt: number): Promise<void> {
    await this.trail.record({
      ...this.common(exchange, admission, delivery, startedAt),
      kind: 'serving.delivered',
      outcome: 'success',
    });
    requests.inc({ outcome: 'delivered', code: 'none' });
    bytesSent.inc(delivery.bytes);
    seconds.observe({ level: levelOf(admission.resource) }, (performance.now() - startedAt) / 1000);
  }

  async failed(
    exchange: Exchange,
    admission: Admission,
    error: GatewayError,
    delivery: Delivery,
    startedAt: number,
  ): Promise<void> {
    const refused = error.entry.status < 500 && !interruptions.has(error.entry);
    requests.inc({ outcome: refused ? 'refused' : 'failed', code: error.code });
    bytesSent.inc(delivery.bytes);
    await this.trail.record({
      ...this.common(exchange, admission, delivery, startedAt),
      kind: refused ? 'serving.refused' : 'serving.failed',
      outcome: refused ? 'refused' : 'failure',
      errorCode: error.code,
    });
  }

  /**
   * A request that was refused before a route took over: an unlisted peer, an unknown address or method. Recorded at a pace for
   * each certificate; what is beyond it is counted, and told by the next record or a minute later.
   */
  async refusedAtDoor(peer: ConnectedPeer, error: GatewayError): Promise<void> {
    requests.inc({ outcome: 'refused', code: error.code });
    await this.atDoor.record(peer.certificateSha256, {
      actor: { peer: peer.subject, peerCertificateSha256: peer.certificateSha256, address: peer.address },
      errorCode: error.code,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.atDoor.close();
  }

  private common(
    exchange: Exchange,
    admission: Admission,
    delivery: Delivery,
    startedAt: number,
  ): Omit<AuditEvent, 'kind' | 'outcome'> {
    return {
      actor: actorOf(exchange, admission),
      patient: admission.manifest?.patient,
      studyInstanceUid: admission.resource?.studyInstanceUid,
      documentUniqueId: admission.kosSopInstanceUid,
      instances: delivery.instances,
      bytes: delivery.bytes,
      durationMs: performance.now() - startedAt,
      facts: { level: levelOf(admission.resource) },
    };
  }
}

function actorOf(exchange: Exchange, admission: Admission): AuditActor {
  return {
    peer: admission.peer?.subject,
    peerCertificateSha256: admission.peer?.certificateSha256,
    professionalId: admission.professional?.subjectNameId,
    professionalName: nameOf(admission.professional),
    address: exchange.request.socket.remoteAddress,
  };
}

function nameOf(professional: Admission['professional']): string | undefined {
  return professional && ([professional.given, professional.family].filter(Boolean).join(' ') || undefined);
}

function levelOf(resource: WadoResource | undefined): string {
  if (!resource) return 'unknown';
  return resource.metadata ? `${resource.level}-metadata` : resource.level;
}
