import { Body, Controller, Get, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { SelectedExam } from '../../../consumer/exams';
import { Transfers } from '../../../consumer/transfer';
import { GatewayError, platformErrors } from '../../../platform/errors';
import { Access } from '../../../platform/http';
import { ScreenFormat } from '../../screen/format';
import { ExamFailuresFilter } from '../exam-failures.filter';
import { bannerView } from '../exam-list.view';
import { PatientAccess, type PatientVisit } from '../patient-access';
import { chosenExams, chosenSeries } from './chosen-exams';
import { importChoiceView, isWrittenOtherwise } from './import-choice.view';
import { ImportRequests } from './import-requests';
import { importMessages, importPage } from './imports.messages';

const examsMax = 10;

/** Before an import: which series, and what becomes of the patient's identity in the images. */
@Controller('/dossier/:context/import')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ImportChoiceController {
  constructor(
    private readonly access: PatientAccess,
    private readonly requests: ImportRequests,
    private readonly transfers: Transfers,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  async choose(
    @Param('context') contextId: string,
    @Query('examens') exams: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    await this.show(visit, await this.requests.select(visit, chosenExams(exams, examsMax)), response);
  }

  @Post()
  async start(
    @Param('context') contextId: string,
    @Body() body: Readonly<Record<string, unknown>>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const exams = await this.requests.select(visit, chosenExams(body.examens, examsMax));
    if (isWrittenOtherwise(exams) && body.confirme !== '1') return this.show(visit, exams, response, true);
    const series = chosenSeries(body.series, body.tout);
    const requests = exams.flatMap((selected) => this.requests.of(visit, selected, series));
    const wanted = requests.filter(({ seriesInstanceUids }) => seriesInstanceUids?.length !== 0);
    const pacsId = typeof body.pacs === 'string' && body.pacs !== '' ? body.pacs : undefined;
    if (pacsId !== undefined && !this.transfers.destinations.includes(pacsId))
      throw new GatewayError(platformErrors.badRequest, { detail: 'pacs' });
    // Nothing chosen at all is told by the room itself.
    for (const one of wanted.length > 0 ? wanted : requests.slice(0, 1)) await this.transfers.start({ ...one, pacsId });
    response.redirect(303, `/dossier/${contextId}/imports`);
  }

  private async show(
    { context }: PatientVisit,
    exams: readonly SelectedExam[],
    response: Response,
    needsConfirmation = false,
  ): Promise<void> {
    const isUsable = this.transfers.canBeWritten(context.patient.localId);
    const earlier = await this.transfers.list(context.id);
    const { destinations } = this.transfers;
    response.status(needsConfirmation ? 400 : 200).render('exams/import', {
      ...importPage,
      title: importMessages.title,
      script: 'import.js',
      banner: bannerView(context),
      ...importChoiceView(
        { exams, contextId: context.id, destinations, earlier, isUsable, needsConfirmation },
        this.format,
      ),
    });
  }
}
