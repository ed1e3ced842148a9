import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { actorOf, contextConfig, PatientContexts, situationFor } from '../../consumer/context';
import { ExamLists, ExamSelection } from '../../consumer/exams';
import { Transfers } from '../../consumer/transfer';
import type { ConfigOf } from '../../platform/config';
import { GatewayError, platformErrors } from '../../platform/errors';
import { Access } from '../../platform/http';
import { portalErrors } from '../portal.errors';
import { ScreenFormat } from '../screen/format';
import { entryPath, listPath } from './entry-path';
import { ExamFailuresFilter } from './exam-failures.filter';
import { bannerView, listView } from './exam-list.view';
import { examMessages as m } from './exams.messages';
import { filterForm, filtersOf } from './filter-form';
import { PatientAccess } from './patient-access';

const countsMax = 20;

/** The patient's exams: list, filters, work situation, counts of series and images as they are looked at. */
@Controller('/dossier/:context')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ExamsController {
  constructor(
    @Inject(contextConfig.token) private readonly calls: ConfigOf<typeof contextConfig>,
    private readonly access: PatientAccess,
    private readonly contexts: PatientContexts,
    private readonly lists: ExamLists,
    private readonly selection: ExamSelection,
    private readonly transfers: Transfers,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  async list(
    @Param('context') contextId: string,
    @Query() query: Record<string, unknown>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const form = filterForm(query);
    const filters = filtersOf(form, this.format.timeZone);
    const list = await this.lists.list(context, viewer, filters);
    response.render('exams/list', {
      title: m.title,
      style: 'exams.css',
      script: 'exams.js',
      scripts: ['viewer-warm.js'],
      wide: true,
      m,
      banner: bannerView(context, list.further),
      actingFor: situationFor(context, viewer)?.structureName,
      mayChange: viewer.situations.length > 1,
      imports: (await this.transfers.list(context.id)).length,
      askedAt: this.format.moment(list.at).slice(11, 16),
      ...listView(context, { list, form, filters }, this.format),
    });
  }

  /** The exam that the call names, in the viewer when there is no doubt about it; else the list, which says what is the matter. */
  @Get('/examen-demande')
  async wanted(@Param('context') contextId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const exam = await this.lists.wantedExam(context, viewer);
    response.redirect(303, exam ? `/dossier/${context.id}/examens/${exam.id}/images` : listPath(context));
  }

  /** Asks the record again. */
  @Post('/actualiser')
  async refresh(
    @Param('context') contextId: string,
    @Query() query: Record<string, unknown>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context } = await this.access.visit(contextId, request, response);
    this.lists.forget(context.id);
    const pairs = Object.entries(filterForm(query)).filter((pair): pair is [string, string] => Boolean(pair[1]));
    response.redirect(
      303,
      `/dossier/${context.id}${pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : ''}`,
    );
  }

  /** Series and images of the exams that are on the screen, read from their manifests. */
  @Post('/comptes')
  @HttpCode(200)
  async counts(
    @Param('context') contextId: string,
    @Body('exams') exams: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const { viewer } = await this.access.visit(contextId, request, response);
    if (!Array.isArray(exams) || exams.length > countsMax || !exams.every((one) => typeof one === 'string'))
      throw new GatewayError(platformErrors.badRequest, { detail: 'exams' });
    const counts = await this.selection.counts(contextId, viewer, exams);
    return {
      counts: counts.map((count) =>
        'error' in count
          ? { exam: count.examId, code: count.error.code, message: count.error.entry.screen }
          : {
              exam: count.examId,
              series: count.series,
              images: count.images,
              modalities: count.modalities,
              description: count.description,
            },
      ),
    };
  }

  @Get('/situation')
  async situations(
    @Param('context') contextId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const current = situationFor(context, viewer);
    const isForeign = context.situationId !== undefined && !current && viewer.situations.length > 0;
    response.render('exams/situation', {
      title: m.situationTitle,
      style: 'exams.css',
      m,
      banner: bannerView(context),
      path: `/dossier/${context.id}`,
      notice: isForeign ? m.situationNotYours : undefined,
      situations: viewer.situations.map((one, index) => ({
        ...one,
        number: index,
        checked: current ? one.structureId === current.structureId : index === 0,
      })),
    });
  }

  @Post('/situation')
  async chooseSituation(
    @Param('context') contextId: string,
    @Body('structure') structure: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const chosen = await this.contexts.chooseSituation(
      context.id,
      viewer,
      typeof structure === 'string' ? structure : '',
    );
    if (!chosen) throw new GatewayError(portalErrors.situationUnknown);
    const isEntry = situationFor(context, viewer) === undefined;
    response.redirect(303, isEntry ? entryPath(context, this.calls.opensExam) : `/dossier/${context.id}`);
  }

  /** Ends this patient here: list, manifests and images kept for it go. */
  @Post('/fermer')
  async close(@Param('context') contextId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const actor = actorOf(viewer, situationFor(context, viewer)?.structureId);
    await this.contexts.close(
      viewer.loginId,
      { actor: { ...actor, address: request.ip }, reason: 'asked' },
      context.id,
    );
    response.redirect(303, '/dossiers');
  }
}
