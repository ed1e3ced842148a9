import type { Response } from 'supertest';
import type TestAgent from 'supertest/lib/agent';
import { formMark } from '../support/portal-bench';
import { startViewerBench, ViewerBench } from '../support/viewer-bench';

/**
 * Every route that the running application has, asked by nobody and by somebody with every role, with good and bad
 * requests; and the routes beside the framework. Real: the whole gateway, HTTPS, the viewer's files and data.
 */
interface Layer {
  readonly route?: { readonly path: string | string[]; readonly methods: Readonly<Record<string, boolean>> };
}
type Method = 'get' | 'post' | 'put' | 'delete' | 'patch';

describe('what every answer tells the browser', () => {
  let bench: ViewerBench;
  let professional: TestAgent;
  let viewerPage: string;
  let grantedData: string;

  beforeAll(async () => {
    bench = await startViewerBench({ instances: 6, columns: 64 }, { DRIMBOX_PORTAL_FORMS_PER_MINUTE: '10000' });
    professional = await bench.loggedIn('radiologue');
    await professional
      .post('/login/situation')
      .type('form')
      .send({ _csrf: await formMark(professional), structure: '999900000000019' });
    const opened = await professional.get(bench.link(bench.studies[0])).redirects(5).set('Accept', 'text/html');
    viewerPage = new URL(opened.request.url).pathname;
    grantedData = `/dicomweb/${/^\/view\/([\w-]+)/.exec(viewerPage)?.[1]}`;
  }, 480_000);
  afterAll(() => bench?.close());

  function routes(): { method: Method; path: string }[] {
    const express = bench.app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
    return express.router.stack.flatMap(({ route }) =>
      [route?.path ?? []].flat().flatMap((path) =>
        Object.keys(route?.methods ?? {}).map((method) => ({
          method: method as Method,
          path: path.replace(/[:*]\w+/g, 'x').replace(/[{}]/g, ''),
        })),
      ),
    );
  }

  /** What is wrong with an answer, in words. */
  function faults(name: string, { headers, status }: Response, isPublicFile = false): string[] {
    const value = (header: string) => (headers as Record<string, string | undefined>)[header] ?? '';
    const policy = value('content-security-policy');
    const wrong: [string, boolean][] = [
      ['no policy', !/default-src '(none|self)'/.test(policy)],
      ['a policy that lets others frame it', !/frame-ancestors '(self|none)'/.test(policy)],
      ['a policy with inline script', /script-src[^;]*'unsafe-inline'/.test(policy)],
      ['a policy with plug-ins', !/object-src 'none'|default-src 'none'/.test(policy)],
      ['sniffing', value('x-content-type-options') !== 'nosniff'],
      ['no HSTS', !/max-age=\d{8}/.test(value('strict-transport-security'))],
      ['a referrer', value('referrer-policy') !== 'no-referrer'],
      ['a cache', !isPublicFile && !/no-store/.test(value('cache-control'))],
      ['no correlation id', value('x-correlation-id') === ''],
      ['its program told', value('x-powered-by') !== '' || value('server') !== ''],
      ['open to other origins', value('access-control-allow-origin') !== ''],
      [
        'a careless cookie',
        cookies(headers).some(
          (cookie) => !/HttpOnly/i.test(cookie) || !/Secure/i.test(cookie) || !/SameSite=(Lax|Strict)/i.test(cookie),
        ),
      ],
      ['a stack trace', status >= 500],
    ];
    return wrong.filter(([, holds]) => holds).map(([what]) => `${name} → ${status}: ${what}`);
  }
  const cookies = (headers: unknown) => ((headers as Record<string, string[] | undefined>)['set-cookie'] ?? []).flat();

  it('routes of the application: strict, whoever asks for whatever', async () => {
    const all = routes();
    expect(all.length).toBeGreaterThan(30);
    const found: string[] = [];
    for (const { method, path } of all) {
      // The stream of progress has no end: it is asked for in its own test.
      if (path.includes('progress') || path === '/logout') continue;
      for (const [who, agent] of [
        ['nobody', bench.visitor()],
        ['somebody', professional],
      ] as const) {
        const plain = await agent[method](path).set('Accept', 'text/html').timeout(5_000);
        found.push(...faults(`${who} ${method} ${path}`, plain));
        if (method !== 'get') {
          const odd = await agent[method](path).type('json').set('Accept', 'application/json').send('{"broken":');
          found.push(...faults(`${who} ${method} ${path} broken`, odd));
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('what no route answers, and what cannot be read', async () => {
    const found: string[] = [];
    const asked: [Method, string][] = [
      ['get', '/nowhere'],
      ['get', '/%E0%A4%A'],
      ['get', '/..%2f..%2fetc%2fpasswd'],
      ['get', `/${'x'.repeat(6_000)}`],
      ['delete', '/'],
      ['post', '/static/portal.css'],
      ['get', '/viewer/files-x/none.js'],
      ['get', '/viewer/files-x/../../main.js'],
      ['get', '/dicomweb/none/studies'],
      ['get', '/dicomweb/'],
    ];
    for (const [method, path] of asked) {
      const answer = await bench.visitor()[method](path).set('Accept', 'text/html');
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      found.push(...faults(`${method} ${path.slice(0, 40)}`, answer));
    }
    expect(found).toEqual([]);
  });

  it('files, the viewer and its data', async () => {
    const [study] = bench.studies;
    const series = `${grantedData}/studies/${study.studyInstanceUid}/series/${study.seriesInstanceUids[0]}`;
    const image = `${series}/instances/${study.seriesInstanceUids[0]}.1`;
    const found: string[] = [];
    for (const path of [
      viewerPage,
      `${grantedData}/studies`,
      `${series}/metadata`,
      `${image}/frames/1`,
      `${image}/rendered`,
    ]) {
      const answer = await professional.get(path).set('Accept', '*/*');
      expect([path, answer.status]).toEqual([path, 200]);
      found.push(...faults(path, answer));
    }
    found.push(...faults('no image', await professional.get(`${image}.9/frames/1`)));
    const page = await professional.get(viewerPage).set('Accept', 'text/html');
    const files = ['/static/portal.css', ...new Set(page.text.match(/\/viewer\/files-[^"'\s]+?\.(?:js|css)/g))];
    for (const path of files) found.push(...faults(path, await bench.visitor().get(path), true));
    expect(found).toEqual([]);
  });

  it('and the check itself sees an answer that says nothing', () => {
    const silent = { headers: { server: 'x', 'set-cookie': ['a=b'] }, status: 500 } as unknown as Response;
    expect(faults('', silent)).toHaveLength(11);
  });
});
