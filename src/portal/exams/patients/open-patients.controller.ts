import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { actorOf, PatientContexts, type PatientContext } from '../../../consumer/context';
import { isUnderWay, Transfers } from '../../../consumer/transfer';
import { Access } from '../../../platform/http';
import { ScreenFormat } from '../../screen/format';
import { bannerView } from '../exam-list.view';
import { examMessages as m } from '../exams.messages';
import { PatientAccess } from '../patient-access';

/** The patients that this login has open, in whatever tab: go back to one, close one or all. */
@Controller('/dossiers')
@Access('professional')
export class OpenPatientsController {
  constructor(
    private readonly access: PatientAccess,
    private readonly contexts: PatientContexts,
    private readonly transfers: Transfers,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { viewer } = await this.access.viewer(request);
    const contexts = await this.contexts.listOf(viewer);
    response.render('exams/open-patients', {
      title: m.openPatients,
      style: 'exams.css',
      m,
      rows: await Promise.all(contexts.map((context) => this.rowOf(context))),
    });
  }

  /** All of them: lists, manifests and images kept for them go. */
  @Post('/fermer')
  async closeAll(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { viewer } = await this.access.viewer(request);
    await this.contexts.close(viewer.loginId, {
      actor: { ...actorOf(viewer), address: request.ip },
      reason: 'asked',
    });
    response.redirect(303, '/dossiers');
  }

  private async rowOf(context: PatientContext) {
    const imports = (await this.transfers.list(context.id)).filter(({ state }) => isUnderWay(state)).length;
    return {
      path: `/dossier/${context.id}`,
      ...bannerView(context),
      localId: context.patient.localId.value,
      calledAt: this.format.moment(context.receivedAt),
      endsAt: this.format.moment(context.endsAt).slice(11, 16),
      mayBeSeen: context.consent === 'informed',
      consent: context.consent === 'opposed' ? m.consentOpposed : m.consentNotCollected,
      imports,
    };
  }
}
