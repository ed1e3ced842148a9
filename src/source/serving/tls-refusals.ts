import { AuditActor, AuditTrail, PacedRefusals } from '../../audit';
import { Logger } from '../../platform/logging';
import { counter } from '../../platform/metrics';

const refused = counter('serving_tls_refused_total', 'Connections refused before any request, recorded or not');

/**
 * Audit of connections that end in the TLS handshake. Anybody who reaches the port can cause these without a certificate:
 * they are recorded at a pace for each address, and counted beyond it.
 */
export class TlsRefusals {
  private readonly refusals: PacedRefusals;
  private readonly logger = new Logger('exchange');

  constructor(trail: Pick<AuditTrail, 'record'>, now?: () => number) {
    this.refusals = new PacedRefusals(trail, { kind: 'pki.certificate-refused', room: 'exchange', now });
  }

  note(reason: string, actor: AuditActor): void {
    refused.inc();
    if (this.refusals.note(actor.address ?? actor.peer ?? 'unknown', { actor, facts: { reason } }))
      this.logger.warn({ reason, address: actor.address }, 'a TLS connection was refused');
  }

  /** Tells those that were only counted. */
  close(): Promise<void> {
    return this.refusals.close();
  }
}
