import { Controller, Get, Render, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Access } from '../platform/http';
import { HospitalOidc } from './login';
import { menuOf } from './screen/menu';
import { userOf } from './session/portal-user';

/** The first page: what one may do here, or how to log in. */
@Controller()
export class HomeController {
  constructor(private readonly oidc: HospitalOidc) {}

  @Get('/')
  @Access('public')
  @Render('home')
  home(@Req() request: Request): object {
    const user = userOf(request);
    return {
      adminLogin: this.oidc.label,
      isProfessional: user?.provider === 'psc',
      doors: menuOf(user, '/').filter(({ hint }) => hint !== undefined),
    };
  }
}
