import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Param, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ArchiveExports, exportedExamsMax } from '../../../consumer/transfer';
import { Access } from '../../../platform/http';
import { ExamFailuresFilter } from '../exam-failures.filter';
import { chosenExams } from '../imports/chosen-exams';
import { PatientAccess } from '../patient-access';

/** Chosen exams as an XDM archive: manifests, reports and their metadata. */
@Controller('/dossier/:context')
@Access('professional')
@UseFilters(ExamFailuresFilter)
export class ArchiveController {
  constructor(
    private readonly access: PatientAccess,
    private readonly archives: ArchiveExports,
  ) {}

  @Get('/archive')
  async export(
    @Param('context') contextId: string,
    @Query('examens') exams: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { context, viewer } = await this.access.visit(contextId, request, response);
    const examIds = chosenExams(exams, exportedExamsMax);
    const { fileName, content } = await this.archives.export({ context, viewer, examIds });
    response
      .type('application/zip')
      .set('Content-Disposition', `attachment; filename="${fileName}"`)
      .set('X-Content-Type-Options', 'nosniff');
    // A reader who leaves ends it; an archive that is cut has no directory and does not look whole.
    await pipeline(Readable.from(content), response).catch(() => response.destroy());
  }
}
