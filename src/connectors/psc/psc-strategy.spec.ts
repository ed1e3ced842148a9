import type { Request } from 'express';
import { PscLogin } from './psc-login';
import { LoginAttempt, PscSession } from './psc-session';
import { PscStrategy, sessionAttempts } from './psc-strategy';

const redirectUrl = 'https://portail.test/psc/callback';

function requestAt(originalUrl: string, session: object = {}): Request {
  return { originalUrl, session } as unknown as Request;
}

/** Runs the strategy as passport does, and tells how it ended. */
function run(strategy: PscStrategy, request: Request): Promise<[string, unknown]> {
  return new Promise((resolve) => {
    const running = Object.create(strategy) as PscStrategy;
    running.redirect = (url: string) => resolve(['redirect', url]);
    running.success = (user: unknown) => resolve(['success', user]);
    running.error = (error: unknown) => resolve(['error', error]);
    running.authenticate(request, { returnTo: '/examens' });
  });
}

describe('the passport strategy', () => {
  let count = 0;
  const login = {
    start: async ({ returnTo }: { returnTo?: string }) => {
      count += 1;
      const attempt: LoginAttempt = {
        state: `s${count}`,
        nonce: 'n',
        codeVerifier: 'v',
        redirectUrl,
        startedAtMs: 0,
        returnTo,
      };
      return { url: new URL(`https://psc.test/auth?state=s${count}`), attempt };
    },
    finish: async (query: string, attempt: LoginAttempt) => ({ query, state: attempt.state }) as unknown as PscSession,
  } as unknown as PscLogin;
  const strategy = new PscStrategy({ login, attempts: sessionAttempts, redirectUrl });

  beforeEach(() => (count = 0));

  it('keeps the attempts of several tabs apart, each for one use', async () => {
    const session = {};
    expect(await run(strategy, requestAt('/login', session))).toEqual(['redirect', 'https://psc.test/auth?state=s1']);
    expect(await run(strategy, requestAt('/login', session))).toEqual(['redirect', 'https://psc.test/auth?state=s2']);
    const back = '/psc/callback?code=c&state=s1';
    expect(await run(strategy, requestAt(back, session))).toEqual([
      'success',
      { session: { query: 'code=c&state=s1', state: 's1' }, returnTo: '/examens' },
    ]);
    expect(await run(strategy, requestAt(back, session))).toMatchObject(['error', { code: 'psc.login-expired' }]);
    expect((await run(strategy, requestAt('/psc/callback?error=access_denied&state=s2', session)))[0]).toBe('success');
  });

  it.each(['/cb?code=c', '/cb?code=c&state=', '/cb?error=x&state=unknown'])(
    'refuses %s, which nobody here began',
    async (url) => {
      expect(await run(strategy, requestAt(url))).toMatchObject(['error', { code: 'psc.login-expired' }]);
    },
  );

  it('keeps ten attempts at most', async () => {
    const session: { pscAttempts?: LoginAttempt[] } = {};
    for (let tab = 0; tab < 15; tab++) await run(strategy, requestAt('/login', session));
    expect(session.pscAttempts?.map((one) => one.state)).toEqual([
      's6',
      's7',
      's8',
      's9',
      's10',
      's11',
      's12',
      's13',
      's14',
      's15',
    ]);
  });
});
