import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { ConfigOf } from '../../platform/config';
import { GatewayError, platformErrors } from '../../platform/errors';
import { RateLimiter } from '../../platform/http';
import { counter } from '../../platform/metrics';
import type { portalConfig } from '../portal.config';
import { userOf } from '../session/portal-user';

/** Many small requests by nature; they have limits of their own. */
const uncounted = /^\/(static|viewer|dicomweb)\//;
const login = /^\/(login(\/(callback|admin(\/callback)?))?|contextual-call|IHEInvokeImageDisplay)\/?$/i;

const refusals = counter('portal_rate_limited_total', 'Requests of the portal refused by a rate limit', ['limit']);

function holdTo(name: string, limiter: RateLimiter, caller: string): void {
  const seconds = limiter.take(caller);
  if (seconds === 0) return;
  refusals.inc({ limit: name });
  throw new GatewayError(platformErrors.tooManyRequests, { detail: name, retryAfterSeconds: seconds });
}

/** Before the session is read: pages for each address, and the beginnings of a login apart. */
export function addressLimits(config: ConfigOf<typeof portalConfig>): RequestHandler {
  const pages = limiterOf(config.requestsPerMinute);
  const logins = limiterOf(config.loginsPerMinute);
  return (request: Request, _response: Response, next: NextFunction) => {
    const address = request.ip ?? 'unknown';
    if (login.test(request.path)) holdTo('logins', logins, address);
    else if (!uncounted.test(request.path)) holdTo('pages', pages, address);
    next();
  };
}

/** After the session is read: forms of each user. */
export function formLimits(config: ConfigOf<typeof portalConfig>): RequestHandler {
  const forms = limiterOf(config.formsPerMinute);
  return (request: Request, _response: Response, next: NextFunction) => {
    const user = userOf(request);
    const isForm = request.method !== 'GET' && request.method !== 'HEAD' && !uncounted.test(request.path);
    if (user && isForm) holdTo('forms', forms, `${user.provider} ${user.id}`);
    next();
  };
}

/** Half a minute's worth may come at once. */
function limiterOf(perMinute: number): RateLimiter {
  return new RateLimiter({ perMinute, burst: Math.max(5, Math.ceil(perMinute / 2)) });
}
