import type { NestExpressApplication } from '@nestjs/platform-express';
import { RawRoute } from '../../platform/http';
import { ViewerFacade, ViewerFiles } from '../../viewer';
import { rawRoutes } from './raw-routes';

/** The viewer's many small requests: files that anybody may have, and images for the holders of a grant. */
export function viewerRoutes(app: NestExpressApplication): RawRoute[] {
  const find = <T extends object>(type: new (...args: never[]) => T): T | undefined => {
    try {
      return app.get(type, { strict: false });
    } catch {
      return undefined;
    }
  };
  return [find(ViewerFiles)?.route, find(ViewerFacade)?.route].filter((route) => route !== undefined);
}

/** Lays the viewer's routes before limits and sessions; does nothing in an application without the viewer. */
export function mountViewer(app: NestExpressApplication): void {
  const routes = viewerRoutes(app);
  if (routes.length > 0) app.use(rawRoutes(routes));
}
