import type { RetrievalOutcome, UndeliveredInstance } from '../../../connectors/pacs';
import { type ErrorEntry, GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';

/** More names than this would not help the operator. */
const namedMax = 20;

/** Refuses an outcome that lacks an expected instance: 410 when the PACS no longer holds it, 502 when it did not send it or sent no DICOM file. */
export function refuseUndelivered({ undelivered }: RetrievalOutcome): void {
  if (undelivered.length === 0) return;
  const named = undelivered.slice(0, namedMax).map((instance) => `${instance.sopInstanceUid} (${instance.reason})`);
  const detail = `${undelivered.length} not delivered: ${named.join(', ')}`;
  throw new GatewayError(entryOf(undelivered), { detail });
}

function entryOf(undelivered: readonly UndeliveredInstance[]): ErrorEntry {
  const all = (reason: UndeliveredInstance['reason']) => undelivered.every((instance) => instance.reason === reason);
  if (all('not-in-pacs')) return servingErrors.gone;
  return all('unreadable') ? servingErrors.objectUnreadable : servingErrors.incomplete;
}
