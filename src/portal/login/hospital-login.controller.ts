import { promisify } from 'node:util';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail, failureOutcome } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { Access } from '../../platform/http';
import { portalConfig } from '../portal.config';
import type { PortalUser } from '../session/portal-user';
import { HospitalAttempt, HospitalOidc } from './hospital-oidc';
import { LoginEndings } from './login-endings';
import { nextPath } from './next-path';

declare module 'express-session' {
  interface SessionData {
    hospitalAttempt?: HospitalAttempt;
  }
}

const facts = { provider: 'oidc' };

/** Login of administrators by the hospital's own OpenID provider. It never opens a patient's data. */
@Controller('/login/admin')
export class HospitalLoginController {
  private readonly redirectUrl: string;

  constructor(
    @Inject(portalConfig.token) config: ConfigOf<typeof portalConfig>,
    private readonly oidc: HospitalOidc,
    private readonly endings: LoginEndings,
    private readonly audit: AuditTrail,
  ) {
    this.redirectUrl = new URL('/login/admin/callback', config.publicUrl).href;
  }

  @Get()
  @Access('public')
  async begin(@Query('next') next: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { url, attempt } = await this.oidc.start(this.redirectUrl, nextPath(next));
    request.session.hospitalAttempt = attempt;
    response.redirect(303, url.href);
  }

  @Get('/callback')
  @Access('public')
  async finish(@Req() request: Request, @Res() response: Response): Promise<void> {
    const attempt = request.session.hospitalAttempt;
    delete request.session.hospitalAttempt;
    const current = new URL(this.redirectUrl);
    current.search = request.originalUrl.split('?', 2)[1] ?? '';
    try {
      const user = await this.oidc.finish(current, attempt);
      await this.open(request, user);
    } catch (error) {
      await this.audit.record({
        kind: 'portal.login-refused',
        actor: { address: request.ip },
        ...failureOutcome(error),
        facts,
      });
      throw error;
    }
    response.redirect(303, attempt?.returnTo ?? '/');
  }

  /** The record first: a login that the trail refuses opens nothing, and one that cannot be kept is told as refused after it. */
  private async open(request: Request, user: PortalUser): Promise<void> {
    const { loginId, user: before } = request.session;
    if (before) {
      const actor = actorOf(before, request);
      await this.endings.end({ loginId, sessionId: request.sessionID, actor, reason: 'replaced' });
    }
    await promisify(request.session.regenerate.bind(request.session))();
    await this.audit.record({ kind: 'portal.login', outcome: 'success', actor: actorOf(user, request), facts });
    Object.assign(request.session, { user, loggedInAt: Date.now() });
    await promisify(request.session.save.bind(request.session))();
  }
}

const actorOf = ({ id, name }: PortalUser, { ip }: Request) => ({
  professionalId: id,
  professionalName: name,
  address: ip,
});
