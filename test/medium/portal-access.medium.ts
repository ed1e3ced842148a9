import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type TestAgent from 'supertest/lib/agent';
import { DataSource } from 'typeorm';
import { createSandboxPki } from '../../sandbox/pki';
import { SessionWatch } from '../../src/portal/login';
import { whileTrailRefuses } from '../support/audit-rows';
import { HospitalProvider, startHospitalProvider } from '../support/hospital-provider';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';
import { seedPublications } from '../support/publication-rows';

/** Real: the whole gateway, HTTPS, the sandbox Pro Santé Connect; the hospital's provider is a small one of the test. */
describe('who may do what in the portal', () => {
  const secret = 'un secret + difficile';
  let dir: string;
  let provider: HospitalProvider;
  let bench: PortalBench;
  const kindsOf = async () =>
    (
      await bench.app
        .get(DataSource)
        .query<{ kind: string; facts: Record<string, unknown>; error_code: string | null }[]>(
          "SELECT kind, facts, error_code FROM audit_record WHERE kind LIKE 'portal.%' ORDER BY id DESC LIMIT 1",
        )
    )[0];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'portal-access-'));
    const pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
    const { cert, key } = pki.members.portal;
    provider = await startHospitalProvider({ cert: readFileSync(cert), key: readFileSync(key) }, secret);
    writeFileSync(join(dir, 'secret'), `${secret}\n`);
    bench = await startPortalBench({
      DRIMBOX_OIDC_ISSUER: provider.issuer,
      DRIMBOX_OIDC_CLIENT_ID: 'drimbox',
      DRIMBOX_OIDC_CLIENT_SECRET_FILE: join(dir, 'secret'),
      DRIMBOX_OIDC_CA_FILE: pki.portalCa,
      DRIMBOX_OIDC_ROLES: JSON.stringify({ ops: ['operator'], auditeurs: ['auditor'], chefs: ['administrator'] }),
      DRIMBOX_PUBLICATION_ENABLED: 'false',
    });
    await seedPublications(bench.app.get(DataSource));
  });
  afterAll(async () => {
    await bench.close();
    await provider.close();
    rmSync(dir, { recursive: true });
  });

  async function hospitalLogin(
    claims: Record<string, unknown>,
    next = '/',
    sabotage?: (token: Record<string, unknown>) => void,
  ) {
    const agent = bench.visitor();
    provider.next(claims, sabotage);
    const away = await agent.get('/login/admin').query({ next });
    const back = await provider.returnOf(new URL(away.headers.location ?? ''));
    const answer = await agent.get(`${back.pathname}${back.search}`).set('Accept', 'text/html');
    return { agent, answer };
  }

  describe('roles', () => {
    const people: Record<string, () => Promise<TestAgent>> = {
      nobody: async () => bench.visitor(),
      professional: () => bench.loggedIn('generaliste'),
      'professional with every role': () => bench.loggedIn('radiologue'),
      operator: async () => (await hospitalLogin({ sub: 'o', roles: ['ops'] })).agent,
      auditor: async () => (await hospitalLogin({ sub: 'a', roles: ['auditeurs'] })).agent,
      administrator: async () => (await hospitalLogin({ sub: 'c', roles: ['chefs'] })).agent,
    };
    // Columns: first page, choice of the situation, publications, one publication, state of the service.
    const paths = [
      '/',
      '/login/situation',
      '/publications',
      '/publications/1',
      '/service',
      '/journal',
      '/statistiques',
    ];
    const matrix: [string, number[]][] = [
      ['nobody', [200, 401, 401, 401, 401, 401, 401]],
      ['professional', [200, 200, 403, 403, 403, 403, 403]],
      ['professional with every role', [200, 200, 200, 200, 200, 200, 200]],
      ['operator', [200, 403, 200, 200, 200, 403, 200]],
      ['auditor', [200, 403, 403, 403, 200, 200, 200]],
      ['administrator', [200, 403, 200, 200, 200, 200, 200]],
    ];

    it.each(matrix)('%s', async (who, expected) => {
      const agent = await people[who]();
      const found: number[] = [];
      for (const path of paths) {
        let answer = await agent.get(path).set('Accept', 'application/json');
        if (answer.status === 406) answer = await agent.get(path).set('Accept', 'text/html');
        found.push(answer.status);
      }
      expect(found).toEqual(expected);
    });

    it('a refusal is recorded with the page, and shown in French', async () => {
      const answer = await (await people.professional()).get('/publications').set('Accept', 'text/html');
      expect([answer.status, answer.text.includes('Vous n&#x27;avez pas accès à cette page.')]).toEqual([403, true]);
      expect(await kindsOf()).toMatchObject({
        kind: 'portal.access-refused',
        facts: { page: 'PublicationsController.list' },
      });
    });

    it('the menu shows only what one may open', async () => {
      const hrefs = async (who: string) =>
        [
          ...(await (await people[who]()).get('/').set('Accept', 'text/html')).text.matchAll(
            /<li><a href="(\/[a-z]+)"/g,
          ),
        ].map((match) => match[1]);
      expect(new Set(await hrefs('professional'))).toEqual(new Set(['/dossiers']));
      expect(new Set(await hrefs('operator'))).toEqual(new Set(['/publications', '/service', '/statistiques']));
      expect(new Set(await hrefs('auditor'))).toEqual(new Set(['/service', '/statistiques', '/journal']));
    });

    it('a retry needs the role and the mark of the form', async () => {
      const operator = await people.operator();
      const post = (agent: TestAgent, _csrf: string) =>
        agent.post('/publications/5/relance').type('form').send({ _csrf });
      expect((await post(operator, 'x')).status).toBe(403);
      const auditor = await people.auditor();
      expect((await post(auditor, await formMark(auditor))).status).toBe(403);
      expect((await post(operator, await formMark(operator))).headers.location).toBe('/publications/5?fait=relance');
      expect((await post(operator, await formMark(operator))).status).toBe(409);
    });
  });

  describe('login by the hospital’s own provider', () => {
    it('is offered on the first page', async () => {
      expect((await bench.visitor().get('/').set('Accept', 'text/html')).text).toContain(
        'Compte de l&#x27;établissement',
      );
    });

    it('gives a new session and comes back to a local page only', async () => {
      const { agent, answer } = await hospitalLogin(
        { sub: 'o', name: 'Olivier Exploitant', roles: ['ops'] },
        '/service',
      );
      expect([answer.status, answer.headers.location]).toEqual([303, '/service']);
      expect((await agent.get('/').set('Accept', 'text/html')).text).toContain('Olivier Exploitant');
      const elsewhere = await hospitalLogin({ sub: 'o', roles: ['ops'] }, '//ailleurs.test');
      expect(elsewhere.answer.headers.location).toBe('/');
    });

    it('ends in the trail by whoever it was: replaced by another account, or idle for too long', async () => {
      const { agent } = await hospitalLogin({ sub: 'premier', name: 'Un Premier', roles: ['ops'] });
      const logouts = () =>
        bench.app
          .get(DataSource)
          .query<object[]>(
            "SELECT actor->>'professionalId' AS who, facts FROM audit_record WHERE kind = 'portal.logout' ORDER BY id",
          );
      provider.next({ sub: 'second', roles: ['ops'] });
      const away = await agent.get('/login/admin');
      const back = await provider.returnOf(new URL(away.headers.location ?? ''));
      await agent.get(`${back.pathname}${back.search}`);
      expect((await logouts()).at(-1)).toEqual({ who: 'premier', facts: { reason: 'replaced' } });
      const told = (await logouts()).length;
      await bench.app
        .get(DataSource)
        .query(
          "UPDATE portal_session SET expire = now() - interval '1 second' WHERE sess->'user'->>'id' IN ('premier', 'second')",
        );
      await bench.app.get(SessionWatch).look();
      expect((await logouts()).slice(told)).toEqual([{ who: 'second', facts: { reason: 'expired', limit: 'idle' } }]);
      expect((await agent.get('/service')).status).toBe(401);
    });

    it('opens nothing when the trail refuses its record', async () => {
      const { agent, answer } = await whileTrailRefuses(bench.app.get(DataSource), 'portal.login', () =>
        hospitalLogin({ sub: 'o', roles: ['ops'] }),
      );
      expect(answer.status).toBe(500);
      expect((await agent.get('/service')).status).toBe(401);
      expect(await kindsOf()).toMatchObject({ kind: 'portal.login-refused', error_code: 'platform.internal' });
    });

    it('never opens what is for professionals', async () => {
      const { agent } = await hospitalLogin({ sub: 'c', roles: ['chefs', 'ops', 'auditeurs', 'professional'] });
      expect((await agent.get('/login/situation')).status).toBe(403);
    });

    it('refuses an account without a role', async () => {
      const { agent, answer } = await hospitalLogin({ sub: 'n', roles: ['cuisine'] });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('aucun rôle');
      expect(await kindsOf()).toMatchObject({ kind: 'portal.login-refused', error_code: 'portal.no-role' });
      expect((await agent.get('/publications')).status).toBe(401);
    });

    it.each<[string, (token: Record<string, unknown>) => void]>([
      ['another nonce', (token) => (token.nonce = 'autre')],
      ['no nonce', (token) => delete token.nonce],
      ['another audience', (token) => (token.aud = 'autre')],
      ['another issuer', (token) => (token.iss = 'https://ailleurs.test')],
      ['an end in the past', (token) => (token.exp = 1)],
    ])('refuses an ID token with %s', async (_, sabotage) => {
      const { answer } = await hospitalLogin({ sub: 'c', roles: ['chefs'] }, '/', sabotage);
      expect(answer.status).toBe(401);
      expect(await kindsOf()).toMatchObject({ kind: 'portal.login-refused', error_code: 'portal.oidc-refused' });
    });

    it('refuses a return that this browser did not begin', async () => {
      const agent = bench.visitor();
      provider.next({ sub: 'c', roles: ['chefs'] });
      const away = await agent.get('/login/admin');
      const back = await provider.returnOf(new URL(away.headers.location ?? ''));
      const stranger = await bench.visitor().get(`${back.pathname}${back.search}`);
      expect(stranger.status).toBe(400);
      expect((await agent.get(`${back.pathname}?code=x&state=autre`)).status).toBe(401);
      expect((await agent.get(`${back.pathname}${back.search}`)).status).toBe(400);
    });
  });

  describe('limits and headers', () => {
    it('every page tells the browser to be strict', async () => {
      const { headers } = await bench.visitor().get('/');
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'.*base-uri 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(headers['strict-transport-security']).toContain('max-age=31536000');
      expect(headers['x-powered-by']).toBeUndefined();
    });

    it('a search of hostile text is only text', async () => {
      const agent = await bench.loggedIn('radiologue');
      const _csrf = await formMark(agent);
      const texte = `"><script>alert(1)</script>' OR 1=1 --`;
      const answer = await agent.post('/publications').type('form').set('Accept', 'text/html').send({ _csrf, texte });
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain('<script>alert');
      expect(answer.text).toContain('Aucune publication');
      const [searched] = await bench.app
        .get(DataSource)
        .query<object[]>("SELECT actor, facts FROM audit_record WHERE kind = 'publication.searched'");
      expect(searched).toMatchObject({ actor: { professionalId: '899900000017' }, facts: {} });
      expect(JSON.stringify(searched)).not.toContain('script');
      const odd = await agent
        .get('/publications?etat=%00&du=9999-99-99&page=-1&page=2&au=x')
        .set('Accept', 'text/html');
      expect(odd.status).toBe(200);
      for (const id of ['0', '-1', '1e9', '99999999999999999999', 'x', '%00'])
        expect((await agent.get(`/publications/${id}`).set('Accept', 'text/html')).status).toBe(404);
    });

    it('a body or a form that is too large is refused', async () => {
      const answer = await bench
        .visitor()
        .post('/logout')
        .type('form')
        .set('Accept', 'text/html')
        .send({ x: 'y'.repeat(70_000) });
      expect(answer.status).toBe(413);
    });
  });
});

describe('rate limits of the portal', () => {
  let bench: PortalBench;
  beforeAll(async () => {
    bench = await startPortalBench({
      DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '12',
      DRIMBOX_PORTAL_REQUESTS_PER_MINUTE: '60',
      DRIMBOX_PORTAL_FORMS_PER_MINUTE: '12',
    });
  });
  afterAll(() => bench.close());

  it('hold back forms of one user, logins, then pages of one address, in French, and say when to come back', async () => {
    const agent = await bench.loggedIn('generaliste');
    const _csrf = await formMark(agent);
    const forms: number[] = [];
    for (let i = 0; i < 8; i++)
      forms.push((await agent.post('/login/situation').type('form').send({ _csrf, structure: 'x' })).status);
    expect(forms).toEqual([400, 400, 400, 400, 400, 400, 429, 429]);

    const logins: number[] = [];
    for (let i = 0; i < 8; i++) logins.push((await bench.visitor().get('/login')).status);
    expect(logins.filter((status) => status === 302)).toHaveLength(4);
    const refused = await bench.visitor().get('/login').set('Accept', 'text/html');
    expect([refused.status, refused.text.includes('Trop de demandes')]).toEqual([429, true]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);

    const pages: number[] = [];
    for (let i = 0; i < 40; i++) pages.push((await bench.visitor().get('/')).status);
    expect(pages[0]).toBe(200);
    expect(pages.at(-1)).toBe(429);
    expect((await bench.visitor().get('/static/portal.css')).status).toBe(200);
    const icon = await bench.visitor().get('/favicon.ico');
    expect([icon.status, icon.headers['content-type']]).toEqual([200, 'image/svg+xml']);
  });
});
