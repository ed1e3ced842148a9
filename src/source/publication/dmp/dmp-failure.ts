import type { DmpOutcome } from '../../../connectors/dmp';
import { dmpErrors } from '../../../connectors/dmp';
import type { Reason } from '../store/publication';

/** An exchange that did not do what was asked. */
export interface DmpFailure {
  /** `later`: try again. `refused`: the same request will be refused again. */
  readonly kind: 'later' | 'refused';
  readonly reason: Reason;
  /** The request may have been carried out all the same. */
  readonly mayBeDone: boolean;
  /** The DMP as a whole seems to be away: other requests had better wait too. */
  readonly outage: boolean;
  readonly messageId: string | undefined;
}

const detailMax = 2_000;

/** What an unsuccessful outcome means for the publication; undefined for an accepted one. */
export function failureOf(outcome: DmpOutcome<unknown>): DmpFailure | undefined {
  const { messageId } = outcome;
  switch (outcome.kind) {
    case 'accepted':
      return undefined;
    case 'refused': {
      const others = outcome.errors.slice(1).map(({ code, context }) => `${code} ${context}`);
      const detail = [outcome.text, ...others].filter(Boolean).join('\n').slice(0, detailMax);
      return { kind: 'refused', reason: { code: outcome.code, detail }, mayBeDone: false, outage: false, messageId };
    }
    case 'partial': {
      const detail = outcome.errors
        .map(({ code, context }) => `${code} ${context}`)
        .join('\n')
        .slice(0, detailMax);
      return {
        kind: 'later',
        reason: { code: dmpErrors.partial.code, detail },
        mayBeDone: true,
        outage: false,
        messageId,
      };
    }
    case 'malformed': {
      const reason = { code: dmpErrors.malformed.code, detail: outcome.detail };
      return { kind: 'later', reason, mayBeDone: true, outage: false, messageId };
    }
    case 'try-again': {
      const reason = { code: dmpErrors.unavailable.code, detail: `${outcome.reason}: ${outcome.detail}` };
      const outage = ['unreachable', 'timeout', 'busy'].includes(outcome.reason);
      return { kind: 'later', reason, mayBeDone: outcome.mayHaveBeenDone, outage, messageId };
    }
  }
}
