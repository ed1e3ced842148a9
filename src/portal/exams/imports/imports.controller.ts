import { Controller, Get, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ExamLists } from '../../../consumer/exams';
import { Transfers, type TransferView } from '../../../consumer/transfer';
import { GatewayError } from '../../../platform/errors';
import { Access } from '../../../platform/http';
import { ScreenFormat } from '../../screen/format';
import { ExamFailuresFilter } from '../exam-failures.filter';
import { bannerView } from '../exam-list.view';
import { PatientAccess, type PatientVisit } from '../patient-access';
import { ImportRequests } from './import-requests';
import { importMessages, importPage } from './imports.messages';
import { streamImports } from './imports-stream';
import { importCard, importState, objectRows } from './imports.view';

/** Imports of this patient into the local PACS: progress, what became of each image, stop, resume. */
@Controller('/dossier/:context/imports')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ImportsController {
  constructor(
    private readonly access: PatientAccess,
    private readonly lists: ExamLists,
    private readonly requests: ImportRequests,
    private readonly transfers: Transfers,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
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
      ...importPage,
      title: importMessages.listTitle,
      script: 'imports.js',
      banner: bannerView(visit.context),
      path: `/dossier/${contextId}`,
      cards,
      isLive: cards.some(({ isUnderWay }) => isUnderWay),
    });
  }

  /** Progress, as it goes. */
  @Get('/suivi')
  async follow(@Param('context') contextId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.access.visit(contextId, request, response);
    await streamImports(response, async () => {
      await this.access.visit(contextId, request, response);
      return this.stateOf(contextId);
    });
  }

  /** The same once, for browsers and networks that hold no stream. */
  @Get('/etat')
  async state(
    @Param('context') contextId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    await this.access.visit(contextId, request, response);
    return this.stateOf(contextId);
  }

  @Get('/:id')
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
      ...importPage,
      title: importMessages.detail,
      banner: bannerView(visit.context),
      path: `/dossier/${contextId}`,
      card: importCard({ view, exam, failures: failures.get(id) ?? [] }, contextId, this.format),
      ...objectRows(await this.transfers.objects(id, contextId)),
    });
  }

  @Post('/:id/arreter')
  async stop(
    @Param() { context: contextId, id }: Record<'context' | 'id', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.access.visit(contextId, request, response);
    await this.transfers.cancel(id, contextId);
    response.redirect(303, `/dossier/${contextId}/imports`);
  }

  @Post('/:id/reprendre')
  async resume(
    @Param() { context: contextId, id }: Record<'context' | 'id', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const visit = await this.access.visit(contextId, request, response);
    const { examId, studyInstanceUid } = await this.transfers.view(id, contextId);
    const [selected] = await this.requests.select(visit, [examId ?? '']);
    const same = (selected ? this.requests.of(visit, selected) : []).find(
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
}
