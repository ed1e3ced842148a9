import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../../platform/errors';
import { portalErrors } from '../portal.errors';

const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/** The mark that forms of this session carry (field `_csrf` or header `X-CSRF-Token`). */
export function csrfToken(request: Request): string {
  request.session.csrfSecret ??= randomBytes(18).toString('base64url');
  return createHmac('sha256', request.session.csrfSecret).update('form').digest('base64url');
}

function isValid(request: Request): boolean {
  if (!request.session.csrfSecret) return false;
  const body = request.body as { _csrf?: unknown } | undefined;
  const given = request.get('x-csrf-token') ?? body?._csrf;
  if (typeof given !== 'string') return false;
  const expected = Buffer.from(csrfToken(request));
  const received = Buffer.from(given);
  return received.length === expected.length && timingSafeEqual(received, expected);
}

/** Refuses a change that does not carry the session's mark. `exempt`: paths whose caller proves itself otherwise. */
export function csrfProtection(exempt: readonly string[]): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const passes = safeMethods.includes(request.method) || exempt.includes(request.path) || isValid(request);
    next(passes ? undefined : new GatewayError(portalErrors.csrfInvalid));
  };
}
