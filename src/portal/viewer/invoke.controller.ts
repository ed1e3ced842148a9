import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayError } from '../../platform/errors';
import { Access } from '../../platform/http';
import { grantCookie, PendingInvokes, readInvoke, viewerErrors, ViewerOpening } from '../../viewer';
import { PortalUser, userOf } from '../session/portal-user';
import { viewerMessages } from './messages';

/** The link that a report carries (IHE Invoke Image Display, RAD-106): from the link to the local study in the viewer. */
@Controller()
export class InvokeController {
  constructor(
    private readonly pending: PendingInvokes,
    private readonly opening: ViewerOpening,
  ) {}

  /** What the link says is kept here; from now on addresses show an opaque name only. */
  @Get('IHEInvokeImageDisplay')
  @Access('public')
  invoke(@Req() request: Request, @Res() response: Response): void {
    const query = new URLSearchParams(request.originalUrl.split('?', 2)[1] ?? '');
    const read = readInvoke(query);
    if (!read.ok) {
      throw new GatewayError(viewerErrors.invokeMalformed, { detail: `${read.parameter} ${read.reason}` });
    }
    const id = this.pending.keep(read.request);
    const isProfessional = userOf(request)?.provider === 'psc';
    response.redirect(303, `/images-du-compte-rendu/${id}${isProfessional ? '/professionnel' : ''}`);
  }

  @Get('images-du-compte-rendu/:id')
  @Access('public')
  landing(@Param('id') id: string, @Res() response: Response): void {
    if (!this.pending.has(id)) throw new GatewayError(viewerErrors.invokeExpired);
    const { invoke } = viewerMessages;
    response.render('viewer/invoke', { title: invoke.title, v: invoke, id });
  }

  @Get('images-du-compte-rendu/:id/professionnel')
  @Access('professional')
  async open(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const link = this.pending.take(id);
    const user = userOf(request) as PortalUser;
    const professional = { id: user.id, name: user.name };
    const { grant, key } = await this.opening.openLocal(link, { sessionId: request.sessionID, professional });
    response.append('Set-Cookie', grantCookie(grant.id, key));
    response.redirect(303, `/view/${grant.id}`);
  }

  /** Prepared, and refused: nothing of the study is looked at for a patient. */
  @Get('images-du-compte-rendu/:id/patient')
  @Access('public')
  patient(@Res() response: Response): void {
    const { patient } = viewerMessages;
    response.status(viewerErrors.patientAccess.status);
    response.render('viewer/patient', { title: patient.title, v: patient });
  }
}
