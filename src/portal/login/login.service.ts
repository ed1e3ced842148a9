import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import passport from 'passport';
import { AuditTrail } from '../../audit';
import { LoggedIn, PscService, PscSession, PscStrategy, sessionAttempts, situationOf } from '../../connectors/psc';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';
import { portalConfig } from '../portal.config';
import type { PortalUser } from '../session/portal-user';
import { LoginEndings } from './login-endings';
import { LoginsRepository } from './logins.repository';
import { nextPath } from './next-path';
import { ProfessionalSessions } from './professional-sessions';

const hourMs = 3_600_000;

/** Login and logout of professionals in a browser session. */
@Injectable()
export class LoginService {
  private readonly logger = new Logger('portal');

  constructor(
    @Inject(portalConfig.token) private readonly config: ConfigOf<typeof portalConfig>,
    private readonly psc: PscService,
    private readonly professionals: ProfessionalSessions,
    private readonly logins: LoginsRepository,
    private readonly endings: LoginEndings,
    private readonly grants: ViewerGrants,
    private readonly audit: AuditTrail,
  ) {}

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
        outcome: 'refused',
        actor: { address: request.ip },
        errorCode: GatewayError.of(error)?.code ?? 'platform.internal',
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
    const session = loginId ? await this.professionals.forget(loginId) : undefined;
    await promisify(request.session.destroy.bind(request.session))();
    if (!user) return '/';
    await this.endings.ended({ loginId, sessionId, actor: this.actorOf(user, request) });
    await this.audit.record({ kind: 'portal.logout', outcome: 'success', actor: this.actorOf(user, request) });
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

  /** Pro Santé Connect says that a session, or every session of somebody, is over. @returns how many ended here */
  async endByProvider(logoutToken: string): Promise<number> {
    const whose = await this.psc.login.verifyLogoutToken(logoutToken);
    const ended = await this.logins.removeOf(whose);
    for (const { sealed, ...login } of ended)
      await this.endings.ended({ ...login, actor: this.professionals.ownerOf(sealed) });
    await this.audit.record({
      kind: 'portal.logged-out-by-provider',
      outcome: 'success',
      actor: { peer: 'Pro Santé Connect' },
      facts: { sessions: ended.length },
    });
    return ended.length;
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

  /** Somebody else was logged in to this browser: nothing of theirs stays open. */
  private async endOther(request: Request, before: PortalUser, loginId: string | undefined): Promise<void> {
    if (loginId) await this.professionals.forget(loginId);
    await this.endings.ended({ loginId, sessionId: request.sessionID, actor: this.actorOf(before, request) });
  }

  private async open(request: Request, session: PscSession): Promise<void> {
    const { professional } = session;
    const user: PortalUser = {
      provider: 'psc',
      id: professional.subjectNameId,
      name: [professional.given, professional.family].filter(Boolean).join(' ') || professional.subjectNameId,
      roles: this.config.roles[professional.subjectNameId] ?? [],
    };
    const { user: before, loginId: beforeId, situationName } = request.session;
    const isSame = before?.provider === 'psc' && before.id === user.id && beforeId !== undefined;
    if (before && !isSame) await this.endOther(request, before, beforeId);
    const sessionBefore = request.sessionID;
    const { pscAttempts } = request.session as { pscAttempts?: object[] };
    await promisify(request.session.regenerate.bind(request.session))();
    this.grants.moveSession({ from: sessionBefore, to: request.sessionID, professionalId: user.id });
    const loginId = isSame ? beforeId : randomBytes(24).toString('base64url');
    const loggedInAt = Date.now();
    // Logins begun in other tabs of this browser may still come back.
    Object.assign(request.session, { user, loginId, loggedInAt, pscAttempts });
    request.session.situationName = situationOf(session)?.structureName ?? (isSame ? situationName : undefined);
    const endsAt = new Date(loggedInAt + this.config.sessionHoursMax * hourMs);
    await this.professionals.keep({ loginId, sessionSid: request.sessionID, session, endsAt });
    await promisify(request.session.save.bind(request.session))();
    await this.audit.record({
      kind: 'portal.login',
      outcome: 'success',
      actor: { ...this.actorOf(user, request), structureId: situationOf(session)?.structureId },
      facts: { provider: 'psc', acr: session.acr ?? '' },
    });
  }
}
