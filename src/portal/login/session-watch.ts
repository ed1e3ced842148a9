import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';
import { portalConfig } from '../portal.config';
import { LoginEndings, type EndedLogin } from './login-endings';
import { LoginsRepository, type SessionLimit } from './logins.repository';
import { ProfessionalSessions } from './professional-sessions';

/** What is left of a session outlives it by less than a quarter of a minute. */
const lookEveryMs = 7_000;

/**
 * Ends what belongs to browser sessions that ended by themselves, without a logout: idle for too long, older than the absolute
 * limit, or removed by another process. A session that is not there may be one that is being renewed by a second login: it has to
 * be absent twice.
 */
@Injectable()
export class SessionWatch implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('portal');
  private timer?: NodeJS.Timeout;
  private looking?: Promise<void>;
  private absentSessions: ReadonlySet<string> = new Set();
  private absentLogins: readonly string[] = [];

  constructor(
    @Inject(portalConfig.token) private readonly config: ConfigOf<typeof portalConfig>,
    private readonly logins: LoginsRepository,
    private readonly professionals: ProfessionalSessions,
    private readonly grants: ViewerGrants,
    private readonly endings: LoginEndings,
  ) {}

  onModuleInit(): void {
    if (this.config.enabled) this.timer = setInterval(() => void this.tryToLook(), lookEveryMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** One look; the timer has them one after the other. */
  async look(): Promise<void> {
    await this.endGrants();
    const at = new Date();
    for (const login of await this.logins.transaction((manager) => this.removeEnded(at, manager)))
      await this.endings.ended({ ...login, reason: 'session-ended' });
    this.absentLogins = await this.logins.withoutSession();
  }

  /** Each session that is over, with the line of its logout: those of Pro Santé Connect by their login, others by themselves. */
  private async removeEnded(at: Date, manager: EntityManager): Promise<EndedLogin[]> {
    const logins = await this.logins.removeEnded(at, this.absentLogins, manager);
    const ended: EndedLogin[] = [];
    for (const login of logins) {
      const actor = this.professionals.ownerOf(login);
      await this.endings.recordLogout(actor, factsOf(login.limit), manager);
      ended.push({ loginId: login.loginId, sessionId: login.sessionId, actor });
    }
    const told = new Set(logins.map(({ sessionId }) => sessionId));
    const limits = { at, loggedInSince: this.loggedInSince(at) };
    for (const { sessionId, user, limit } of await this.logins.removeEndedSessions(limits, manager)) {
      if (!user || told.has(sessionId)) continue;
      const actor = { professionalId: user.id, professionalName: user.name };
      await this.endings.recordLogout(actor, factsOf(limit), manager);
      ended.push({ sessionId, actor });
    }
    return ended;
  }

  private loggedInSince(at: Date): Date {
    return new Date(at.getTime() - this.config.sessionHoursMax * 3_600_000);
  }

  /** Viewers live in the memory of one process: each looks after its own. */
  private async endGrants(): Promise<void> {
    const { sessions } = this.grants;
    if (sessions.size === 0) return;
    const at = new Date();
    const known = await this.logins.sessions([...sessions], { at, loggedInSince: this.loggedInSince(at) });
    for (const sid of sessions)
      if (known.get(sid) === 'ended' || (!known.has(sid) && this.absentSessions.has(sid)))
        this.grants.closeSession(sid);
    this.absentSessions = new Set([...sessions].filter((sid) => !known.has(sid)));
  }

  private async tryToLook(): Promise<void> {
    if (this.looking) return;
    this.looking = this.look().catch((error: unknown) =>
      this.logger.warn({ cause: describeCause(error) }, 'ended sessions could not be looked for; tried again shortly'),
    );
    await this.looking;
    this.looking = undefined;
  }
}

type LogoutFacts = Parameters<LoginEndings['recordLogout']>[1];

const factsOf = (limit: SessionLimit | undefined): LogoutFacts =>
  limit ? { reason: 'expired', limit } : { reason: 'session-ended' };
