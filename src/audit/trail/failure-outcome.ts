import { GatewayError } from '../../platform/errors';
import type { AuditEvent } from './audit-event';

/** What the trail says of an act that did not come about: refused for a reason the asker may mend, or a failure of ours. */
export function failureOutcome(error: unknown): Required<Pick<AuditEvent, 'outcome' | 'errorCode'>> {
  const known = GatewayError.of(error);
  const isRefusal = known !== undefined && known.entry.status < 500;
  return { outcome: isRefusal ? 'refused' : 'failure', errorCode: known?.code ?? 'platform.internal' };
}
