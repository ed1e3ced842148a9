import { ErrorEntry, GatewayError } from '../../platform/errors';
import type { Checked } from '../../standards/identity';
import type { AckFault, ApplicationErrorCode, ErrorCondition, ErrorLocation } from '../../standards/hl7v2';

/** A message that is wrong in itself: answered AE, with the place of the fault. */
export class IntakeRefusal extends GatewayError {
  constructor(
    entry: ErrorEntry,
    reason: string,
    readonly location?: ErrorLocation,
    readonly application?: ApplicationErrorCode,
  ) {
    super(entry, { detail: reason });
  }

  toFault(): AckFault {
    return {
      condition: (this.entry.hl7?.condition ?? 207) as ErrorCondition,
      severity: this.entry.hl7?.severity ?? 'E',
      location: this.location,
      application: this.application,
      text: this.detail,
    };
  }
}

/** The value of a validator, or the refusal of the message at that place. */
export function checkedOr<T>(checked: Checked<T>, entry: ErrorEntry, location: ErrorLocation): T {
  if (checked.ok) return checked.value;
  const place = location.field ? `${location.segment}-${location.field}` : location.segment;
  throw new IntakeRefusal(entry, `${place}: ${checked.reason}`, location);
}
