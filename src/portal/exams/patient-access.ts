import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ActingProfessional } from '../../connectors/psc';
import { PatientContexts, type PatientContext, type Viewer } from '../../consumer/context';
import { ProfessionalSessions } from '../login';

export interface PatientVisit {
  readonly context: PatientContext;
  readonly viewer: Viewer;
  readonly acting: ActingProfessional;
}

/** Which patient a request is about, for whom: from the address and the session, never from a "current patient". */
@Injectable()
export class PatientAccess {
  constructor(
    private readonly professionals: ProfessionalSessions,
    private readonly contexts: PatientContexts,
  ) {}

  /** The professional of the session, as the exams want to know them. */
  async viewer(request: Request): Promise<{ viewer: Viewer; acting: ActingProfessional }> {
    const acting = await this.professionals.of(request);
    const { loggedInAt } = request.session;
    return { acting, viewer: { ...acting, loggedInAt: loggedInAt === undefined ? undefined : new Date(loggedInAt) } };
  }

  /** @throws GatewayError `portal.login-required`, `context.not-open` */
  async visit(contextId: string, request: Request, response: Response): Promise<PatientVisit> {
    const { viewer, acting } = await this.viewer(request);
    const context = await this.contexts.get(contextId, viewer);
    response.locals.patientContext = context;
    return { context, viewer, acting };
  }
}
