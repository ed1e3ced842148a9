import type { RetrievalOutcome } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';

/** More names than this would not help the operator. */
const namedMax = 20;

/** Refuses an outcome that lacks an expected instance: 410 when the PACS no longer holds it, 502 when it did not send it. */
export function refuseUndelivered({ undelivered }: RetrievalOutcome): void {
  if (undelivered.length === 0) return;
  const gone = undelivered.every((instance) => instance.reason === 'not-in-pacs');
  const named = undelivered.slice(0, namedMax).map((instance) => `${instance.sopInstanceUid} (${instance.reason})`);
  const detail = `${undelivered.length} not delivered: ${named.join(', ')}`;
  throw new GatewayError(gone ? servingErrors.gone : servingErrors.incomplete, { detail });
}
