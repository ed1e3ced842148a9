import { setTimeout as wait } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { demoPatients } from '../../sandbox/demo-data';
import { PatientContexts } from '../../src/consumer/context';
import { SessionWatch } from '../../src/portal/login';
import { ViewerGrants } from '../../src/viewer';
import type { ViewerGrant, ViewerStudySource } from '../../src/viewer';
import { whileTrailRefuses } from '../support/audit-rows';
import { callOf } from '../support/record-seed';
import { LoginRobot } from '../support/psc-bench';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';
import { readFileSync } from 'node:fs';

const aStudy = {
  study: {
    studyInstanceUid: '1.2.3',
    patient: { matricule: '299999999999989', oid: '1.2', birthDate: '19800101' },
    series: [],
  },
  close: () => undefined,
} as unknown as ViewerStudySource;

/** Real: the whole gateway with its embedded database, HTTPS, the sandbox Pro Santé Connect over mutual TLS. */
describe('login to the portal', () => {
  let bench: PortalBench;
  const logoutPath = '/auth/realms/esante-wallet/protocol/openid-connect/logout';
  beforeAll(async () => {
    bench = await startPortalBench();
  });
  afterAll(() => bench.close());

  const sidOf = (setCookie: unknown): string => /__Host-drimbox=([^;]+)/.exec(String(setCookie))?.[1] ?? '';
  const rows = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    bench.app.get(DataSource).query<T[]>(sql, values);
  const kinds = async () =>
    (await rows<{ kind: string }>("SELECT kind FROM audit_record WHERE kind LIKE 'portal.%' ORDER BY id")).map(
      (row) => row.kind,
    );

  it('goes to Pro Santé Connect, comes back, and shows who one is', async () => {
    const agent = bench.visitor();
    const answer = await bench.login(agent, 'generaliste');
    expect([answer.status, answer.headers.location]).toEqual([303, '/']);
    const home = await agent.get('/').set('Accept', 'text/html');
    expect(home.text).toContain('DOMINIQUE ESSAI-GENERALISTE');
    expect(home.text).toContain('CABINET MEDICAL DE DEMONSTRATION');
    expect((await kinds()).at(-1)).toBe('portal.login');
  });
  it('gives cookies that scripts, other hosts and clear text never see', async () => {
    const answer = await bench.visitor().get('/login');
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-drimbox=.*Path=\/;.*HttpOnly; Secure; SameSite=Lax/);
  });

  it('gives a new session identifier at login: one planted before is worth nothing', async () => {
    const agent = bench.visitor();
    const before = sidOf((await agent.get('/login')).headers['set-cookie']);
    const after = sidOf((await bench.login(agent, 'generaliste')).headers['set-cookie']);
    expect(after).not.toBe('');
    expect(after).not.toBe(before);
    const thief = await bench.visitor().get('/').set('Cookie', `__Host-drimbox=${before}`).set('Accept', 'text/html');
    expect(thief.text).not.toContain('DOMINIQUE');
  });

  it('keeps tokens sealed, and neither tokens nor names in an address or in the log', async () => {
    const agent = bench.visitor();
    const away = await agent.get('/login?next=/publications');
    expect(away.headers.location).not.toMatch(/publications|ESSAI/);
    await bench.login(agent, 'radiologue');
    const [row] = await rows<{ sealed: string; sess: string }>(
      'SELECT l.sealed, s.sess::text AS sess FROM portal_login l JOIN portal_session s ON s.sid = l.session_sid ORDER BY l.ends_at DESC',
    );
    expect(row?.sealed).not.toMatch(/eyJ|ESSAI|99900000017/);
    expect(row?.sess).not.toMatch(/eyJ|accessToken|idToken/);
    expect(bench.log.join('')).not.toMatch(/ESSAI|eyJ|99900000017|code=/);
  });

  it('asks for the situation when there are several, and only takes one of the professional', async () => {
    const agent = bench.visitor();
    const answer = await bench.login(agent, 'radiologue');
    expect(answer.headers.location).toBe('/login/situation');
    const page = await agent.get('/login/situation').set('Accept', 'text/html');
    expect(page.text).toContain('999900000000043');
    const _csrf = await formMark(agent);
    const wrong = await agent
      .post('/login/situation')
      .type('form')
      .set('Accept', 'text/html')
      .send({ _csrf, structure: '999900000000050' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('n&#x27;est pas la vôtre');
    const right = await agent
      .post('/login/situation')
      .type('form')
      .send({ _csrf, structure: '999900000000043', next: 'https://ailleurs.test/' });
    expect([right.status, right.headers.location]).toEqual([303, '/']);
    expect((await agent.get('/').set('Accept', 'text/html')).text).toContain('IMAGERIE DE DEMONSTRATION');
  });

  it.each(['https://ailleurs.test/', '//ailleurs.test/', '/\\ailleurs.test', '/login'])(
    'goes home, not to %s, after a login',
    async (next) => {
      const answer = await bench.login(bench.visitor(), 'generaliste', next);
      expect(answer.headers.location).toBe('/');
    },
  );

  it('comes back to the page that needed the login', async () => {
    const refused = await bench.visitor().get('/login/situation?next=/x').set('Accept', 'text/html');
    expect(refused.headers.location).toBe(`/login?next=${encodeURIComponent('/')}`);
    const answer = await bench.login(bench.visitor(), 'generaliste', '/publications?state=refused');
    expect(answer.headers.location).toBe('/publications?state=refused');
  });

  it('keeps several logins begun in tabs apart, and open tabs alive when the same professional logs in again', async () => {
    const agent = bench.visitor();
    const ca = readFileSync(bench.neighbours.pki.portalCa);
    const first = await agent.get('/login?next=/a');
    const second = await agent.get('/login?next=/b');
    const finish = async (location: string) => {
      const robot = new LoginRobot(bench.neighbours.psc.issuer, ca);
      const query = await robot.login(new URL(location), 'generaliste', 'generaliste');
      await robot.close();
      return agent.get(`/login/callback?${query}`);
    };
    expect((await finish(second.headers.location)).headers.location).toBe('/b');
    const loginId = async () =>
      (await rows<{ id: string }>("SELECT sess->>'loginId' AS id FROM portal_session ORDER BY expire DESC"))[0]?.id;
    const before = await loginId();
    expect((await finish(first.headers.location)).headers.location).toBe('/a');
    expect(await loginId()).toBe(before);
  });

  it('refuses a return that was not asked for, in French, and records it', async () => {
    const answer = await bench.visitor().get('/login/callback?code=x&state=y').set('Accept', 'text/html');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Cette tentative de connexion a expiré');
    expect((await kinds()).at(-1)).toBe('portal.login-refused');
  });

  it('refuses forms without the mark of the session', async () => {
    const agent = await bench.loggedIn('generaliste');
    const mine = await formMark(agent);
    const others = await formMark(await bench.loggedIn('generaliste'));
    for (const _csrf of [undefined, '', 'x', others]) {
      const answer = await agent.post('/logout').type('form').set('Accept', 'text/html').send({ _csrf });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('rechargez la page');
    }
    expect(mine).not.toBe(others);
    expect((await agent.post('/logout').type('form').send({ _csrf: mine })).status).toBe(303);
  });

  const practitioner = {
    professionalId: '899900000025',
    professionalName: 'DOMINIQUE ESSAI-GENERALISTE',
    structureId: '999900000000050',
  };
  const lastActor = async (kind: string) =>
    (await rows<{ actor: object }>(`SELECT actor FROM audit_record WHERE kind = '${kind}' ORDER BY id DESC LIMIT 1`))[0]
      ?.actor;
  const here = { ...practitioner, address: expect.stringContaining('127.0.0.1') as string };

  it('logs out here and at Pro Santé Connect', async () => {
    const agent = await bench.loggedIn('generaliste');
    const answer = await agent
      .post('/logout')
      .type('form')
      .send({ _csrf: await formMark(agent) });
    expect(answer.headers.location).toMatch(
      new RegExp(`^${bench.neighbours.psc.issuer}/.*logout\\?.*post_logout_redirect_uri=`),
    );
    expect((await agent.get('/').set('Accept', 'text/html')).text).not.toContain('DOMINIQUE');
    expect((await kinds()).at(-1)).toBe('portal.logout');
    expect(await lastActor('portal.logout')).toEqual(here);
  });

  it('closes with the login the viewers that it was granted, and leaves those of others', async () => {
    const grants = bench.app.get(ViewerGrants, { strict: false });
    const sessions = async () => (await rows<{ sid: string }>('SELECT sid FROM portal_session')).map(({ sid }) => sid);
    const before = new Set(await sessions());
    const agent = await bench.loggedIn('generaliste');
    // The end of a session is kept to the second: it does not tell which is the newest.
    const [sessionId = '', ...more] = (await sessions()).filter((sid) => !before.has(sid));
    expect(more).toEqual([]);
    const open = (owner: string) =>
      grants.open({ sessionId: owner, professional: { id: '8', name: 'X' }, sources: [aStudy] }).grant.id;
    const [mine, others] = [open(sessionId), open('another-session')];
    await agent
      .post('/logout')
      .type('form')
      .send({ _csrf: await formMark(agent) });
    expect(() => grants.ofSession(mine, sessionId)).toThrow('viewer.');
    expect(grants.ofSession(others, 'another-session')).toBeDefined();
  });

  describe('what a login opened', () => {
    const page = 'text/html';
    const { thorax } = demoPatients;
    const grants = () => bench.app.get(ViewerGrants, { strict: false });
    const lastSession = async () =>
      (
        await rows<{ sid: string }>(
          "SELECT sid FROM portal_session ORDER BY (sess->>'loggedInAt')::bigint DESC NULLS LAST",
        )
      )[0]?.sid ?? '';
    const openFor = async (id: string, returnPath?: string) => {
      const sessionId = await lastSession();
      return grants().open({ sessionId, returnPath, professional: { id, name: 'X' }, sources: [aStudy] });
    };
    const isOpen = ({ grant, key }: { grant: ViewerGrant; key: string }) => {
      try {
        return grants().byKey(grant.id, key) === grant;
      } catch {
        return false;
      }
    };
    const opened = async (agent: Awaited<ReturnType<PortalBench['loggedIn']>>) => {
      const called = await bench.visitor().post('/contextual-call').type('form').send(callOf(thorax));
      const entered = await agent.get(new URL(called.headers.location ?? '').pathname).set('Accept', page);
      return entered.headers.location ?? '';
    };
    const logouts = () =>
      rows<{ who: string; facts: object }>(
        "SELECT actor->>'professionalId' AS who, facts FROM audit_record WHERE kind = 'portal.logout' ORDER BY id",
      );
    const closings = () =>
      rows<{ professional_id: string | null; structure_id: string | null; ins: string | null; facts: object }>(
        "SELECT actor->>'professionalId' AS professional_id, actor->>'structureId' AS structure_id, patient_matricule AS ins, facts FROM audit_record WHERE kind = 'context.closed' ORDER BY id",
      );
    const doctorId = '899900000025';

    it('follows the same professional who logs in again, and ends when somebody else does', async () => {
      const agent = await bench.loggedIn('generaliste');
      const viewer = await openFor(doctorId);
      const before = viewer.grant.sessionId;
      const mark = await formMark(agent);
      const stay = () => agent.post(`/view/${viewer.grant.id}/presence`).set('X-CSRF-Token', mark);
      await bench.login(agent, 'generaliste');
      expect(viewer.grant.sessionId).not.toBe(before);
      expect((await stay()).status).toBe(204);
      expect((await agent.get(`/view/${viewer.grant.id}`).set('Accept', page)).status).toBe(200);
      await bench.app.get(SessionWatch).look();
      expect(isOpen(viewer)).toBe(true);
      const stranger = await bench.loggedIn('radiologue');
      expect((await stranger.get(`/view/${viewer.grant.id}`).set('Accept', page)).status).toBe(404);
      const path = await opened(agent);
      expect(await lastActor('context.opened')).toEqual(here);
      const [told, closed] = [(await logouts()).length, (await closings()).length];
      await bench.login(agent, 'radiologue');
      expect(await lastActor('portal.logout')).toEqual(here);
      expect(isOpen(viewer)).toBe(false);
      expect((await stay()).status).toBe(403);
      expect((await agent.get(path).set('Accept', page)).status).toBe(404);
      expect((await logouts()).slice(told)).toEqual([{ who: doctorId, facts: { reason: 'replaced' } }]);
      expect((await closings()).slice(closed)).toMatchObject([
        { professional_id: doctorId, facts: { reason: 'replaced' } },
      ]);
    });

    it('ends by "Fermer" in the viewer, for this session only', async () => {
      const agent = await bench.loggedIn('generaliste');
      const viewer = await openFor(doctorId, '/dossiers');
      const shell = await agent.get(`/view/${viewer.grant.id}`).set('Accept', page);
      const form = new RegExp(`action="(/view/${viewer.grant.id}/close)"><input[^>]*value="([^"]+)"`).exec(shell.text);
      const stranger = await bench.loggedIn('radiologue');
      await stranger
        .post(form?.[1] ?? '')
        .type('form')
        .send({ _csrf: await formMark(stranger) });
      expect(isOpen(viewer)).toBe(true);
      const closed = await agent
        .post(form?.[1] ?? '')
        .type('form')
        .send({ _csrf: form?.[2] });
      expect([closed.status, closed.headers.location, isOpen(viewer)]).toEqual([303, '/dossiers', false]);
    });

    it.each([
      [
        'is idle for too long',
        "UPDATE portal_session SET expire = now() - interval '1 second' WHERE sid = $1",
        1,
        { reason: 'expired', limit: 'idle' },
      ],
      [
        'reaches its absolute limit',
        `WITH ended AS (UPDATE portal_login SET ends_at = now() - interval '1 second' WHERE session_sid = $1)
         UPDATE portal_session SET sess = jsonb_set(sess::jsonb, '{loggedInAt}', '1000')::json WHERE sid = $1`,
        1,
        { reason: 'expired', limit: 'absolute' },
      ],
      ['was removed by another process', 'DELETE FROM portal_session WHERE sid = $1', 2, { reason: 'session-ended' }],
    ])('ends when its session %s, and the trail names whose it was', async (_case, change, looks, logout) => {
      const agent = await bench.loggedIn('generaliste');
      const path = await opened(agent);
      const viewer = await openFor(doctorId);
      const neighbour = await bench.loggedIn('radiologue');
      const theirs = await openFor('899900000017');
      const [before, told] = [(await closings()).length, (await logouts()).length];
      expect(isOpen(viewer)).toBe(true);
      await rows(change, [viewer.grant.sessionId]);
      for (let look = 1; look <= looks; look++) await bench.app.get(SessionWatch).look();
      // The gateway looks by itself, too, and may be doing so now.
      for (let round = 0; round < 300 && (await closings()).length === before; round++) await wait(100);
      expect([isOpen(viewer), isOpen(theirs)]).toEqual([false, true]);
      expect((await neighbour.get(`/view/${theirs.grant.id}`).set('Accept', page)).status).toBe(200);
      expect((await agent.get(path).set('Accept', page)).headers.location).toMatch(/^\/login/);
      expect((await closings()).slice(before)).toEqual([
        {
          professional_id: doctorId,
          structure_id: '999900000000050',
          ins: thorax.ins,
          facts: { reason: 'session-ended' },
        },
      ]);
      expect((await logouts()).slice(told)).toEqual([{ who: doctorId, facts: logout }]);
    });

    it('tells the patient that closes by age, and not the call that nobody took up', async () => {
      const agent = await bench.loggedIn('generaliste');
      const path = await opened(agent);
      await bench.visitor().post('/contextual-call').type('form').send(callOf(thorax));
      const before = (await closings()).length;
      await rows("UPDATE consumer_context SET ends_at = now() - interval '1 second'");
      await bench.app.get(PatientContexts, { strict: false }).closeExpired();
      expect((await agent.get(path).set('Accept', page)).status).toBe(404);
      expect((await closings()).slice(before).filter(({ ins }) => ins === thorax.ins)).toContainEqual({
        professional_id: doctorId,
        structure_id: '999900000000050',
        ins: thorax.ins,
        facts: { reason: 'expired' },
      });
      expect((await closings()).slice(before).every((line) => line.professional_id !== null)).toBe(true);
      expect(await rows('SELECT id FROM consumer_context')).toEqual([]);
    });

    describe('is nothing when the trail refuses its record', () => {
      const refusing = <T>(kind: string, work: () => Promise<T>) =>
        whileTrailRefuses(bench.app.get(DataSource), kind, work);
      const count = async (what: string) => (await rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${what}`))[0]?.n;

      it('the login', async () => {
        const agent = bench.visitor();
        const before = await count('portal_login');
        const answer = await refusing('portal.login', () => bench.login(agent, 'generaliste'));
        expect(answer.status).toBe(500);
        expect(await count('portal_login')).toBe(before);
        expect((await agent.get('/').set('Accept', page)).text).not.toContain('DOMINIQUE');
        expect((await agent.get('/dossiers')).status).toBe(401);
      });

      it('the call, its opening and its closing', async () => {
        const call = () => bench.visitor().post('/contextual-call').type('form').send(callOf(thorax));
        const before = await count('consumer_context');
        expect((await refusing('context.called', call)).status).toBe(500);
        expect(await count('consumer_context')).toBe(before);

        const agent = await bench.loggedIn('generaliste');
        const enter = async (path: string) => agent.get(path).set('Accept', page);
        const address = new URL((await call()).headers.location ?? '').pathname;
        expect((await refusing('context.opened', () => enter(address))).status).toBe(500);
        expect((await enter('/dossiers')).text).not.toContain('/dossier/');
        const path = (await enter(address)).headers.location ?? '';
        expect(path).toMatch(/^\/dossier\//);

        const _csrf = await formMark(agent);
        const close = async () => agent.post(`${path}/fermer`).type('form').send({ _csrf });
        expect((await refusing('context.closed', close)).status).toBe(500);
        expect((await enter('/dossiers')).text).toContain(path);
        expect((await close()).status).toBe(303);
      });

      it('the choice of a situation, and the logout', async () => {
        const agent = await bench.loggedIn('radiologue');
        const _csrf = await formMark(agent);
        const choose = async () =>
          agent.post('/login/situation').type('form').send({ _csrf, structure: '999900000000043' });
        expect((await refusing('portal.situation-chosen', choose)).status).toBe(500);
        expect((await agent.get('/').set('Accept', page)).text).not.toContain('IMAGERIE DE DEMONSTRATION');
        const leave = async () => agent.post('/logout').type('form').send({ _csrf });
        expect((await refusing('portal.logout', leave)).status).toBe(500);
        expect((await agent.get('/').set('Accept', page)).text).toContain('CAMILLE');
        expect((await leave()).status).toBe(303);
      });
    });

    it('is closed by name: the button, and the logout', async () => {
      const agent = await bench.loggedIn('generaliste');
      const [first] = [await opened(agent), await opened(agent)];
      const before = (await closings()).length;
      const _csrf = await formMark(agent);
      await agent.post(`${first}/fermer`).type('form').send({ _csrf });
      await agent.post('/logout').type('form').send({ _csrf });
      const who = { professional_id: doctorId, ins: thorax.ins };
      expect((await closings()).slice(before)).toEqual([
        expect.objectContaining({ ...who, structure_id: '999900000000050', facts: { reason: 'asked' } }),
        expect.objectContaining({ ...who, facts: { reason: 'login-ended' } }),
      ]);
    });
  });

  it('ends the session when Pro Santé Connect says so', async () => {
    const agent = bench.visitor();
    const ca = readFileSync(bench.neighbours.pki.portalCa);
    const robot = new LoginRobot(bench.neighbours.psc.issuer, ca);
    const away = await agent.get('/login');
    const query = await robot.login(new URL(away.headers.location), 'generaliste', 'generaliste');
    await agent.get(`/login/callback?${query}`);
    const other = await bench.loggedIn('radiologue', '/login');
    const page = await (await robot.go(`${bench.neighbours.psc.issuer}${logoutPath}`)).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)![1];
    const action = /action="([^"]+)"/.exec(page)![1];
    await robot.go(action, new URLSearchParams({ xsrf, logout: 'yes' }));
    await robot.close();
    expect((await agent.get('/').set('Accept', 'text/html')).text).not.toContain('DOMINIQUE');
    expect((await other.get('/').set('Accept', 'text/html')).text).toContain('CAMILLE');
    const lines = await rows<{ actor: object; facts: object }>(
      "SELECT actor, facts FROM audit_record WHERE kind = 'portal.logged-out-by-provider'",
    );
    expect(lines).toEqual([
      {
        actor: expect.objectContaining({
          professionalId: '899900000025',
          structureId: '999900000000050',
          peer: 'Pro Santé Connect',
        }) as object,
        facts: { reason: 'by-provider' },
      },
    ]);
  });

  it('takes no logout token that Pro Santé Connect did not sign', async () => {
    const answer = await bench.visitor().post('/login/backchannel-logout').type('form').send({ logout_token: 'x.y.z' });
    expect(answer.status).toBe(400);
    expect((await bench.visitor().post('/login/backchannel-logout')).status).toBe(400);
    const refusals = () =>
      rows<{ error_code: string; outcome: string }>(
        "SELECT error_code, outcome FROM audit_record WHERE kind = 'portal.logged-out-by-provider' AND outcome <> 'success'",
      );
    expect(await refusals()).toEqual(Array(2).fill({ error_code: 'psc.logout-token-invalid', outcome: 'refused' }));
    for (let more = 0; more < 30; more++) await bench.visitor().post('/login/backchannel-logout');
    expect((await refusals()).length).toBeLessThan(30);
  });

  it('says in French that Pro Santé Connect does not answer', async () => {
    const agent = bench.visitor();
    const away = await agent.get('/login');
    const robot = new LoginRobot(bench.neighbours.psc.issuer, readFileSync(bench.neighbours.pki.portalCa));
    const query = await robot.login(new URL(away.headers.location), 'generaliste', 'generaliste');
    await robot.close();
    bench.neighbours.psc.behave({ down: true });
    const answer = await agent.get(`/login/callback?${query}`).set('Accept', 'text/html');
    bench.neighbours.psc.behave({});
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('Pro Santé Connect ne répond pas');
    expect(answer.headers['retry-after']).toBe('5');
  });
});
