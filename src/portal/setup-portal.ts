import { dirname, join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { NextFunction, Request, RequestHandler, Response } from 'express';
import hbs from 'hbs';
import helmet from 'helmet';
import { DataSource } from 'typeorm';
import { AlarmWatch } from '../audit/alarms';
import type { ConfigOf } from '../platform/config';
import { acceptCorrelationId, runWithCorrelation } from '../platform/logging';
import { persistenceConfig } from '../platform/persistence';
import { CallRefusals } from '../consumer/context';
import { csrfProtection, csrfToken } from './access/csrf';
import { addressLimits, formLimits } from './access/rate-limits';
import { portalConfig } from './portal.config';
import { callerOf, isContextualCall } from './exams';
import { registerFormats, ScreenFormat } from './screen/format';
import { menuOf } from './screen/menu';
import { messages } from './screen/messages';
import { alarmNotice } from './service/service.view';
import { userOf } from './session/portal-user';
import { sessionMiddlewares } from './session/session.middleware';
import { mountViewer } from './viewer';

/** Form fields of a contextual call and of the pages: all small. */
const formBytesMax = '64kb';

/** Paths that other programs post to: they prove themselves in the request and have no session. */
const withoutCsrf = ['/contextual-call', '/login/backchannel-logout'];

/** What every answer of the portal says to the browser. The viewer has its own policy below `/viewer/`. */
function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        frameSrc: ["'self'"],
        objectSrc: ["'none'"],
        formAction: ["'self'", 'https:'],
        frameAncestors: ["'self'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: { maxAge: 31_536_000 },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginEmbedderPolicy: false,
  });
}

function correlate(request: Request, response: Response, next: NextFunction): void {
  const id = acceptCorrelationId(request.get('x-correlation-id'));
  response.set('X-Correlation-Id', id);
  response.set('Cache-Control', 'no-store');
  runWithCorrelation(id, next);
}

/** What every view may use: the user, the form mark, the texts, the alarms that stand. */
function viewLocals(alarms: AlarmWatch) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const user = userOf(request);
    response.locals.user = user;
    response.locals.situationName = request.session.situationName;
    response.locals.csrf = user ? csrfToken(request) : undefined;
    response.locals.menu = menuOf(user, request.path);
    response.locals.alarmNotice = alarmNotice(user, alarms.active(), request.path);
    response.locals.path = request.path;
    next();
  };
}

function setupViews(app: NestExpressApplication): void {
  const web = join(__dirname, 'web');
  app.setBaseViewsDir(join(web, 'views'));
  app.setViewEngine('hbs');
  app.set('view options', { layout: 'layout' });
  app.setLocal('t', messages);
  hbs.registerPartials(join(web, 'views', 'partials'));
  hbs.registerHelper('eq', (a: unknown, b: unknown) => a === b);
  registerFormats(app.get(ScreenFormat));
  hbs.registerHelper('json', (value: unknown) => JSON.stringify(value));
  const cached = {
    setHeaders: (response: { setHeader(name: string, value: string): unknown }) =>
      response.setHeader('Cache-Control', 'public, max-age=3600'),
  };
  app.useStaticAssets(join(web, 'static'), { prefix: '/static/', ...cached });
  // Browsers ask for it beside every answer that is not one of our pages: a report, a file, the viewer.
  app.use(
    '/favicon.ico',
    express.static(join(web, 'static', 'mark.svg'), { index: false, redirect: false, ...cached }),
  );
  // The chart library as its package ships it, and nothing else of that folder.
  const charts = join(dirname(require.resolve('chart.js')), 'chart.umd.js');
  app.use('/static/vendor/chart.umd.js', express.static(charts, { index: false, redirect: false, ...cached }));
}

/** Everything that stands before the controllers: headers, correlation, limits, sessions, form marks, views. */
export function setupPortal(app: NestExpressApplication): void {
  const config = app.get<ConfigOf<typeof portalConfig>>(portalConfig.token);
  const { dataDir } = app.get<ConfigOf<typeof persistenceConfig>>(persistenceConfig.token);
  app.disable('x-powered-by');
  app.disable('etag');
  if (config.trustedProxies.length > 0) app.set('trust proxy', config.trustedProxies);
  app.use(correlate, securityHeaders());
  setupViews(app);
  mountViewer(app);
  app.use(addressLimits(config));
  app.use(
    unlessCall(express.urlencoded({ extended: false, limit: formBytesMax, parameterLimit: 100 })),
    unlessCall(express.json({ limit: formBytesMax })),
  );
  app.use(...sessionMiddlewares(config, dataDir, app.get(DataSource)));
  app.use(viewLocals(app.get(AlarmWatch)), formLimits(config), csrfProtection(withoutCsrf));
  app.use(callsNotTaken(app.get(CallRefusals)));
}

/** The form of a contextual call is read by its controller, where every call is counted. */
const unlessCall =
  (parse: RequestHandler): RequestHandler =>
  (request, response, next) =>
    isContextualCall(request) ? next() : void parse(request, response, next);

/** A call that a limit stopped before it came to its controller is a call, too. */
const callsNotTaken =
  (refusals: CallRefusals) =>
  (error: unknown, request: Request, _response: Response, next: NextFunction): void => {
    if (isContextualCall(request)) refusals.notTaken(error, callerOf(request));
    next(error);
  };
