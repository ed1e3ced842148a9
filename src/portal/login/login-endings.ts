import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditTrail, type AuditActor, type AuditEvent } from '../../audit';
import { PatientContexts, type ClosingReason } from '../../consumer/context';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';
import { LoginsRepository } from './logins.repository';
import { ProfessionalSessions } from './professional-sessions';

/** Why somebody is logged out: they asked, somebody else logged in to the same browser, a limit was reached, the session is gone. */
export type LogoutReason = 'asked' | 'replaced' | 'expired' | 'session-ended';

export interface EndedLogin {
  /** Only for logins by Pro Santé Connect. */
  readonly loginId?: string;
  /** Identifier of the browser session that ends with it. */
  readonly sessionId: string;
  /** Who ended it; without: whom it belonged to is not known any more. */
  readonly actor?: AuditActor;
  /** What the patients that close with it say; default `login-ended`. */
  readonly reason?: ClosingReason;
}

/** What ends with a login: its session, the patients it opened, the viewers it was granted. */
@Injectable()
export class LoginEndings {
  private readonly logger = new Logger('portal');

  constructor(
    private readonly contexts: PatientContexts,
    private readonly grants: ViewerGrants,
    private readonly logins: LoginsRepository,
    private readonly professionals: ProfessionalSessions,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Ends the login of a browser session, together with the line that says so; then what it had opened. What the actor does not
   * say (the structure) the login knows.
   */
  async end(
    login: Pick<EndedLogin, 'loginId' | 'sessionId'> & { actor: AuditActor; reason: 'asked' | 'replaced' },
  ): Promise<void> {
    const { loginId, sessionId, reason } = login;
    const actor = await this.logins.transaction(async (manager) => {
      const removed = await this.logins.remove({ loginId, sessionId }, manager);
      const owner = { ...(removed && this.professionals.ownerOf(removed)), ...login.actor };
      await this.recordLogout(owner, { reason }, manager);
      return owner;
    });
    await this.ended({ ...login, actor, reason: reason === 'asked' ? 'login-ended' : reason });
  }

  recordLogout(
    actor: AuditActor,
    facts: AuditEvent['facts'] & { readonly reason: LogoutReason },
    manager: EntityManager,
  ): Promise<void> {
    return this.audit.record({ kind: 'portal.logout', outcome: 'success', actor, facts }, manager);
  }

  /** Ends what a login had opened; it is over itself. A failure of one does not keep the others. */
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
