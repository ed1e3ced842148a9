import type { Request } from 'express';
import { DataSource } from 'typeorm';
import { pscConfig, pscErrors, PscService } from '../../src/connectors/psc';
import { ConfigOf } from '../../src/platform/config';
import { GatewayError } from '../../src/platform/errors';
import { persistenceConfig } from '../../src/platform/persistence';
import { portalConfig, ProfessionalSessions } from '../../src/portal';
import { LoginsRepository } from '../../src/portal/login';
import { PortalBench, startPortalBench } from '../support/portal-bench';

/** Real: the gateway, its database, the sandbox Pro Santé Connect. Moved by hand: the gateway's clock. */
describe('access tokens of a professional at work', () => {
  let bench: PortalBench;
  let aheadMs = 0;
  const clock = Date.now;
  const tokenRequests = () => bench.neighbours.psc.requests(/\/token$/);

  beforeAll(async () => {
    Date.now = () => clock() + aheadMs;
    bench = await startPortalBench();
  });
  beforeEach(() => (aheadMs = 0));
  afterAll(async () => {
    aheadMs = 0;
    await bench.close();
    Date.now = clock;
  });

  async function loginId(username: string): Promise<string> {
    const known = async () => {
      const rows = await bench.app
        .get(DataSource)
        .query<{ id: string | null }[]>("SELECT sess->>'loginId' AS id FROM portal_session");
      return rows.flatMap(({ id }) => id ?? []);
    };
    // The end of a session is kept to the second: it does not tell which is the newest.
    const before = await known();
    await bench.loggedIn(username);
    return (await known()).find((id) => !before.includes(id)) ?? '';
  }
  const requestOf = (id: string) =>
    ({ session: { user: { provider: 'psc', id: 'x', name: 'x', roles: [] }, loginId: id } }) as unknown as Request;
  const sessions = () => bench.app.get(ProfessionalSessions);
  /** What another process on the same database would be. */
  const otherProcess = () =>
    new ProfessionalSessions(
      bench.app.get<ConfigOf<typeof portalConfig>>(portalConfig.token),
      bench.app.get<ConfigOf<typeof persistenceConfig>>(persistenceConfig.token),
      bench.app.get(LoginsRepository),
      bench.app.get(PscService),
    );

  it('are those of the login while they live, and renewed once for everybody when they do not', async () => {
    expect(bench.app.get<ConfigOf<typeof pscConfig>>(pscConfig.token).acr).toBe('eidas1');
    const id = await loginId('generaliste');
    const here = await sessions().of(requestOf(id));
    const there = await otherProcess().of(requestOf(id));
    expect(here).toMatchObject({ loginId: id, situation: { structureId: '999900000000050' }, acr: 'eidas1' });
    const first = await here.accessToken();
    expect(await there.accessToken()).toBe(first);
    const before = tokenRequests();
    aheadMs = 100_000;
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? here : there).accessToken()));
    expect(new Set(all).size).toBe(1);
    expect(all[0]).not.toBe(first);
    expect(tokenRequests() - before).toBe(1);
    await expect(bench.app.get(PscService).introspect(all[0] ?? '')).resolves.toMatchObject({
      professional: { rpps: '99900000025' },
    });
  });

  it('survive a Pro Santé Connect that does not answer for a while', async () => {
    const acting = await sessions().of(requestOf(await loginId('generaliste')));
    aheadMs = 110_000;
    bench.neighbours.psc.behave({ down: true });
    await expect(acting.accessToken()).rejects.toMatchObject({ code: 'psc.unreachable' });
    bench.neighbours.psc.behave({});
    await expect(acting.accessToken()).resolves.toEqual(expect.any(String));
  });

  it('are not given any more after the logout', async () => {
    const id = await loginId('generaliste');
    const acting = await sessions().of(requestOf(id));
    const logins = bench.app.get(LoginsRepository);
    await logins.transaction((manager) => logins.remove({ loginId: id, sessionId: '' }, manager));
    await expect(acting.accessToken()).rejects.toMatchObject({ code: 'psc.session-ended' });
    await expect(sessions().of(requestOf(id))).rejects.toMatchObject({ code: 'portal.login-required' });
  });

  it('are those of a new login when the session before ended while it was being renewed', async () => {
    const id = await loginId('generaliste');
    const [{ sessionSid } = { sessionSid: '' }] = await bench.app
      .get(DataSource)
      .query<{ sessionSid: string }[]>('SELECT session_sid AS "sessionSid" FROM portal_login WHERE id = $1', [id]);
    const psc = bench.app.get(PscService).login;
    const logins = bench.app.get(LoginsRepository);
    const acting = await sessions().of(requestOf(id));
    aheadMs = 110_000;
    const renewing = jest.spyOn(psc, 'fresh').mockImplementationOnce(async (session) => {
      // The same professional logs in again, which keeps the identifier of the login.
      const soon = new Date(Date.now() + 3_600_000);
      const renewed = { ...session, accessToken: 'of the new login', accessTokenEndsAtMs: soon.getTime() };
      const login = { loginId: id, sessionSid, session: renewed, endsAt: soon };
      await logins.transaction((manager) => sessions().keep(login, manager));
      throw new GatewayError(pscErrors.sessionEnded);
    });
    await expect(acting.accessToken()).resolves.toBe('of the new login');
    await expect(logins.find(id)).resolves.toMatchObject({ id });
    renewing.mockRestore();
  });

  it('wait for a situation where one is needed', async () => {
    const recorded = () => Promise.resolve();
    const id = await loginId('radiologue');
    await expect(sessions().inSituation(requestOf(id))).rejects.toMatchObject({ code: 'portal.situation-required' });
    await expect(sessions().choose(requestOf(id), '999900000000050', recorded)).resolves.toBeUndefined();
    await sessions().choose(requestOf(id), '999900000000019', recorded);
    aheadMs = 100_000;
    const acting = await sessions().inSituation(requestOf(id));
    await acting.accessToken();
    expect((await sessions().inSituation(requestOf(id))).situation.structureId).toBe('999900000000019');
  });

  it('are renewed under a lease that outlives every call to Pro Santé Connect, however long these may take', async () => {
    const { timeoutMs } = bench.app.get<ConfigOf<typeof pscConfig>>(pscConfig.token);
    expect(bench.app.get(PscService).renewalMsMax).toBe(3 * timeoutMs);
    const renewalMs = jest.spyOn(PscService.prototype, 'renewalMsMax', 'get');
    const leases = jest.spyOn(bench.app.get(LoginsRepository), 'takeRenewal');
    const id = await loginId('generaliste');
    for (const longest of [3 * timeoutMs, 180_000]) {
      renewalMs.mockReturnValue(longest);
      const acting = await otherProcess().of(requestOf(id));
      aheadMs += 110_000;
      await acting.accessToken();
      expect(leases.mock.calls.at(-1)?.[2]).toBe(longest + 5_000);
    }
    renewalMs.mockRestore();
    leases.mockRestore();
  });

  it('cannot be read from the table by somebody without the secret', async () => {
    const id = await loginId('generaliste');
    await bench.app
      .get(DataSource)
      .query("UPDATE portal_login SET sealed = 'A' || substr(sealed, 2) WHERE id = $1", [id]);
    await expect(sessions().of(requestOf(id))).rejects.toMatchObject({ code: 'portal.login-required' });
  });
});
