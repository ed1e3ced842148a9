import type { Request } from 'express';
import { Strategy } from 'passport';
import { GatewayError } from '../../platform/errors';
import { PscLogin } from './psc-login';
import { pscErrors } from './psc.errors';
import { LoginAttempt, PscSession } from './psc-session';

/** Where the portal keeps login attempts (its session): several may be under way, one for each tab. */
export interface LoginAttempts {
  put(request: Request, attempt: LoginAttempt): void | Promise<void>;
  /** Gives the attempt of that state and forgets it: each may be used once. */
  take(request: Request, state: string): LoginAttempt | undefined | Promise<LoginAttempt | undefined>;
}

/** What passport puts in `req.user`. */
export interface LoggedIn {
  readonly session: PscSession;
  readonly returnTo?: string;
}

export interface PscStrategyOptions {
  readonly login: PscLogin;
  readonly attempts: LoginAttempts;
  readonly redirectUrl: string;
}

/** passport strategy `psc`: without `code` or `error` in the query it sends the browser away, with one it ends the login. */
export class PscStrategy extends Strategy {
  override name = 'psc';

  constructor(private readonly psc: PscStrategyOptions) {
    super();
  }

  override authenticate(request: Request, options: { returnTo?: string; prompt?: 'login' | 'none' } = {}): void {
    const query = request.originalUrl.split('?', 2)[1] ?? '';
    const parameters = new URLSearchParams(query);
    const isReturn = parameters.has('code') || parameters.has('error');
    const work = isReturn ? this.finish(request, query, parameters.get('state') ?? '') : this.begin(request, options);
    work.catch((error: unknown) => this.error(error));
  }

  private async begin(request: Request, options: { returnTo?: string; prompt?: 'login' | 'none' }): Promise<void> {
    const { url, attempt } = await this.psc.login.start({ redirectUrl: this.psc.redirectUrl, ...options });
    await this.psc.attempts.put(request, attempt);
    this.redirect(url.href);
  }

  private async finish(request: Request, query: string, state: string): Promise<void> {
    const attempt = state ? await this.psc.attempts.take(request, state) : undefined;
    if (!attempt) throw new GatewayError(pscErrors.loginExpired, { detail: 'no such attempt' });
    const session = await this.psc.login.finish(query, attempt);
    const user: LoggedIn = { session, returnTo: attempt.returnTo };
    this.success(user);
  }
}

const attemptsMax = 10;

/** Keeps attempts in an express-session: the last ten, under the key `pscAttempts`. */
export const sessionAttempts: LoginAttempts = {
  put(request, attempt) {
    const holder = holderOf(request);
    holder.pscAttempts = [...(holder.pscAttempts ?? []), attempt].slice(-attemptsMax);
  },
  take(request, state) {
    const holder = holderOf(request);
    const found = holder.pscAttempts?.find((one) => one.state === state);
    holder.pscAttempts = holder.pscAttempts?.filter((one) => one !== found);
    return found;
  },
};

function holderOf(request: Request): { pscAttempts?: LoginAttempt[] } {
  const { session } = request as Request & { session?: { pscAttempts?: LoginAttempt[] } };
  if (!session) throw new Error('the session middleware must come before the login');
  return session;
}
