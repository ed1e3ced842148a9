import type { AuditActor, AuditTrail } from '../../audit';
import { Logger } from '../../platform/logging';
import { counter } from '../../platform/metrics';
import { RecordPace } from './record-pace';

const refused = counter('serving_tls_refused_total', 'Connections refused before any request, recorded or not');

/**
 * Audit of connections that end in the TLS handshake. Anybody who reaches the port can cause these without a certificate:
 * beyond a pace they are counted instead, so that nobody fills the trail, and the next record says how many.
 */
export class TlsRefusals {
  private readonly pace: RecordPace;
  private readonly logger = new Logger('exchange');

  constructor(
    private readonly trail: Pick<AuditTrail, 'record'>,
    now: () => number = Date.now,
  ) {
    this.pace = new RecordPace(now);
  }

  note(reason: string, actor: AuditActor): void {
    refused.inc();
    const notRecorded = this.pace.take(actor.address ?? actor.peer ?? 'unknown');
    if (notRecorded === undefined) return;
    this.logger.warn({ reason, address: actor.address, notRecorded }, 'a TLS connection was refused');
    const facts: Record<string, string | number> =
      notRecorded > 0 ? { reason, notRecordedBefore: notRecorded } : { reason };
    this.trail
      .record({ kind: 'pki.certificate-refused', outcome: 'refused', actor, facts })
      .catch((cause: Error) =>
        this.logger.error({ cause: cause.message }, 'a refused connection could not be recorded'),
      );
  }
}
