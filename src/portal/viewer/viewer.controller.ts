import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ConfigOf } from '../../platform/config';
import { GatewayError, platformErrors } from '../../platform/errors';
import { Access } from '../../platform/http';
import { isUid, mayHoldPixelData } from '../../standards/dicom';
import { keyImageNotes, viewerConfig, ViewerFiles, ViewerGrant, ViewerGrants, viewerPolicy } from '../../viewer';
import { keyImagesView } from './key-images.view';
import { streamProgress } from './progress-stream';
import { shellView } from './shell.view';

/** The notes are small; a reader does not wait longer for them. */
const notesWaitMs = 10_000;

/** The page around the viewer: whose images these are, how far they are, and the viewer itself in a frame. */
@Controller()
@Access('professional')
export class ViewerController {
  constructor(
    @Inject(viewerConfig.token) private readonly config: ConfigOf<typeof viewerConfig>,
    private readonly grants: ViewerGrants,
    private readonly files: ViewerFiles,
  ) {}

  @Get('view/:grant')
  shell(@Param('grant') id: string, @Req() request: Request, @Res() response: Response): void {
    const grant = this.grants.ofSession(id, request.sessionID);
    const view = shellView(grant, {
      today: new Date(),
      use: this.config.diagnosticUse,
      early: this.files.early,
      isImage: mayHoldPixelData,
    });
    response.render('viewer/shell', { ...view, layout: false });
  }

  @Get('view/:grant/progress')
  progress(@Param('grant') id: string, @Req() request: Request, @Res() response: Response): void {
    streamProgress(this.grants.ofSession(id, request.sessionID), this.grants, response);
  }

  /** Key images of the studies, as far as they have arrived, and those the reader marked. */
  @Get('view/:grant/key-images')
  keyImages(@Param('grant') id: string, @Req() request: Request) {
    return keyImagesOf(this.grants.ofSession(id, request.sessionID));
  }

  /** `{ instance, marked }` */
  @Post('view/:grant/marks')
  @HttpCode(200)
  mark(
    @Param('grant') id: string,
    @Body('instance') sopInstanceUid: unknown,
    @Body('marked') isMarked: unknown,
    @Req() request: Request,
  ) {
    if (typeof sopInstanceUid !== 'string' || !isUid(sopInstanceUid) || typeof isMarked !== 'boolean')
      throw new GatewayError(platformErrors.badRequest, { detail: 'instance, marked' });
    return keyImagesOf(this.grants.mark(id, request.sessionID, { sopInstanceUid, isMarked }));
  }

  /** The reader is at work on images that are all here: the session is not idle. Its cookie is renewed with every answer. */
  @Post('view/:grant/presence')
  @HttpCode(204)
  presence(@Param('grant') id: string, @Req() request: Request): void {
    this.grants.ofSession(id, request.sessionID);
  }

  /** What was given up is asked for once more; each series fetched then leaves its record in the trail. */
  @Post('view/:grant/retry')
  @HttpCode(204)
  retry(@Param('grant') id: string, @Req() request: Request): void {
    for (const source of this.grants.ofSession(id, request.sessionID).sources.values()) source.retry();
  }

  /** "Fermer": the grant ends at once, and one goes back to where it was opened. */
  @Post('view/:grant/close')
  close(@Param('grant') id: string, @Req() request: Request, @Res() response: Response): void {
    response.redirect(303, this.grants.end(id, request.sessionID)?.returnPath ?? '/');
  }

  /** What a page may fetch before the viewer is opened; addresses only. */
  @Get('view-files')
  early(@Res() response: Response): void {
    response.json(this.files.early);
  }

  /** OHIF's page, whatever its own route is; only with a grant of this session. */
  @Get('viewer/basic')
  frame(@Query('grant') id: unknown, @Req() request: Request, @Res() response: Response): void {
    this.grants.ofSession(typeof id === 'string' ? id : '', request.sessionID);
    response.set('Content-Security-Policy', viewerPolicy);
    response.type('html').send(this.files.page);
  }
}

async function keyImagesOf(grant: ViewerGrant) {
  const signal = AbortSignal.timeout(notesWaitMs);
  const notes = await Promise.all([...grant.sources.values()].map((source) => keyImageNotes(source, signal)));
  return keyImagesView(grant, notes.flat());
}
