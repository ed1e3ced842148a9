import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { EntityManager } from 'typeorm';
import type { AuditActor } from '../../audit';
import {
  ActingProfessional,
  chooseSituation,
  pscErrors,
  PscService,
  PscSession,
  SessionSeal,
  situationOf,
  WorkSituation,
} from '../../connectors/psc';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { persistenceConfig } from '../../platform/persistence';
import { portalConfig } from '../portal.config';
import { portalErrors } from '../portal.errors';
import { sessionSecret } from '../session/session-secret';
import { LoginsRepository, type RemovedLogin } from './logins.repository';

const defaultLifeMs = 30_000;
const lifeMsMax = 90_000;
/** For the database and a busy processor, beside what Pro Santé Connect may take. */
const leaseMarginMs = 5_000;
const pollMs = 150;

type Held = { readonly version: number; readonly session: PscSession };

/** The professional of a request, and tokens that are always fresh: what the pages ask for. */
@Injectable()
export class ProfessionalSessions {
  private readonly seal: SessionSeal;
  private readonly renewals = new Map<string, Promise<PscSession>>();
  /** Longer than a renewal may take; a process that dies meanwhile blocks the others no longer. */
  private readonly leaseMs: number;

  constructor(
    @Inject(portalConfig.token) config: ConfigOf<typeof portalConfig>,
    @Inject(persistenceConfig.token) persistence: ConfigOf<typeof persistenceConfig>,
    private readonly logins: LoginsRepository,
    private readonly psc: PscService,
  ) {
    this.leaseMs = psc.renewalMsMax + leaseMarginMs;
    this.seal = new SessionSeal(sessionSecret(config.sessionSecretFile, persistence.dataDir));
  }

  /** The professional logged in to this browser session. @throws GatewayError `portal.login-required` */
  async of(request: Request): Promise<ActingProfessional> {
    const { user, loginId } = request.session;
    const held = user?.provider === 'psc' && loginId ? await this.held(loginId) : undefined;
    if (!held || !loginId) throw new GatewayError(portalErrors.loginRequired);
    return { ...this.acting(loginId, held.session), address: request.ip };
  }

  /** The same, acting for a structure. @throws GatewayError `portal.situation-required`: the page to choose one follows */
  async inSituation(request: Request): Promise<ActingProfessional & { readonly situation: WorkSituation }> {
    const acting = await this.of(request);
    if (!acting.situation) throw new GatewayError(portalErrors.situationRequired);
    return { ...acting, situation: acting.situation };
  }

  /**
   * Acts for this structure from now on; undefined when it is none of the professional's.
   * @param record writes it into the trail; without its record, nothing is chosen
   */
  async choose(
    request: Request,
    structureId: string,
    record: (manager: EntityManager) => Promise<void>,
  ): Promise<WorkSituation | undefined> {
    const { loginId } = await this.of(request);
    const held = await this.held(loginId);
    const chosen = held && chooseSituation(held.session, structureId);
    if (!chosen) return undefined;
    await this.logins.transaction(async (manager) => {
      await this.logins.chooseSituation(loginId, structureId, manager);
      await record(manager);
    });
    return situationOf(chosen);
  }

  /** Keeps a login just made. `loginId` of an earlier login of the same professional is kept, so that open tabs go on. */
  async keep(
    login: { loginId: string; sessionSid: string; session: PscSession; endsAt: Date },
    manager: EntityManager,
  ): Promise<void> {
    const { session } = login;
    const row = {
      id: login.loginId,
      sessionSid: login.sessionSid,
      sealed: this.seal.seal(session),
      subject: session.professional.subject,
      providerSid: session.sid,
      accessEndsAt: new Date(session.accessTokenEndsAtMs),
      endsAt: login.endsAt,
    };
    await this.logins.put(row, manager);
  }

  /** What a login holds, for the logout at Pro Santé Connect and for the trail. */
  async sessionOf(loginId: string): Promise<PscSession | undefined> {
    return (await this.held(loginId))?.session;
  }

  /** Whose login a row of the table was, for the trail. */
  ownerOf({ sealed, situationId }: Pick<RemovedLogin, 'sealed' | 'situationId'>): AuditActor {
    const session = this.seal.open(sealed);
    if (!session) return {};
    const { subjectNameId, given, family } = session.professional;
    return {
      professionalId: subjectNameId,
      professionalName: [given, family].filter(Boolean).join(' '),
      structureId: situationOf({ ...session, situationId })?.structureId,
    };
  }

  private acting(loginId: string, session: PscSession): ActingProfessional {
    return {
      loginId,
      professional: session.professional,
      situations: session.situations,
      situation: situationOf(session),
      acr: session.acr,
      accessToken: async (lifeMs = defaultLifeMs) =>
        (await this.fresh(loginId, Math.min(lifeMs, lifeMsMax))).accessToken,
    };
  }

  private async held(loginId: string): Promise<Held | undefined> {
    const row = await this.logins.find(loginId);
    const session = row && this.seal.open(row.sealed);
    return row && session && { version: row.version, session: { ...session, situationId: row.situationId } };
  }

  /** One renewal at a time for a login, in this process and among all processes. */
  private fresh(loginId: string, lifeMs: number): Promise<PscSession> {
    const key = `${loginId} ${lifeMs}`;
    const underWay = this.renewals.get(key);
    if (underWay) return underWay;
    const renewal = this.freshAlone(loginId, lifeMs).finally(() => this.renewals.delete(key));
    this.renewals.set(key, renewal);
    return renewal;
  }

  private async freshAlone(loginId: string, lifeMs: number): Promise<PscSession> {
    const patienceEndsAt = performance.now() + this.leaseMs;
    while (performance.now() <= patienceEndsAt) {
      const held = await this.held(loginId);
      if (!held) throw new GatewayError(pscErrors.sessionEnded, { detail: 'no such login' });
      if (lives(held.session, lifeMs)) return held.session;
      if (await this.logins.takeRenewal(loginId, held.version, this.leaseMs)) return this.renew(loginId, held, lifeMs);
      await wait(pollMs);
    }
    throw new GatewayError(pscErrors.unreachable, { detail: 'another process renews for too long' });
  }

  private async renew(loginId: string, held: Held, lifeMs: number): Promise<PscSession> {
    try {
      const session = await this.psc.login.fresh(held.session, lifeMs);
      await this.logins.putRenewed(
        loginId,
        held.version,
        this.seal.seal(session),
        new Date(session.accessTokenEndsAtMs),
      );
      return session;
    } catch (error) {
      const { version } = held;
      const isEnded = GatewayError.of(error)?.code === pscErrors.sessionEnded.code;
      if (!isEnded) await this.logins.giveRenewalBack(loginId, version);
      // The professional may have logged in again meanwhile: what ended is the session before.
      else if (!(await this.logins.removeVersion(loginId, version))) return this.freshAlone(loginId, lifeMs);
      throw error;
    }
  }
}

function lives(session: PscSession, lifeMs: number): boolean {
  return session.accessTokenEndsAtMs - Date.now() >= lifeMs;
}
