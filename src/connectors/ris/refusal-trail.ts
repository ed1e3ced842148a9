import { AuditTrail } from '../../audit';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';

/** Why a connection or what came on it was not taken, before anything of it was read as a message. */
export type ConnectionRefusalReason =
  | 'message-too-large'
  | 'message-cut'
  | 'not-mllp'
  | 'message-too-slow'
  | 'too-many-bytes'
  | 'too-many-connections'
  | 'handshake';

export interface ConnectionRefusal {
  readonly reason: ConnectionRefusalReason;
  readonly address?: string;
  /** Subject of the client's certificate. */
  readonly peer?: string;
  /** Code of the TLS library, or number of bytes: never content. */
  readonly detail?: string | number;
}

/** Who is told of refusals; must not throw. */
export type RefusalListener = (refusal: ConnectionRefusal) => void;

/** Records of one period; a peer that hammers the port must not fill the trail. */
const recordsMax = 30;
const periodMs = 60_000;

/** Puts refusals into the audit trail. Beyond the limit of a minute they are counted, and told with the next one recorded. */
export class RefusalTrail {
  private readonly logger = new Logger('ris');
  private periodStart = -Infinity;
  private recorded = 0;
  private omitted = 0;

  constructor(
    private readonly trail: AuditTrail,
    private readonly now: () => number = Date.now,
  ) {}

  readonly record: RefusalListener = ({ reason, address, peer, detail }) => {
    if (this.now() - this.periodStart >= periodMs) {
      this.periodStart = this.now();
      this.recorded = 0;
    }
    if (this.recorded >= recordsMax) {
      this.omitted += 1;
      return;
    }
    this.recorded += 1;
    const facts = { reason, ...(detail === undefined ? {} : { detail }), omittedBefore: this.omitted };
    this.omitted = 0;
    this.trail
      .record({ kind: 'intake.connection-refused', outcome: 'refused', actor: { address, peer }, facts })
      .catch((error: unknown) => this.logger.error({ cause: describeCause(error) }, 'a refusal could not be audited'));
  };
}
