import type { AuditActor, AuditTrail } from '../../audit';
import { RateLimiter } from '../../platform/http';
import { Logger } from '../../platform/logging';
import { counter } from '../../platform/metrics';

const refused = counter('serving_tls_refused_total', 'Connections refused before any request, recorded or not');

/** Records of one origin, and of all together: a probe every few seconds is recorded, a flood is counted. */
const ofOneOrigin = { burst: 20, perMinute: 20, callersMax: 5_000 };
const ofAll = { burst: 200, perMinute: 200 };

/**
 * Audit of connections that end in the TLS handshake. Anybody who reaches the port can cause these without a certificate:
 * beyond a pace they are counted instead, so that nobody fills the trail, and the next record says how many.
 */
export class TlsRefusals {
  private readonly origins: RateLimiter;
  private readonly all: RateLimiter;
  private readonly logger = new Logger('exchange');
  private notRecorded = 0;

  constructor(
    private readonly trail: Pick<AuditTrail, 'record'>,
    now: () => number = Date.now,
  ) {
    this.origins = new RateLimiter(ofOneOrigin, now);
    this.all = new RateLimiter(ofAll, now);
  }

  note(reason: string, actor: AuditActor): void {
    refused.inc();
    if (this.origins.take(actor.address ?? actor.peer ?? 'unknown') > 0 || this.all.take('all') > 0) {
      this.notRecorded += 1;
      return;
    }
    const { notRecorded } = this;
    this.notRecorded = 0;
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
