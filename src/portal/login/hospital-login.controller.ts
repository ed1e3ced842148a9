import { promisify } from 'node:util';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { Access } from '../../platform/http';
import { portalConfig } from '../portal.config';
import type { PortalUser } from '../session/portal-user';
import { HospitalAttempt, HospitalOidc } from './hospital-oidc';
import { LoginEndings } from './login-endings';
import { nextPath } from './next-path';
import { ProfessionalSessions } from './professional-sessions';

declare module 'express-session' {
  interface SessionData {
    hospitalAttempt?: HospitalAttempt;
  }
}

/** Login of administrators by the hospital's own OpenID provider. It never opens a patient's data. */
@Controller('/login/admin')
export class HospitalLoginController {
  private readonly redirectUrl: string;

  constructor(
    @Inject(portalConfig.token) config: ConfigOf<typeof portalConfig>,
    private readonly oidc: HospitalOidc,
    private readonly professionals: ProfessionalSessions,
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
      await this.record(
        'portal.login-refused',
        request,
        undefined,
        GatewayError.of(error)?.code ?? 'platform.internal',
      );
      throw error;
    }
    response.redirect(303, attempt?.returnTo ?? '/');
  }

  private async open(request: Request, user: PortalUser): Promise<void> {
    const { loginId } = request.session;
    if (loginId) await this.professionals.forget(loginId);
    const before = request.session.user;
    const actor = { professionalId: before?.id, professionalName: before?.name, address: request.ip };
    if (before) await this.endings.ended({ loginId, sessionId: request.sessionID, actor });
    await promisify(request.session.regenerate.bind(request.session))();
    Object.assign(request.session, { user, loggedInAt: Date.now() });
    await promisify(request.session.save.bind(request.session))();
    await this.record('portal.login', request, user);
  }

  private record(
    kind: 'portal.login' | 'portal.login-refused',
    request: Request,
    user: PortalUser | undefined,
    errorCode?: string,
  ): Promise<void> {
    const actor = { professionalId: user?.id, professionalName: user?.name, address: request.ip };
    const outcome = errorCode ? 'refused' : 'success';
    return this.audit.record({ kind, outcome, actor, errorCode, facts: { provider: 'oidc' } });
  }
}
