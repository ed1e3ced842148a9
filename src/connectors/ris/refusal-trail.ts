import { AuditTrail, PacedRefusals } from '../../audit';

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

/** Puts refusals into the audit trail, at a pace for each sender; beyond it they are counted, and told as well. */
export class RefusalTrail {
  private readonly refusals: PacedRefusals;

  constructor(trail: Pick<AuditTrail, 'record'>, now?: () => number) {
    this.refusals = new PacedRefusals(trail, { kind: 'intake.connection-refused', room: 'ris', now });
  }

  readonly record: RefusalListener = ({ reason, address, peer, detail }) => {
    const facts = { reason, ...(detail === undefined ? {} : { detail }) };
    this.refusals.note(address ?? peer ?? 'unknown', { actor: { address, peer }, facts });
  };

  /** Tells those that were only counted. */
  close(): Promise<void> {
    return this.refusals.close();
  }
}
