import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import passport from 'passport';
import type { EntityManager } from 'typeorm';
import { AuditTrail, failureOutcome, PacedRefusals, type AuditActor } from '../../audit';
import {
  LoggedIn,
  pscErrors,
  PscService,
  PscSession,
  PscStrategy,
  sessionAttempts,
  situationOf,
} from '../../connectors/psc';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';
import { portalConfig } from '../portal.config';
import type { PortalUser } from '../session/portal-user';
import { LoginEndings, type EndedLogin } from './login-endings';
import { LoginsRepository } from './logins.repository';
import { nextPath } from './next-path';
import { ProfessionalSessions } from './professional-sessions';

const hourMs = 3_600_000;

/** Login and logout of professionals in a browser session. */
@Injectable()
export class LoginService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('portal');
  private readonly refusedTokens: PacedRefusals;

  constructor(
    @Inject(portalConfig.token) private readonly config: ConfigOf<typeof portalConfig>,
    private readonly psc: PscService,
    private readonly professionals: ProfessionalSessions,
    private readonly logins: LoginsRepository,
    private readonly endings: LoginEndings,
    private readonly grants: ViewerGrants,
    private readonly audit: AuditTrail,
  ) {
    this.refusedTokens = new PacedRefusals(audit, { kind: 'portal.logged-out-by-provider', room: 'portal' });
  }

  /** Before the database closes. */
  beforeApplicationShutdown(): Promise<void> {
    return this.refusedTokens.close();
  }

  /** Sends the browser to Pro Santé Connect; `next` is where it goes afterwards. */
  async begin(request: Request, response: Response, next: string): Promise<void> {
    // A strategy that redirects gives no result: the answer's end is the end.
    await Promise.race([this.authenticate(request, response, { returnTo: next }), once(response, 'close')]);
  }

  /** The browser is back: a new session, whose identifier nobody knew before, holds the professional. @returns where to go */
  async finish(request: Request, response: Response): Promise<string> {
    let loggedIn: LoggedIn;
    try {
      loggedIn = await this.authenticate(request, response, {});
    } catch (error) {
      await this.audit.record({
        kind: 'portal.login-refused',
        actor: { address: request.ip },
        ...failureOutcome(error),
      });
      throw error;
    }
    const { session, returnTo } = loggedIn;
    await this.open(request, session);
    const next = nextPath(returnTo);
    const mustChoose = !situationOf(session) && session.situations.length > 1 && next === '/';
    return mustChoose ? '/login/situation' : next;
  }

  /** Ends the session here. @returns where the browser goes: Pro Santé Connect's own logout when it answers */
  async logout(request: Request): Promise<string> {
    const { user, loginId } = request.session;
    const sessionId = request.sessionID;
    const session = loginId ? await this.professionals.sessionOf(loginId) : undefined;
    if (user) {
      const actor = this.actorOf(user, request);
      await this.endings.end({ loginId, sessionId, actor, reason: 'asked' });
    }
    await promisify(request.session.destroy.bind(request.session))();
    if (!session) return '/';
    try {
      return (await this.psc.login.logoutUrl(session, new URL('/', this.config.publicUrl).href)).href;
    } catch (error) {
      this.logger.warn(
        { code: GatewayError.of(error)?.code },
        'logged out here only: Pro Santé Connect does not answer',
      );
      return '/';
    }
  }

  /**
   * Pro Santé Connect says that a session, or every session of somebody, is over: a line for each of them. Only what it signed
   * counts; anything else is refused, and recorded at a pace.
   * @returns how many ended here
   */
  async endByProvider(logoutToken: unknown, address: string | undefined): Promise<number> {
    let whose: { subject?: string; sid?: string };
    try {
      if (typeof logoutToken !== 'string') throw new GatewayError(pscErrors.logoutTokenInvalid, { detail: 'absent' });
      whose = await this.psc.login.verifyLogoutToken(logoutToken);
    } catch (error) {
      const { errorCode } = failureOutcome(error);
      await this.refusedTokens.record(address ?? 'unknown', { actor: { address }, errorCode });
      throw error;
    }
    const ended = await this.logins.transaction((manager) => this.removeOf(whose, address, manager));
    for (const login of ended) await this.endings.ended({ ...login, reason: 'by-provider' });
    return ended.length;
  }

  private async removeOf(
    whose: { subject?: string; sid?: string },
    address: string | undefined,
    manager: EntityManager,
  ): Promise<EndedLogin[]> {
    const removed = await this.logins.removeOf(whose, manager);
    const ended = removed.map((login) => ({ ...login, actor: this.professionals.ownerOf(login) }));
    const event = { kind: 'portal.logged-out-by-provider', outcome: 'success' } as const;
    const by: AuditActor = { peer: 'Pro Santé Connect', address };
    for (const { actor } of ended)
      await this.audit.record({ ...event, actor: { ...actor, ...by }, facts: { reason: 'by-provider' } }, manager);
    if (ended.length === 0) await this.audit.record({ ...event, actor: by, facts: { sessions: 0 } }, manager);
    return ended;
  }

  actorOf(user: PortalUser, request: Request) {
    return { professionalId: user.id, professionalName: user.name, address: request.ip };
  }

  private authenticate(request: Request, response: Response, options: { returnTo?: string }): Promise<LoggedIn> {
    const redirectUrl = new URL('/login/callback', this.config.publicUrl).href;
    const strategy = new PscStrategy({ login: this.psc.login, attempts: sessionAttempts, redirectUrl });
    return new Promise((resolve, reject) => {
      const done = (error: unknown, user?: LoggedIn | false) =>
        user ? resolve(user) : reject(error instanceof Error ? error : new Error('the login gave nobody'));
      const handler = passport.authenticate(strategy, { session: false, ...options }, done) as (
        request: Request,
        response: Response,
        next: NextFunction,
      ) => void;
      handler(request, response, (error: unknown) => reject(error instanceof Error ? error : new Error('no answer')));
    });
  }

  /**
   * The login and its record are written together, before the session holds the professional: a login that the trail refuses
   * opens nothing.
   */
  private async open(request: Request, session: PscSession): Promise<void> {
    const user = this.userOf(session);
    const { user: before, loginId: beforeId, situationName, csrfSecret } = request.session;
    const isSame = before?.provider === 'psc' && before.id === user.id && beforeId !== undefined;
    const sessionBefore = request.sessionID;
    if (before && !isSame) {
      // Nothing of theirs stays open.
      const actor = this.actorOf(before, request);
      await this.endings.end({ loginId: beforeId, sessionId: sessionBefore, actor, reason: 'replaced' });
    }
    const { pscAttempts } = request.session as { pscAttempts?: object[] };
    await promisify(request.session.regenerate.bind(request.session))();
    const loginId = isSame ? beforeId : randomBytes(24).toString('base64url');
    const loggedInAt = Date.now();
    const endsAt = new Date(loggedInAt + this.config.sessionHoursMax * hourMs);
    const situation = situationOf(session);
    await this.logins.transaction(async (manager) => {
      await this.professionals.keep({ loginId, sessionSid: request.sessionID, session, endsAt }, manager);
      const actor = { ...this.actorOf(user, request), structureId: situation?.structureId };
      const facts = { provider: 'psc', acr: session.acr ?? '' };
      await this.audit.record({ kind: 'portal.login', outcome: 'success', actor, facts }, manager);
    });
    this.grants.moveSession({ from: sessionBefore, to: request.sessionID, professionalId: user.id });
    // Logins begun in other tabs of this browser may still come back.
    Object.assign(request.session, { user, loginId, loggedInAt, pscAttempts });
    // Pages that the same professional has open go on; somebody else gets marks that nobody knew before.
    if (isSame) Object.assign(request.session, { csrfSecret });
    request.session.situationName = situation?.structureName ?? (isSame ? situationName : undefined);
    await promisify(request.session.save.bind(request.session))();
  }

  private userOf({ professional }: PscSession): PortalUser {
    const { subjectNameId: id, given, family } = professional;
    const name = [given, family].filter(Boolean).join(' ') || id;
    return { provider: 'psc', id, name, roles: this.config.roles[id] ?? [] };
  }
}
