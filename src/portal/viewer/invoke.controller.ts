import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayError } from '../../platform/errors';
import { Access } from '../../platform/http';
import { grantCookie, PendingInvokes, readInvoke, viewerErrors, ViewerOpening } from '../../viewer';
import { ProfessionalSessions } from '../login';
import { PortalUser, userOf } from '../session/portal-user';
import { viewerMessages } from './messages';

/** The link that a report carries (IHE Invoke Image Display, RAD-106): from the link to the local study in the viewer. */
@Controller()
export class InvokeController {
  constructor(
    private readonly pending: PendingInvokes,
    private readonly opening: ViewerOpening,
    private readonly professionals: ProfessionalSessions,
  ) {}

  /** What the link says is kept here; from now on addresses show an opaque name only. */
  @Get('IHEInvokeImageDisplay')
  @Access('public')
  async invoke(@Req() request: Request, @Res() response: Response): Promise<void> {
    const query = new URLSearchParams(request.originalUrl.split('?', 2)[1] ?? '');
    const read = readInvoke(query);
    if (!read.ok) {
      const error = new GatewayError(viewerErrors.invokeMalformed, { detail: `${read.parameter} ${read.reason}` });
      throw await this.recorded(error, request);
    }
    const id = this.pending.keep(read.request);
    const isProfessional = userOf(request)?.provider === 'psc';
    response.redirect(303, `/images-du-compte-rendu/${id}${isProfessional ? '/professionnel' : ''}`);
  }

  @Get('images-du-compte-rendu/:id')
  @Access('public')
  async landing(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    if (!this.pending.has(id)) throw await this.recorded(new GatewayError(viewerErrors.invokeExpired), request);
    const { invoke } = viewerMessages;
    response.render('viewer/invoke', { title: invoke.title, v: invoke, id });
  }

  @Get('images-du-compte-rendu/:id/professionnel')
  @Access('professional')
  async open(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    // Before the link is taken: whoever has to choose a situation first comes back to it.
    const { situation } = await this.professionals.inSituation(request);
    if (!this.pending.has(id))
      throw await this.recorded(new GatewayError(viewerErrors.invokeExpired), request, situation.structureId);
    const link = this.pending.take(id);
    const { id: professionalId, name } = userOf(request) as PortalUser;
    const professional = { id: professionalId, name, structureId: situation.structureId, address: request.ip };
    const { grant, key } = await this.opening.openLocal(link, { sessionId: request.sessionID, professional });
    response.append('Set-Cookie', grantCookie(grant.id, key));
    response.redirect(303, `/view/${grant.id}`);
  }

  /** Prepared, and refused: nothing of the study is looked at for a patient. */
  @Get('images-du-compte-rendu/:id/patient')
  @Access('public')
  async patient(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.recorded(new GatewayError(viewerErrors.patientAccess), request);
    const { patient } = viewerMessages;
    response.status(viewerErrors.patientAccess.status);
    response.render('viewer/patient', { title: patient.title, v: patient });
  }

  /** A refusal before anything was looked for, with who asked as far as it is known. */
  private async recorded(error: GatewayError, request: Request, structureId?: string): Promise<GatewayError> {
    const user = userOf(request);
    const actor = { professionalId: user?.id, professionalName: user?.name, structureId, address: request.ip };
    await this.opening.linkRefused(error, actor);
    return error;
  }
}
