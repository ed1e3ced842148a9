import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AlarmRepository, AlarmWatch } from '../../audit/alarms';
import { GatewayError, platformErrors } from '../../platform/errors';
import { HealthRegistry } from '../../platform/health';
import { Access } from '../../platform/http';
import { userOf } from '../session/portal-user';
import { readGuide } from './runbook';
import { checkLabel, serviceMessages } from './service.messages';
import { alarmView, mayAcknowledge, serviceView } from './service.view';

const endedShown = 10;

/** What works, what does not, since when, and what to do. */
@Controller('/service')
@Access('operator', 'auditor', 'administrator')
export class ServiceController {
  constructor(
    private readonly health: HealthRegistry,
    private readonly watch: AlarmWatch,
    private readonly alarms: AlarmRepository,
  ) {}

  @Get()
  async page(@Query('fait') done: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    response.render('service/service', {
      title: serviceMessages.title,
      script: 'refresh.js',
      answer: done === 'oui' ? serviceMessages.taken : done === 'non' ? serviceMessages.notTaken : undefined,
      ended: (await this.alarms.ended(endedShown)).map(alarmView),
      ...(await this.state(request)),
    });
  }

  /** The alarms and checks alone, for the page that renews them. */
  @Get('/controles')
  async checks(@Req() request: Request, @Res() response: Response): Promise<void> {
    response.render('partials/service-checks', { layout: false, ...(await this.state(request)) });
  }

  /** Somebody takes care of an alarm: recorded, and shown to the others. */
  @Post('/alarmes')
  @Access('operator', 'administrator')
  async acknowledge(
    @Body() body: { alarme?: unknown } | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const id = body?.alarme;
    if (typeof id !== 'string' || !/^\d{1,18}$/.test(id)) throw new GatewayError(platformErrors.notFound);
    const user = userOf(request);
    const actor = { professionalId: user?.id, professionalName: user?.name, address: request.ip };
    const done = await this.watch.acknowledge(id, actor);
    response.redirect(303, `/service?fait=${done ? 'oui' : 'non'}`);
  }

  /** What to do about a check: the page of the runbook. */
  @Get('/aide/:page')
  async guide(@Param('page') page: string, @Res() response: Response): Promise<void> {
    const html = await readGuide(page);
    if (html === undefined) throw new GatewayError(platformErrors.notFound);
    response.render('service/guide', { title: checkLabel(page), m: serviceMessages, html });
  }

  private async state(request: Request) {
    const reports = await this.health.recent();
    return {
      ...serviceView(reports, new Date()),
      alarms: this.watch.active().map(alarmView),
      mayAcknowledge: mayAcknowledge(userOf(request)),
    };
  }
}
