import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AuditActor } from '../../audit';
import { Access } from '../../platform/http';
import { PublicationQueries } from '../../source/publication';
import { ScreenFormat } from '../screen/format';
import { pageNumber, paging } from '../screen/paging';
import { userOf } from '../session/portal-user';
import { publicationMessages } from './publications.messages';
import { detailOf, progressTiles, rowOf, SearchForm, searchForm, stateOptions, statesOf } from './publications.view';

const pageSize = 50;

/** What becomes of each report: search, history, another try. */
@Controller('/publications')
@Access('operator', 'administrator')
export class PublicationsController {
  constructor(
    private readonly publications: PublicationQueries,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  list(@Query() query: Record<string, unknown>, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.show({ request, response }, searchForm(query, false), pageNumber(query.page));
  }

  /** A search by words is posted: they may be a patient's name, which never stands in an address. */
  @Post()
  @HttpCode(200)
  search(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.show({ request, response }, searchForm(body ?? {}, true), pageNumber(body?.page));
  }

  /** The tiles alone, for the page that renews them. */
  @Get('/progression')
  async progress(@Res() response: Response): Promise<void> {
    response.render('partials/publication-progress', { layout: false, m: publicationMessages, ...(await this.day()) });
  }

  @Get('/:id')
  async detail(@Param('id') id: string, @Query('fait') done: unknown, @Res() response: Response): Promise<void> {
    const publication = detailOf(await this.publications.show(id));
    response.render('publications/detail', {
      title: `${publicationMessages.detail} ${publication.id}`,
      m: publicationMessages,
      publication,
      isRetried: done === 'relance',
    });
  }

  @Post('/:id/relance')
  async retry(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.publications.retry(id, actorOf(request));
    response.redirect(303, `/publications/${id}?fait=relance`);
  }

  private async show(
    { request, response }: { request: Request; response: Response },
    form: SearchForm,
    page: number,
  ): Promise<void> {
    const search = {
      states: statesOf(form),
      from: this.format.beginningOf(form.from),
      to: this.format.beginningOf(form.to, 1),
      accessionNumber: form.accession || undefined,
      studyInstanceUid: form.study || undefined,
      text: form.text || undefined,
      limit: pageSize,
      offset: (page - 1) * pageSize,
    };
    const found = await this.publications.search(search, actorOf(request));
    response.render('publications/list', {
      title: publicationMessages.title,
      script: 'refresh.js',
      m: publicationMessages,
      form,
      isFiltered: Object.values(form).some((value) => value !== ''),
      states: stateOptions(form),
      items: found.items.map(rowOf),
      paging: paging(found.total, page, pageSize),
      ...(await this.day()),
    });
  }

  private async day() {
    const now = new Date();
    const progress = await this.publications.progress(now);
    return {
      tiles: progressTiles(progress, this.format.isoDayOf(now)),
      medianMs: progress.medianSeconds === undefined ? undefined : progress.medianSeconds * 1_000,
      now,
    };
  }
}

function actorOf(request: Request): AuditActor {
  const user = userOf(request);
  return { professionalId: user?.id, professionalName: user?.name, address: request.ip };
}
