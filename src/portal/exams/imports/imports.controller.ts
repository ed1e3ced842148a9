import { Body, Controller, Get, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { situationFor } from '../../../consumer/context';
import { ExamLists, ExamSelection, type SelectedExam } from '../../../consumer/exams';
import { type ImportRequest, Transfers, type TransferView } from '../../../consumer/transfer';
import { GatewayError, platformErrors } from '../../../platform/errors';
import { Access } from '../../../platform/http';
import { ScreenFormat } from '../../screen/format';
import { ExamFailuresFilter } from '../exam-failures.filter';
import { bannerView } from '../exam-list.view';
import { examMessages } from '../exams.messages';
import { PatientAccess, type PatientVisit } from '../patient-access';
import { chosenExams, chosenSeries } from './chosen-exams';
import { importChoiceView, isWrittenOtherwise } from './import-choice.view';
import { importMessages } from './imports.messages';
import { streamImports } from './imports-stream';
import { importCard, importState, objectRows } from './imports.view';

const examsMax = 10;
const frame = {
  style: 'exams.css',
  wide: true,
  m: { ...examMessages, ...importMessages, traits: examMessages.traits },
};

/** Exams of other hospitals into the local PACS: choice and identity, progress, stop, resume. */
@Controller('/dossier/:context')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ImportsController {
  constructor(
    private readonly access: PatientAccess,
    private readonly lists: ExamLists,
    private readonly selection: ExamSelection,
    private readonly transfers: Transfers,
    private readonly format: ScreenFormat,
  ) {}

  /** Which series, and what becomes of the patient's identity in the images. */
  @Get('/import')
  async choose(
    @Param('context') contextId: string,
    @Query('examens') exams: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    await this.showChoice(visit, await this.select(visit, chosenExams(exams, examsMax)), response);
  }

  @Post('/import')
  async start(
    @Param('context') contextId: string,
    @Body() body: Readonly<Record<string, unknown>>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const exams = await this.select(visit, chosenExams(body.examens, examsMax));
    if (isWrittenOtherwise(exams) && body.confirme !== '1') return this.showChoice(visit, exams, response, true);
    const series = chosenSeries(body.series, body.tout);
    const requests = exams.flatMap((selected) => this.requestsFor(visit, selected, series));
    const wanted = requests.filter(({ seriesInstanceUids }) => seriesInstanceUids?.length !== 0);
    const pacsId = typeof body.pacs === 'string' && body.pacs !== '' ? body.pacs : undefined;
    if (pacsId !== undefined && !this.transfers.destinations.includes(pacsId))
      throw new GatewayError(platformErrors.badRequest, { detail: 'pacs' });
    // Nothing chosen at all is told by the room itself.
    for (const one of wanted.length > 0 ? wanted : requests.slice(0, 1)) await this.transfers.start({ ...one, pacsId });
    response.redirect(303, `/dossier/${contextId}/imports`);
  }

  @Get('/imports')
  async list(@Param('context') contextId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const views = await this.transfers.list(contextId);
    const failures = await this.transfers.failures(views);
    const cards = await Promise.all(
      views.map(async (view) =>
        importCard(
          { view, exam: await this.examOf(visit, view), failures: failures.get(view.id) ?? [] },
          contextId,
          this.format,
        ),
      ),
    );
    response.render('exams/imports', {
      ...frame,
      title: importMessages.listTitle,
      script: 'imports.js',
      banner: bannerView(visit.context),
      path: `/dossier/${contextId}`,
      cards,
      isLive: cards.some(({ isUnderWay }) => isUnderWay),
    });
  }

  /** Progress, as it goes. */
  @Get('/imports/suivi')
  async follow(@Param('context') contextId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.access.visit(contextId, request, response);
    await streamImports(response, async () => {
      await this.access.visit(contextId, request, response);
      return this.stateOf(contextId);
    });
  }

  /** The same once, for browsers and networks that hold no stream. */
  @Get('/imports/etat')
  async state(
    @Param('context') contextId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    await this.access.visit(contextId, request, response);
    return this.stateOf(contextId);
  }

  @Get('/imports/:id')
  async objects(
    @Param() { context: contextId, id }: Record<'context' | 'id', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const view = await this.transfers.view(id, contextId);
    const failures = await this.transfers.failures([view]);
    const exam = await this.examOf(visit, view);
    response.render('exams/import-objects', {
      ...frame,
      title: importMessages.detail,
      banner: bannerView(visit.context),
      path: `/dossier/${contextId}`,
      card: importCard({ view, exam, failures: failures.get(id) ?? [] }, contextId, this.format),
      ...objectRows(await this.transfers.objects(id, contextId)),
    });
  }

  @Post('/imports/:id/arreter')
  async stop(
    @Param() { context: contextId, id }: Record<'context' | 'id', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.access.visit(contextId, request, response);
    await this.transfers.cancel(id, contextId);
    response.redirect(303, `/dossier/${contextId}/imports`);
  }

  @Post('/imports/:id/reprendre')
  async resume(
    @Param() { context: contextId, id }: Record<'context' | 'id', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const { examId, studyInstanceUid } = await this.transfers.view(id, contextId);
    const [selected] = await this.select(visit, [examId ?? '']);
    const same = (selected ? this.requestsFor(visit, selected, undefined) : []).find(
      ({ exam }) => exam.studyInstanceUid === studyInstanceUid,
    );
    if (same) await this.transfers.resume(id, same);
    response.redirect(303, `/dossier/${contextId}/imports`);
  }

  private async stateOf(contextId: string) {
    return { imports: (await this.transfers.list(contextId)).map(importState) };
  }

  /** A name for a card: an import is shown also while the record cannot be asked. */
  private examOf({ context, viewer }: PatientVisit, { examId }: TransferView) {
    if (examId === undefined) return Promise.resolve(undefined);
    return this.lists.exam(context, viewer, examId).catch((error: unknown) => {
      if (GatewayError.of(error)) return undefined;
      throw error;
    });
  }

  private select({ context, viewer }: PatientVisit, ids: readonly string[]): Promise<SelectedExam[]> {
    return Promise.all(ids.map((id) => this.selection.select(context.id, viewer, id)));
  }

  private async showChoice(
    { context }: PatientVisit,
    exams: readonly SelectedExam[],
    response: Response,
    needsConfirmation = false,
  ): Promise<void> {
    const isUsable = this.transfers.canBeWritten(context.patient.localId);
    const earlier = await this.transfers.list(context.id);
    const { destinations } = this.transfers;
    response.status(needsConfirmation ? 400 : 200).render('exams/import', {
      ...frame,
      title: importMessages.title,
      script: 'import.js',
      banner: bannerView(context),
      ...importChoiceView(
        { exams, contextId: context.id, destinations, earlier, isUsable, needsConfirmation },
        this.format,
      ),
    });
  }

  /** One import for each study of the exam; `series`: the chosen ones, of any exam. */
  private requestsFor(
    { context, viewer, acting }: PatientVisit,
    { manifest, patient, examId }: SelectedExam,
    series: readonly string[] | undefined,
  ): ImportRequest[] {
    const professional = { ...acting, situation: situationFor(context, viewer) };
    return manifest.studies.map((study) => ({
      exam: { contextId: context.id, professional, patient, manifest, studyInstanceUid: study.studyInstanceUid },
      examId,
      localId: patient.localId,
      seriesInstanceUids:
        series && study.series.map(({ seriesInstanceUid }) => seriesInstanceUid).filter((one) => series.includes(one)),
    }));
  }
}
