import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { HealthRegistry, HealthReport } from '../../platform/health';
import { Access } from '../../platform/http';
import { serviceMessages } from './service.messages';
import { serviceView } from './service.view';

/** Several operators who watch the page ask the neighbours no more often than this. */
const believedMs = 5_000;

/** What works, what does not, since when, and what to do. */
@Controller('/service')
@Access('operator', 'auditor', 'administrator')
export class ServiceController {
  private last?: { readonly at: Date; readonly reports: Promise<HealthReport[]> };

  constructor(private readonly health: HealthRegistry) {}

  @Get()
  async page(@Res() response: Response): Promise<void> {
    response.render('service/service', { title: serviceMessages.title, script: 'refresh.js', ...(await this.state()) });
  }

  /** The checks alone, for the page that renews them. */
  @Get('/controles')
  async checks(@Res() response: Response): Promise<void> {
    response.render('partials/service-checks', { layout: false, ...(await this.state()) });
  }

  private async state() {
    const now = new Date();
    if (!this.last || now.getTime() - this.last.at.getTime() > believedMs)
      this.last = { at: now, reports: this.health.report() };
    const { at, reports } = this.last;
    return serviceView(await reports, at);
  }
}
