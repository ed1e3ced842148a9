import { AuditTrail, PacedRefusals } from '../../../audit';

/** A caller that was not taken: in the TLS handshake, or by its association request. */
export interface DicomRefusal {
  /** `handshake`, or what was wrong with the request: `calling-ae-title`, `called-ae-title`, `too-many-associations`… */
  readonly reason: string;
  readonly address?: string;
  readonly callingAeTitle?: string;
  /** Code of the TLS library. */
  readonly detail?: string;
}

/** Puts refused callers into the audit trail, at a pace for each address. */
export class RefusedCallers {
  private readonly refusals: PacedRefusals | undefined;

  /** @param trail absent for a tool that runs without a database */
  constructor(trail?: Pick<AuditTrail, 'record'>) {
    this.refusals = trail && new PacedRefusals(trail, { kind: 'pacs.association-refused', room: 'pacs' });
  }

  readonly record = ({ reason, address, callingAeTitle: peer, detail }: DicomRefusal): void => {
    const facts = { reason, ...(detail !== undefined && { detail }) };
    this.refusals?.note(address ?? 'unknown', { actor: { address, peer }, facts });
  };

  /** Tells those that were only counted. */
  async close(): Promise<void> {
    await this.refusals?.close();
  }
}
