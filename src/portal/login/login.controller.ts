import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail } from '../../audit';
import { pscErrors } from '../../connectors/psc';
import { GatewayError } from '../../platform/errors';
import { Access } from '../../platform/http';
import { portalErrors } from '../portal.errors';
import { userOf } from '../session/portal-user';
import { LoginService } from './login.service';
import { loginMessages } from './messages';
import { nextPath } from './next-path';
import { ProfessionalSessions } from './professional-sessions';

/** Login by Pro Santé Connect, choice of the work situation, logout. */
@Controller()
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly professionals: ProfessionalSessions,
    private readonly audit: AuditTrail,
  ) {}

  @Get('/login')
  @Access('public')
  login(@Query('next') next: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.logins.begin(request, response, nextPath(next));
  }

  @Get('/login/callback')
  @Access('public')
  async callback(@Req() request: Request, @Res() response: Response): Promise<void> {
    try {
      response.redirect(303, await this.logins.finish(request, response));
    } catch (error) {
      // The page of the return, loaded again by somebody who is logged in by now.
      if (GatewayError.of(error)?.code !== pscErrors.loginExpired.code || !userOf(request)) throw error;
      response.redirect(303, '/');
    }
  }

  @Get('/login/situation')
  @Access('professional')
  async situations(@Query('next') next: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { situations, situation } = await this.professionals.of(request);
    response.render('login/situation', {
      title: loginMessages.situationTitle,
      m: loginMessages,
      next: nextPath(next),
      situations: situations.map((one, index) => ({
        ...one,
        number: index,
        checked: situation ? one.structureId === situation.structureId : index === 0,
        sectorLabel: loginMessages.sectors[one.sector],
      })),
    });
  }

  @Post('/login/situation')
  @Access('professional')
  async choose(
    @Body() form: { structure?: unknown; next?: unknown } | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const structureId = typeof form?.structure === 'string' ? form.structure : '';
    const user = userOf(request);
    const situation = await this.professionals.choose(request, structureId, (manager) =>
      this.audit.record(
        {
          kind: 'portal.situation-chosen',
          outcome: 'success',
          actor: { ...(user ? this.logins.actorOf(user, request) : {}), structureId },
        },
        manager,
      ),
    );
    if (!situation) throw new GatewayError(portalErrors.situationUnknown);
    request.session.situationName = situation.structureName;
    response.redirect(303, nextPath(form?.next));
  }

  @Post('/logout')
  @Access('public')
  async logout(@Req() request: Request, @Res() response: Response): Promise<void> {
    response.redirect(303, await this.logins.logout(request));
  }

  /** OpenID Connect Back-Channel Logout 1.0, section 2.5: called by Pro Santé Connect itself, with a signed token. */
  @Post('/login/backchannel-logout')
  @HttpCode(200)
  @Access('system')
  async backchannelLogout(@Body('logout_token') logoutToken: unknown, @Req() request: Request): Promise<void> {
    await this.logins.endByProvider(logoutToken, request.ip);
  }
}
