import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { AuditTrail, failureOutcome, PacedRefusals } from '../../audit';
import { GatewayError } from '../../platform/errors';
import { counter } from '../../platform/metrics';
import type { CallOrigin } from './caller-rules';

const calls = counter('contextual_calls_total', 'Contextual calls received, by outcome', ['outcome']);

/** Calls that end before their form could be read: they count like any other, as errors. */
@Injectable()
export class CallRefusals implements OnApplicationShutdown {
  private readonly paced: PacedRefusals;

  constructor(@Inject(AuditTrail) private readonly audit: AuditTrail) {
    this.paced = new PacedRefusals(audit, { kind: 'context.called', room: 'consumer' });
  }

  onApplicationShutdown(): Promise<void> {
    return this.paced.close();
  }

  /** The body is no form, is too large, holds too many parameters. Such calls are as many as the rate limit lets pass. */
  async unreadable(error: unknown, caller: CallOrigin): Promise<void> {
    calls.inc({ outcome: 'error' });
    await this.audit.record({ kind: 'context.called', actor: actorOf(caller), ...failureOutcome(error) });
  }

  /** Not even looked at: too many in a minute. They are as many as the caller likes, so that the trail sets the pace. */
  notTaken(error: unknown, caller: CallOrigin): void {
    calls.inc({ outcome: 'error' });
    const errorCode = GatewayError.of(error)?.code;
    this.paced.note(caller.address ?? 'unknown', { actor: actorOf(caller), errorCode });
  }
}

const actorOf = ({ address, origin }: CallOrigin) => ({ address, peer: origin });
