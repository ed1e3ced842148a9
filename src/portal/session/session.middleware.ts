import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { DataSource } from 'typeorm';
import type { ConfigOf } from '../../platform/config';
import type { portalConfig } from '../portal.config';
import { sessionSecret } from './session-secret';
import { sessionStore } from './session.store';
import './portal-user';

export const sessionCookie = '__Host-drimbox';

/** Sessions that are older than the absolute limit count for nothing, whatever their activity; `SessionWatch` removes and records them. */
function endOldSessions(hoursMax: number): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const { loggedInAt } = request.session;
    if (loggedInAt !== undefined && Date.now() - loggedInAt > hoursMax * 3_600_000)
      request.sessionStore.generate(request);
    next();
  };
}

/** Server-side sessions; the cookie is bound to this host, unreadable by scripts and not sent by other sites' requests. */
export function sessionMiddlewares(
  config: ConfigOf<typeof portalConfig>,
  dataDir: string,
  dataSource: DataSource,
): RequestHandler[] {
  const secret = sessionSecret(config.sessionSecretFile, dataDir);
  const sessions = session({
    name: sessionCookie,
    secret,
    store: sessionStore(dataSource),
    resave: false,
    saveUninitialized: false,
    rolling: true,
    proxy: true,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: config.sessionIdleMinutes * 60_000 },
  });
  return [sessions, endOldSessions(config.sessionHoursMax)];
}
