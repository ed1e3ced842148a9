import { Controller, Get, Inject, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CallRefusals, contextConfig, PatientContexts } from '../../consumer/context';
import type { ConfigOf } from '../../platform/config';
import { Access } from '../../platform/http';
import { portalConfig } from '../portal.config';
import { userOf } from '../session/portal-user';
import { browserMark } from './browser-mark';
import { callerOf, callForm } from './call-form';
import { entryPath } from './entry-path';
import { ExamFailuresFilter } from './exam-failures.filter';
import { PatientAccess } from './patient-access';

/** From the RIS to the patient: the call, and the address that a browser opens once. */
@Controller()
@UseFilters(ExamFailuresFilter)
export class ContextualCallController {
  constructor(
    @Inject(portalConfig.token) private readonly config: ConfigOf<typeof portalConfig>,
    @Inject(contextConfig.token) private readonly calls: ConfigOf<typeof contextConfig>,
    private readonly contexts: PatientContexts,
    private readonly refusals: CallRefusals,
    private readonly access: PatientAccess,
  ) {}

  /** DRIMbox specification 4.6.1. Nothing of the patient goes into the address that is answered. */
  @Post('/contextual-call')
  @Access('system')
  async call(@Req() request: Request, @Res() response: Response): Promise<void> {
    const caller = callerOf(request);
    const form = await callForm(request, response).catch(async (error: unknown) => {
      await this.refusals.unreadable(error, caller);
      throw error;
    });
    const reference = await this.contexts.receive(form, caller);
    response.redirect(303, new URL(`/appel/${reference}`, this.config.publicUrl).href);
  }

  /** The first browser that comes holds the call; logged in, it becomes the patient of this login alone. */
  @Get('/appel/:reference')
  @Access('public')
  async open(@Param('reference') reference: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const user = userOf(request);
    const actor = { professionalId: user?.id, professionalName: user?.name, address: request.ip };
    const claimed = await this.contexts.claim(reference, browserMark(request, response), actor);
    if (user?.provider !== 'psc') {
      response.redirect(303, `/login?next=${encodeURIComponent(`/appel/${reference}`)}`);
      return;
    }
    const { viewer } = await this.access.viewer(request);
    const context = await this.contexts.open(claimed, viewer);
    response.redirect(303, entryPath(context, this.calls.opensExam));
  }
}
