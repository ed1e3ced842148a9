import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { logFailure, RawRoute, sendProblem, toGatewayError } from '../../platform/http';
import { correlationId, Logger, newCorrelationId } from '../../platform/logging';

const logger = new Logger('viewer');

async function serve(route: RawRoute, request: Request, response: Response): Promise<void> {
  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort();
  });
  const id = correlationId() ?? newCorrelationId();
  try {
    await route.handle({ request, response, path: request.path, correlationId: id, signal: left.signal });
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (left.signal.aborted) return;
    logFailure(logger, error);
    sendProblem(response, error, id);
  }
}

/** Serves raw routes on the portal's own port, before sessions: the handlers check the caller themselves. */
export function rawRoutes(routes: readonly RawRoute[]): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const route = routes.find((each) => each.matches(request.path) && each.method === request.method);
    if (route) void serve(route, request, response);
    else next();
  };
}
