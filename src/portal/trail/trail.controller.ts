import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail, cutAt, ExportNote, lineTable, seenTable, TrailQueries, viewingTable } from '../../audit';
import { Access } from '../../platform/http';
import { ScreenFormat } from '../screen/format';
import { userOf } from '../session/portal-user';
import { ExportFormat, exportLinesMax, exportRows } from './trail-export';
import { trailMessages } from './trail.messages';
import { choices, lineView, searchOf, seenView, TrailForm, trailForm, viewingView } from './trail.view';

const pageSize = 100;
/** Answers of one question on the page; a file holds all of them. */
const groupsMax = 1_000;
type Fields = Record<string, unknown>;

/** The trail for auditors: search, the two questions of every inquiry, exports. Each consultation is recorded in it. */
@Controller('/journal')
@Access('auditor', 'administrator')
export class TrailController {
  constructor(
    private readonly trail: TrailQueries,
    private readonly audit: AuditTrail,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  page(@Query() query: Fields, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.show(trailForm(query, false), request, response);
  }

  /** Searches are posted: identifiers of people never stand in an address. */
  @Post()
  @HttpCode(200)
  search(@Body() body: Fields | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.show(trailForm(body ?? {}, true), request, response);
  }

  @Post('/patient')
  @HttpCode(200)
  async whoSaw(@Body() body: Fields | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    const form = trailForm({ ...body, actes: 'acces' }, true);
    await this.record(request, `who-saw-patient${suffixOf(body)}`, form);
    const { from, to } = searchOf(form, this.format);
    const file = fileAsked(body);
    const viewings = await this.trail.whoSaw({ from, to, patientMatricule: form.patient }, pageLimit(file));
    if (file) return exportRows(response, file, viewingTable, [...viewings, ...(await this.notes(from))]);
    await this.render(response, form, {
      question: 'patient',
      heading: trailMessages.whoSawTitle,
      viewings: viewings.slice(0, groupsMax).map(viewingView),
      hasAnswer: viewings.length > 0,
      isCut: viewings.length > groupsMax,
    });
  }

  @Post('/professionnel')
  @HttpCode(200)
  async seenBy(@Body() body: Fields | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    const form = trailForm({ ...body, actes: 'acces' }, true);
    await this.record(request, `seen-by-professional${suffixOf(body)}`, form);
    const { from, to } = searchOf(form, this.format);
    const file = fileAsked(body);
    const seen = await this.trail.seenBy({ from, to, professionalId: form.professional }, pageLimit(file));
    if (file) return exportRows(response, file, seenTable, [...seen, ...(await this.notes(from))]);
    await this.render(response, form, {
      question: 'professionnel',
      heading: trailMessages.seenByTitle,
      seen: seen.slice(0, groupsMax).map(seenView),
      hasAnswer: seen.length > 0,
      isCut: seen.length > groupsMax,
    });
  }

  @Post('/export.csv')
  @HttpCode(200)
  csv(@Body() body: Fields | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.export(body, 'csv', request, response);
  }

  @Post('/export.json')
  @HttpCode(200)
  json(@Body() body: Fields | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.export(body, 'json', request, response);
  }

  private async export(
    body: Fields | undefined,
    format: ExportFormat,
    request: Request,
    response: Response,
  ): Promise<void> {
    const form = trailForm(body ?? {}, true);
    await this.record(request, `export-${format}`, form);
    const search = searchOf(form, this.format);
    const lines = cutAt(this.trail.all(search, exportLinesMax + 1), exportLinesMax, trailMessages.cutFile);
    await exportRows(response, format, lineTable, followed(lines, await this.notes(search.from)));
  }

  private async show(form: TrailForm, request: Request, response: Response): Promise<void> {
    await this.record(request, 'search', form);
    const lines = await this.trail.search({ ...searchOf(form, this.format), limit: pageSize + 1 });
    const shown = lines.slice(0, pageSize);
    await this.render(response, form, {
      lines: shown.map(lineView),
      isSearch: true,
      older: lines.length > pageSize ? shown.at(-1)?.id : undefined,
    });
  }

  /** What a file has to say when its period begins before the database's. */
  private async notes(from: Date | undefined): Promise<ExportNote[]> {
    const until = await this.archivedAfter(from);
    if (!until) return [];
    const { archivedUntil, archivedElsewhere } = trailMessages;
    return [{ note: `${archivedUntil} ${this.format.moment(until)}. ${archivedElsewhere}` }];
  }

  /** Where the database begins, when the period that is asked for begins earlier. */
  private async archivedAfter(from: Date | undefined): Promise<Date | undefined> {
    const until = await this.trail.archivedUntil();
    return until && (!from || from < until) ? until : undefined;
  }

  private async render(response: Response, form: TrailForm, content: object): Promise<void> {
    const { before: _before, ...typed } = form;
    const archivedUntil = await this.archivedAfter(this.format.beginningOf(form.from));
    response.render('trail/trail', {
      title: trailMessages.title,
      m: trailMessages,
      form,
      archivedUntil,
      isFiltered: Object.values(typed).some((value) => value !== ''),
      ...choices(form),
      ...content,
    });
  }

  private record(request: Request, question: string, form: TrailForm): Promise<void> {
    const user = userOf(request);
    return this.audit.record({
      kind: 'portal.trail-consulted',
      outcome: 'success',
      actor: { professionalId: user?.id, professionalName: user?.name, address: request.ip },
      studyInstanceUid: form.study || undefined,
      facts: {
        question,
        ...(form.patient ? { patient: form.patient } : {}),
        ...(form.professional ? { professional: form.professional } : {}),
      },
    });
  }
}

/** The answer to a question may be taken away as a file. */
function fileAsked(body: Fields | undefined): ExportFormat | undefined {
  const format = body?.format;
  return format === 'csv' || format === 'json' ? format : undefined;
}

/** One more than the page shows, so that it can say that there are more; a file has no limit. */
const pageLimit = (file: ExportFormat | undefined): number | undefined => (file ? undefined : groupsMax + 1);

async function* followed<T>(rows: AsyncIterable<T>, more: readonly T[]): AsyncGenerator<T> {
  yield* rows;
  yield* more;
}

/** What was taken away is told apart from what was looked at. */
function suffixOf(body: Fields | undefined): string {
  const file = fileAsked(body);
  return file ? `-export-${file}` : '';
}
