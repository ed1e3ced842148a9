import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { ViewerGrants } from '../../viewer';
import { portalConfig } from '../portal.config';
import { LoginEndings } from './login-endings';
import { LoginsRepository } from './logins.repository';
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
    const ended = await this.logins.removeEnded(new Date(), this.absentLogins);
    for (const { loginId, sessionId, sealed } of ended)
      await this.endings.ended({
        loginId,
        sessionId,
        actor: this.professionals.ownerOf(sealed),
        reason: 'session-ended',
      });
    this.absentLogins = await this.logins.withoutSession();
  }

  /** Viewers live in the memory of one process: each looks after its own. */
  private async endGrants(): Promise<void> {
    const { sessions } = this.grants;
    if (sessions.size === 0) return;
    const loggedInSince = new Date(Date.now() - this.config.sessionHoursMax * 3_600_000);
    const known = await this.logins.sessions([...sessions], { at: new Date(), loggedInSince });
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
