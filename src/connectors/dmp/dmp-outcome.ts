import type { RegistryError } from '../../standards/xds';

/** What came out of one exchange with the DMP. Never thrown: every caller has to look at all five. */

export type TryAgainReason = 'unreachable' | 'tls' | 'timeout' | 'cut' | 'busy' | 'server-error';

/** What every outcome tells beside. */
interface Told {
  /** WS-Addressing identifier of the message that was sent. */
  messageId?: string;
}

export interface Accepted<T> extends Told {
  kind: 'accepted';
  value: T;
  warnings: RegistryError[];
}
export interface Partial<T> extends Told {
  kind: 'partial';
  value: T;
  errors: RegistryError[];
  warnings: RegistryError[];
}
/** Refused for good: the same request will be refused again. */
export interface Refused extends Told {
  kind: 'refused';
  /** Registry error code, `soap:Sender/…`, `http-4xx`, or a code of our catalogue. */
  code: string;
  /** What the DMP wrote; for the operator's screen, not for a log. */
  text: string;
  errors: RegistryError[];
}
/** Worth another try later. */
export interface TryAgain extends Told {
  kind: 'try-again';
  reason: TryAgainReason;
  /** The request may have been carried out: ask the registry before sending it again. */
  mayHaveBeenDone: boolean;
  /** Technical, without identity. */
  detail: string;
}
/** An answer that cannot be understood; the request may have been carried out. */
export interface Malformed extends Told {
  kind: 'malformed';
  detail: string;
}

export type DmpOutcome<T> = Accepted<T> | Partial<T> | Refused | TryAgain | Malformed;

/** Registry codes that say "not now" (ITI TF-3 table 4.2.4.1-2). */
const BUSY = new Set([
  'XDSRegistryBusy',
  'XDSRepositoryBusy',
  'XDSRegistryOutOfResources',
  'XDSRepositoryOutOfResources',
  'XDSRegistryNotAvailable',
]);

/** Turns a registry status into an outcome. */
export function outcomeOf<T>(
  response: { status: 'success' | 'partial' | 'failure'; errors: RegistryError[]; warnings: RegistryError[] },
  value: T,
): DmpOutcome<T> {
  const { errors, warnings } = response;
  if (response.status === 'success') return { kind: 'accepted', value, warnings: [...errors, ...warnings] };
  if (response.status === 'partial') return { kind: 'partial', value, errors, warnings };
  if (errors.length > 0 && errors.every((error) => BUSY.has(error.code))) {
    return { kind: 'try-again', reason: 'busy', mayHaveBeenDone: false, detail: errors[0].code };
  }
  const first = errors.at(0);
  return { kind: 'refused', code: first?.code || 'no-code', text: first?.context ?? '', errors };
}

/** The value of an accepted outcome turned into another; the rest passes through. */
export function mapOutcome<T, U>(outcome: DmpOutcome<T>, change: (value: T) => DmpOutcome<U>): DmpOutcome<U> {
  return outcome.kind === 'accepted' || outcome.kind === 'partial' ? change(outcome.value) : outcome;
}
