import { ArgumentsHost, Catch, ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { pscErrors } from '../../connectors/psc';
import { GatewayError, platformErrors } from '../../platform/errors';
import { logFailure, sendProblem, toGatewayError } from '../../platform/http';
import { correlationId, Logger, newCorrelationId } from '../../platform/logging';
import { nextPath } from '../login';
import { portalErrors } from '../portal.errors';

function fromFramework(error: HttpException): GatewayError {
  const status = error.getStatus();
  const entry =
    status === 404
      ? platformErrors.notFound
      : status === 403
        ? platformErrors.forbidden
        : status === 413
          ? platformErrors.tooLarge
          : status === 429
            ? platformErrors.tooManyRequests
            : status < 500
              ? platformErrors.badRequest
              : platformErrors.internal;
  return new GatewayError(entry, { cause: error });
}

/** Body parsers throw errors with a `status` of their own. */
function fromParser(error: unknown): unknown {
  const status = (error as { status?: unknown } | undefined)?.status;
  if (error instanceof GatewayError || typeof status !== 'number') return error;
  return new GatewayError(
    status === 413 ? platformErrors.tooLarge : status < 500 ? platformErrors.badRequest : platformErrors.internal,
    { cause: error },
  );
}

/** Failures that a page of ours can mend; the browser comes back afterwards. */
const pageInstead = new Map<string, string>([
  [portalErrors.loginRequired.code, '/login'],
  [pscErrors.sessionEnded.code, '/login'],
  [pscErrors.tokenInactive.code, '/login'],
  [portalErrors.situationRequired.code, '/login/situation'],
]);

/** The outermost handler of the portal: one log line, then a French page or a problem, as the caller accepts. */
@Catch()
export class FailureFilter implements ExceptionFilter {
  private readonly logger = new Logger('portal');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = thrown instanceof HttpException ? fromFramework(thrown) : toGatewayError(fromParser(thrown));
    const id = correlationId() ?? newCorrelationId();
    logFailure(this.logger, error);
    const wantsPage = request.accepts(['json', 'html']) === 'html' && !response.headersSent;
    if (!wantsPage) {
      sendProblem(response, error, id);
      return;
    }
    const instead = request.method === 'GET' ? pageInstead.get(error.code) : undefined;
    if (instead) {
      response.redirect(303, `${instead}?next=${encodeURIComponent(nextPath(request.originalUrl))}`);
      return;
    }
    response.status(error.entry.status).set('X-Correlation-Id', id);
    if (error.retryAfterSeconds !== undefined) response.set('Retry-After', String(Math.ceil(error.retryAfterSeconds)));
    response.render('failure', {
      title: 'Erreur',
      message: error.entry.screen ?? platformErrors.internal.screen,
      code: error.code,
      correlationId: id,
    });
  }
}
