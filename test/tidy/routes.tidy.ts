import 'reflect-metadata';
import { DynamicModule, RequestMethod, Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { AppModule } from '../../src/app.module';
import { ACCESS_METADATA, AccessKind, accessKinds } from '../../src/platform/http';
import { menuEntries } from '../../src/portal/screen/menu';
import routeRoles from './routes.json';
import { read, sourceFiles } from './tree';

/**
 * Routes that anybody may call, or that a program calls and proves itself in the request. A route that is added here is
 * open to the whole network: say why beside it.
 */
const open: Record<string, AccessKind> = {
  'GET /': 'public', // the first page: how to log in
  'GET /login': 'public', // begins a login
  'GET /login/callback': 'public', // ends it: state, nonce and code are checked
  'GET /login/admin': 'public',
  'GET /login/admin/callback': 'public',
  'POST /logout': 'public', // needs the mark of the session's forms
  'POST /login/backchannel-logout': 'system', // signed logout token
  'POST /contextual-call': 'system', // a RIS or EHR: rules of callers, every parameter checked, nothing answered but an address
  'GET /appel/:reference': 'public', // single-use name of a call, bound to the first browser; then a login
  'GET /IHEInvokeImageDisplay': 'public', // the link of a report: kept, then a login
  'GET /images-du-compte-rendu/:id': 'public', // who are you: professional or patient
  'GET /images-du-compte-rendu/:id/patient': 'public', // a refusal, explained
};

interface Route {
  readonly name: string;
  readonly handler: string;
  readonly access: readonly AccessKind[] | undefined;
}

/** Every controller that the application would make, without making it. */
function controllers(): Type[] {
  const seen = new Set<unknown>();
  const found = new Set<Type>();
  const visit = (given: unknown): void => {
    const one = (given as { forwardRef?: () => unknown } | undefined)?.forwardRef?.() ?? given;
    if (!one || seen.has(one)) return;
    seen.add(one);
    const dynamic = typeof one === 'object' ? (one as DynamicModule) : undefined;
    const type = (dynamic?.module ?? one) as Type;
    if (typeof type !== 'function') return;
    const declared = (key: string) => (Reflect.getMetadata(key, type) ?? []) as unknown[];
    for (const controller of [...declared(MODULE_METADATA.CONTROLLERS), ...(dynamic?.controllers ?? [])])
      found.add(controller as Type);
    for (const imported of [...declared(MODULE_METADATA.IMPORTS), ...(dynamic?.imports ?? [])]) visit(imported);
    if (dynamic) visit(type);
  };
  visit(AppModule.of({ values: new Map(), sandboxSettings: [] }));
  return [...found];
}

const asList = (path: unknown): string[] => (Array.isArray(path) ? (path as string[]) : [(path as string) ?? '']);
const joined = (...parts: string[]) => `/${parts.join('/')}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

function routesOf(controller: Type): Route[] {
  const methods = Object.getOwnPropertyNames(controller.prototype).filter((name) => name !== 'constructor');
  return methods.flatMap((method) => {
    const handler = (controller.prototype as Record<string, object>)[method];
    const verb = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (verb === undefined) return [];
    const access = (Reflect.getMetadata(ACCESS_METADATA, handler) ??
      Reflect.getMetadata(ACCESS_METADATA, controller)) as AccessKind[] | undefined;
    return asList(Reflect.getMetadata(PATH_METADATA, controller)).flatMap((base) =>
      asList(Reflect.getMetadata(PATH_METADATA, handler)).map((path) => ({
        name: `${RequestMethod[verb]} ${joined(base, path)}`,
        handler: `${controller.name}.${method}`,
        access,
      })),
    );
  });
}

describe('routes', () => {
  const routes = controllers().flatMap(routesOf);

  it('are found at all', () => {
    expect(routes.length).toBeGreaterThan(20);
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length);
  });

  it('all say who may call them', () => {
    const silent = routes.filter(({ access }) => !access?.length || access.some((kind) => !accessKinds.includes(kind)));
    expect(silent).toEqual([]);
  });

  it('are for the roles of the table beside this test: a change of role is a line there', () => {
    expect(Object.fromEntries(routes.map(({ name, access }) => [name, access?.join(' ')]))).toEqual(routeRoles);
  });

  it('are open to everybody only where this test says so', () => {
    const found = routes.filter(({ access }) => access?.some((kind) => kind === 'public' || kind === 'system'));
    expect(Object.fromEntries(found.map(({ name, access }) => [name, access?.join(' ')]))).toEqual(open);
  });

  it('never mix what is for everybody with what is for some', () => {
    const mixed = routes.filter(
      ({ access }) => (access?.length ?? 0) > 1 && access?.some((kind) => kind === 'public' || kind === 'system'),
    );
    expect(mixed).toEqual([]);
  });

  it('that change something are never public, except the logout', () => {
    const changing = routes.filter(({ name, access }) => !name.startsWith('GET ') && access?.includes('public'));
    expect(changing.map(({ name }) => name)).toEqual(['POST /logout']);
  });

  it('in the menu are shown to exactly those who may open them', () => {
    for (const entry of menuEntries.filter(({ href }) => href !== '/')) {
      const page = routes.find(({ name }) => name === `GET ${entry.href}`);
      expect([entry.href, [...(page?.access ?? [])].sort()]).toEqual([entry.href, [...entry.for].sort()]);
    }
  });
});

describe('routes outside the framework', () => {
  /** A raw route is an object literal with a name and an access: the compiler asks for both. */
  const raw = sourceFiles('src')
    .filter((file) => /\bRawRoute\b/.test(read(file)) && !file.startsWith('src/platform/http/'))
    .flatMap((file) => [...read(file).matchAll(/\baccess: '([a-z]+)'/g)].map((match) => `${file}: ${match[1]}`));

  it('are for peers by their certificate, or open where this test says so', () => {
    expect([...new Set(raw)].sort()).toEqual(rawAccess);
  });
  const rawAccess = [
    'src/platform/internal/internal.module.ts: public', // loopback unless told otherwise
    'src/source/serving/exchange.routes.ts: peer',
    'src/viewer/dicomweb/facade.ts: professional', // by the grant in the path and the session that it is bound to
    'src/viewer/ohif/viewer-files.ts: public', // the viewer's program, no data
  ];
});
