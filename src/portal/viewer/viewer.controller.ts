import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ConfigOf } from '../../platform/config';
import { Access } from '../../platform/http';
import { mayHoldPixelData } from '../../standards/dicom';
import { viewerConfig, ViewerFiles, ViewerGrants, viewerPolicy } from '../../viewer';
import { streamProgress } from './progress-stream';
import { shellView } from './shell.view';

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
    streamProgress(this.grants.ofSession(id, request.sessionID), this.grants, request, response);
  }

  @Post('view/:grant/close')
  close(@Param('grant') id: string, @Req() request: Request, @Res() response: Response): void {
    const { returnPath } = this.grants.ofSession(id, request.sessionID);
    this.grants.close(id);
    response.redirect(303, returnPath ?? '/');
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
