import { Controller, Get, Render } from '@nestjs/common';
import { Access } from '../platform/http';

/** The first page: who one is, or how to log in. */
@Controller()
export class HomeController {
  @Get('/')
  @Access('public')
  @Render('home')
  home(): object {
    return {};
  }
}
