import { Controller, Get, HttpCode, Optional, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { situationFor } from '../../consumer/context';
import { ExamReports, ExamSelection, ExamUploads } from '../../consumer/exams';
import { GatewayError, platformErrors } from '../../platform/errors';
import { Access } from '../../platform/http';
import { parseDtm } from '../../standards/xds';
import { ScreenFormat } from '../screen/format';
import { ExamFailuresFilter } from './exam-failures.filter';
import { ExamImages } from './exam-images';
import { bannerView, examRow } from './exam-list.view';
import { examPageErrors } from './exam-pages.errors';
import { examMessages as m } from './exams.messages';
import { PatientAccess } from './patient-access';

const comparedMax = 2;

/** One exam opened: its report, its images, and exams brought as files. */
@Controller('/dossier/:context')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ExamDocumentsController {
  constructor(
    private readonly access: PatientAccess,
    private readonly reports: ExamReports,
    private readonly selection: ExamSelection,
    private readonly uploads: ExamUploads,
    private readonly format: ScreenFormat,
    @Optional() private readonly images?: ExamImages,
  ) {}

  /** The report below the patient's banner; the PDF itself is shown by the browser in a frame. */
  @Get('/examens/:exam/comptes-rendus/:report')
  async report(
    @Param() { context: contextId, exam: examId, report: reportId }: Record<'context' | 'exam' | 'report', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const { exam, document, title } = await this.reports.find(contextId, viewer, examId, reportId);
    const row = examRow(exam, contextId, this.format);
    response.render('exams/report', {
      title: m.report,
      style: 'exams.css',
      wide: true,
      m,
      banner: bannerView(context),
      path: `/dossier/${contextId}`,
      heading: title,
      row,
      pdf: `/dossier/${contextId}/examens/${exam.id}/comptes-rendus/${document.id}/pdf`,
      isReplaced: document.isReplaced,
      createdDay: this.format.day(parseDtm(document.createdAt ?? '')),
    });
  }

  @Get('/examens/:exam/comptes-rendus/:report/pdf')
  async pdf(
    @Param() { context: contextId, exam: examId, report: reportId }: Record<'context' | 'exam' | 'report', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { viewer } = await this.access.visit(contextId, request, response);
    const { pdf } = await this.reports.show(contextId, viewer, examId, reportId);
    response
      .type('application/pdf')
      .set('Content-Disposition', 'inline; filename="compte-rendu.pdf"')
      .set('X-Content-Type-Options', 'nosniff')
      .send(pdf);
  }

  @Get('/examens/:exam/images')
  show(
    @Param() { context: contextId, exam: examId }: Record<'context' | 'exam', string>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.openImages(contextId, [examId], request, response);
  }

  /** Two exams side by side: `examens=a,b`, as the list's form also sends `examens=a&examens=b`. */
  @Get('/comparaison')
  compare(
    @Param('context') contextId: string,
    @Query('examens') exams: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const wanted = (Array.isArray(exams) ? exams : [exams]).filter((one): one is string => typeof one === 'string');
    const ids = [...new Set(wanted.flatMap((text) => text.split(',')))];
    if (ids.length !== comparedMax) throw new GatewayError(platformErrors.badRequest, { detail: 'examens' });
    return this.openImages(contextId, ids, request, response);
  }

  /** A KOS file or an XDM archive, sent as bytes with the form mark in a header. */
  @Post('/fichiers')
  @HttpCode(201)
  async upload(
    @Param('context') contextId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const { viewer } = await this.access.visit(contextId, request, response);
    if (!/^application\/octet-stream\b/.test(request.get('content-type') ?? ''))
      throw new GatewayError(examPageErrors.uploadNoFile);
    const exams = await this.uploads.add(contextId, viewer, await bytesOf(request, this.uploads.bytesMax));
    return { exams: exams.map(({ id }) => id) };
  }

  private async openImages(contextId: string, examIds: readonly string[], request: Request, response: Response) {
    const { context, viewer, acting } = await this.access.visit(contextId, request, response);
    const exams = await Promise.all(examIds.map((examId) => this.selection.select(contextId, viewer, examId)));
    if (!this.images) throw new GatewayError(examPageErrors.imagesUnavailable);
    const opened = await this.images.open({
      exams,
      acting: { ...acting, situation: situationFor(context, viewer) },
      sessionId: request.sessionID,
      address: request.ip,
      returnPath: `/dossier/${contextId}`,
      reports: exams.flatMap(({ exam, examId, manifest }) =>
        exam.reports.slice(0, 1).map((report) => ({
          path: `/dossier/${contextId}/examens/${examId}/comptes-rendus/${report.id}/pdf`,
          date: manifest.studies[0]?.date,
        })),
      ),
    });
    for (const cookie of opened.cookies) response.append('Set-Cookie', cookie);
    response.redirect(303, opened.path);
  }
}

async function bytesOf(request: Request, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw new GatewayError(platformErrors.tooLarge);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
