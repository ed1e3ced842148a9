import { Injectable } from '@nestjs/common';
import type { AuditActor } from '../../audit';
import { PatientContexts, type ClosingReason } from '../../consumer/context';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';

export interface EndedLogin {
  /** Only for logins by Pro Santé Connect. */
  readonly loginId?: string;
  /** Identifier of the browser session that ends with it. */
  readonly sessionId: string;
  /** Who ended it; without: whom it belonged to is not known any more. */
  readonly actor?: AuditActor;
  /** Default `login-ended`. */
  readonly reason?: ClosingReason;
}

/** What ends with a login: the patients it opened and the viewers it was granted. A failure of one does not keep the others. */
@Injectable()
export class LoginEndings {
  private readonly logger = new Logger('portal');

  constructor(
    private readonly contexts: PatientContexts,
    private readonly grants: ViewerGrants,
  ) {}

  async ended({ loginId, sessionId, actor = {}, reason = 'login-ended' }: EndedLogin): Promise<void> {
    const ends = await Promise.allSettled([
      Promise.resolve().then(() => this.grants.closeSession(sessionId)),
      loginId ? this.contexts.close(loginId, { actor, reason }) : undefined,
    ]);
    for (const end of ends)
      if (end.status === 'rejected')
        this.logger.error({ cause: describeCause(end.reason) }, 'something of a login did not end with it');
  }
}
