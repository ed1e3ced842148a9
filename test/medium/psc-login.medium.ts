import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { AddressInfo } from 'node:net';
import { fetch } from 'undici';
import {
  chooseSituation,
  introspectionEndpoint,
  PscLogin,
  situationOf,
  TokenIntrospector,
} from '../../src/connectors/psc';
import { LoginRobot, PscBench, startPscBench } from '../support/psc-bench';

/** Real: a certified OpenID provider library over mutual TLS, its login page, a browser reduced to redirects and cookies. */
describe('login at the sandbox Pro Santé Connect', () => {
  let bench: PscBench;
  let login: PscLogin;
  let robot: LoginRobot;
  const logoutTokens: string[] = [];
  const portal = createServer();
  const options = { scope: 'openid scope_all', acr: 'eidas1' };
  const open = async (username = 'radiologue') => {
    const { url, attempt } = await login.start({ redirectUrl: bench.redirectUrl, returnTo: '/examens' });
    return { url, attempt, query: await robot.login(url, username, username) };
  };

  beforeAll(async () => {
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
    const { port } = portal.address() as AddressInfo;
    bench = await startPscBench({ backchannelLogoutUri: `https://localhost:${port}/psc/backchannel-logout` });
    const { cert, key } = bench.pki.members.portal;
    portal.setSecureContext({ cert: await readFile(cert), key: await readFile(key) });
    portal.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '');
        response.end();
      });
    });
    login = new PscLogin(bench.provider, options);
  });
  beforeEach(async () => {
    robot = new LoginRobot(bench.psc.issuer, await readFile(bench.pki.exchangeCa));
  });
  afterEach(() => robot.close());
  afterAll(async () => {
    portal.closeAllConnections();
    portal.close();
    await bench.close();
  });

  it('asks with PKCE, state, nonce and level, and ends with the professional and every work situation', async () => {
    const { url, attempt, query } = await open();
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      acr_values: 'eidas1',
      scope: 'openid scope_all',
      state: attempt.state,
      nonce: attempt.nonce,
    });
    expect(url.href).not.toContain(attempt.codeVerifier);
    const session = await login.finish(query, attempt);
    expect(session.professional).toMatchObject({ rpps: '99900000017', roles: ['10^1.2.250.1.213.1.1.5.5'] });
    expect(session.situations.map((one) => [one.structureId, one.sector, one.skill])).toEqual([
      ['999900000000019', 'SA01', 'SM44'],
      ['999900000000043', 'SA07', 'SM44'],
    ]);
    expect(situationOf(session)).toBeUndefined();
    expect(situationOf(chooseSituation(session, '999900000000043')!)!.structureName).toContain('IMAGERIE');
    expect(chooseSituation(session, '000')).toBeUndefined();
  });

  it('chooses by itself the only situation of a professional', async () => {
    const { attempt, query } = await open('generaliste');
    expect(situationOf(await login.finish(query, attempt))!.structureId).toBe('999900000000050');
  });

  it('says in French that the password is wrong', async () => {
    const { url } = await login.start({ redirectUrl: bench.redirectUrl });
    await expect(robot.login(url, 'radiologue', 'faux')).resolves.toBe('wrong');
  });

  it.each<[string, (query: URLSearchParams) => void]>([
    ['another state', (query) => query.set('state', 'autre')],
    ['no state', (query) => query.delete('state')],
    ['another issuer', (query) => query.set('iss', 'https://ailleurs.test')],
    ['an invented code', (query) => query.set('code', 'invente')],
    ['an error', (query) => (query.delete('code'), query.set('error', 'access_denied'))],
  ])('refuses a return with %s', async (_, change) => {
    const { attempt, query } = await open();
    const changed = new URLSearchParams(query);
    change(changed);
    await expect(login.finish(changed.toString(), attempt)).rejects.toMatchObject({ code: 'psc.login-refused' });
  });

  it('refuses another nonce, another code verifier, and the same code twice', async () => {
    const first = await open();
    await expect(login.finish(first.query, { ...first.attempt, nonce: 'autre' })).rejects.toMatchObject({
      code: 'psc.login-refused',
    });
    const second = await open();
    await expect(login.finish(second.query, { ...second.attempt, codeVerifier: 'x'.repeat(43) })).rejects.toMatchObject(
      { code: 'psc.login-refused' },
    );
    const third = await open();
    await login.finish(third.query, third.attempt);
    await expect(login.finish(third.query, third.attempt)).rejects.toMatchObject({ code: 'psc.login-refused' });
  });

  it('refuses a return after ten minutes and a lower level than asked', async () => {
    const { attempt, query } = await open();
    const late = new PscLogin(bench.provider, options, () => Date.now() + 11 * 60_000);
    await expect(late.finish(query, attempt)).rejects.toMatchObject({ code: 'psc.login-expired' });
    const strict = new PscLogin(bench.provider, { ...options, acr: 'eidas2' });
    await expect(strict.finish(query, attempt)).rejects.toMatchObject({ code: 'psc.login-refused' });
  });

  it('renews silently and once, also for the copies of the session from just before', async () => {
    const { attempt, query } = await open();
    const session = chooseSituation(await login.finish(query, attempt), '999900000000019')!;
    await expect(login.fresh(session)).resolves.toBe(session);
    const later = new PscLogin(bench.provider, options, () => Date.now() + 100_000);
    const before = bench.psc.requests(/token$/);
    const renewed = await Promise.all(Array.from({ length: 10 }, () => later.fresh(session)));
    const late = await later.fresh(session);
    expect(bench.psc.requests(/token$/) - before).toBe(1);
    expect(new Set([...renewed, late].map((one) => one.accessToken)).size).toBe(1);
    expect(late.accessToken).not.toBe(session.accessToken);
    expect(late.situationId).toBe('999900000000019');
    const introspector = new TokenIntrospector(introspectionEndpoint(bench.provider), {
      cacheMs: 0,
      cacheEntriesMax: 1,
      allowedClients: [],
      allowedAudiences: [],
      tokenBinding: 'ignored',
    });
    await expect(introspector.introspect(late.accessToken)).resolves.toMatchObject({
      professional: { rpps: '99900000017' },
    });
  });

  it('logs out at Pro Santé Connect, which tells the portal; the session cannot be renewed then', async () => {
    const { attempt, query } = await open();
    const session = await login.finish(query, attempt);
    const page = await (await robot.go((await login.logoutUrl(session, 'https://portail.test/')).href)).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)![1];
    const action = /action="([^"]+)"/.exec(page)![1];
    const answer = await robot.go(action, new URLSearchParams({ xsrf, logout: 'yes' }));
    expect(answer.headers.get('location')).toBe('https://portail.test/');
    expect(logoutTokens).toHaveLength(1);
    await expect(login.verifyLogoutToken(logoutTokens[0])).resolves.toEqual({
      subject: session.professional.subject,
      sid: session.sid,
    });
    await expect(login.verifyLogoutToken(logoutTokens[0])).rejects.toMatchObject({ code: 'psc.logout-token-invalid' });
    await expect(login.fresh(session, 200_000)).rejects.toMatchObject({ code: 'psc.session-ended' });
  });

  it('refuses what only looks like a logout token', async () => {
    const { attempt, query } = await open();
    const { idToken } = await login.finish(query, attempt);
    for (const token of [idToken, 'x.y.z', '', `${idToken.split('.').slice(0, 2).join('.')}.`]) {
      await expect(login.verifyLogoutToken(token)).rejects.toMatchObject({ code: 'psc.logout-token-invalid' });
    }
  });

  it('shows the login page in French without asking anything elsewhere', async () => {
    const { url } = await login.start({ redirectUrl: bench.redirectUrl });
    const first = await robot.go(url.href);
    const page = await (await robot.go(new URL(first.headers.get('location')!, bench.psc.issuer).href)).text();
    expect(page).toContain('lang="fr"');
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it('names a provider that is down', async () => {
    const { attempt, query } = await open();
    bench.psc.behave({ down: true });
    await expect(login.finish(query, attempt)).rejects.toMatchObject({ code: 'psc.unreachable' });
    bench.psc.behave({});
    expect(
      (await fetch(`${bench.psc.issuer}/.well-known/openid-configuration`, { dispatcher: bench.agent })).status,
    ).toBe(200);
  });
});
