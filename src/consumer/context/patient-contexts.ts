import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditTrail, failureOutcome, type AuditActor, type AuditEvent } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { RateLimiter } from '../../platform/http';
import { counter } from '../../platform/metrics';
import { insNatures } from '../../standards/identity';
import { callProfiles, CallProfile, oppositionName, oppositionWords, consentWords } from './call-profile';
import type { ContextualCall } from './called-patient';
import { CallerRules, CallOrigin } from './caller-rules';
import { contextConfig } from './context.config';
import { contextErrors } from './context.errors';
import { ContextRepository, ContextRow } from './context.repository';
import { situationFor, type PatientContext, type Viewer } from './patient-context';
import { CallFault, readContextualCall } from './read-contextual-call';
import { ConsumerSeal, digestOf, newReference } from './seal';

type Config = ConfigOf<typeof contextConfig>;

/** A call that is not acceptable, with the parameters at fault; their values are nowhere in it. */
export class CallRefused extends GatewayError {
  constructor(readonly faults: readonly CallFault[]) {
    const detail = faults.map(({ parameter, kind, reason }) =>
      [parameter ?? '(name not told)', kind, reason].filter(Boolean).join(': '),
    );
    super(contextErrors.callRefused, { detail: detail.join('; ').slice(0, 500) });
  }
}

const calls = counter('contextual_calls_total', 'Contextual calls received, by outcome', ['outcome']);
const purgeMs = 60_000;

/** Addresses that nobody gave are made up by the thousand: only so many of them are written down. */
const unknownAddresses = { perMinute: 20, burst: 20 };

/**
 * Why patients close: their button; the end of the login by its logout, by Pro Santé Connect, or because somebody else logged in to the
 * same browser; that of the browser session without a logout; or their own age.
 */
export type ClosingReason = 'asked' | 'login-ended' | 'by-provider' | 'replaced' | 'session-ended' | 'expired';

/** Who closes, and why. */
export interface Closing {
  readonly actor: AuditActor;
  readonly reason: ClosingReason;
}

/** The profile of the configuration: the named one, with the parts that an operator replaced. */
export function profileOf(config: Pick<Config, 'profile' | 'consentName' | 'consentWords' | 'optional'>): CallProfile {
  const named = callProfiles[config.profile];
  const names = config.consentName ? [config.consentName] : [...named.consent.keys()];
  const wordsOf = (name: string) =>
    config.consentWords ?? named.consent.get(name) ?? (name === oppositionName ? oppositionWords : consentWords);
  return {
    consent: new Map(names.map((name) => [name, wordsOf(name)])),
    optional: config.optional ?? named.optional,
  };
}

/** Patients that professionals have open: from the contextual call to the end of the session. */
@Injectable()
export class PatientContexts implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('consumer');
  private readonly profile: CallProfile;
  private readonly insOids: readonly string[];
  private readonly rules: CallerRules;
  private readonly endings: ((contextId: string) => void | Promise<void>)[] = [];
  private readonly unknown = new RateLimiter(unknownAddresses);
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(contextConfig.token) private readonly config: Config,
    private readonly contexts: ContextRepository,
    private readonly seal: ConsumerSeal,
    private readonly audit: AuditTrail,
  ) {
    this.profile = profileOf(config);
    this.insOids = config.insNatures.map((nature) => insNatures[nature]);
    this.rules = new CallerRules(config.origins, config.addresses);
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.purge(), purgeMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Told when a context ends (closed, logged out, expired): what was kept for it has to go. */
  onEnded(handler: (contextId: string) => void | Promise<void>): void {
    this.endings.push(handler);
  }

  /**
   * Takes one contextual call. Each call is a record of its own and is counted, refused or not.
   * @returns the opaque reference of the address at which a browser opens it, once
   * @throws CallRefused, or `context.caller-forbidden`
   */
  async receive(form: Readonly<Record<string, unknown>>, caller: CallOrigin): Promise<string> {
    let actor: AuditActor = { address: caller.address, peer: caller.origin };
    try {
      const call = this.admit(form, caller);
      actor = { ...actor, structureId: call.situationId };
      const reference = newReference();
      const id = newReference();
      const sealed = this.sealed(id, call);
      const row = { id, addressDigest: digestOf(reference), sealed, seconds: this.config.addressSeconds };
      await this.contexts.transaction(async (manager) => {
        await this.contexts.add(row, manager);
        const patient = call.patient.ins;
        await this.audit.record({ kind: 'context.called', outcome: 'success', actor, patient }, manager);
      });
      calls.inc({ outcome: 'success' });
      return reference;
    } catch (error) {
      calls.inc({ outcome: 'error' });
      await this.audit.record({ kind: 'context.called', actor, ...failureOutcome(error) });
      throw error;
    }
  }

  /**
   * The browser opens the address. `browser` is a secret of this browser that survives the login (a cookie): the first
   * browser that comes is the only one that may go on. An address that was used is refused, and that is recorded.
   * @param actor who comes, as far as it is known
   * @throws GatewayError `context.address-spent`
   */
  async claim(reference: string, browser: string, actor: AuditActor = {}): Promise<{ id: string }> {
    const row = isReference(reference)
      ? await this.contexts.claim(digestOf(reference), digestOf(browser), this.config.loginSeconds)
      : undefined;
    if (row) return { id: row.id };
    if (isReference(reference)) await this.recordRefused(reference, actor);
    throw new GatewayError(contextErrors.addressSpent);
  }

  /** Binds a claimed call to the professional who is now logged in; its address ends here. */
  open({ id }: { id: string }, viewer: Viewer): Promise<PatientContext> {
    const binding = { id, loginDigest: digestOf(viewer.loginId), minutes: this.config.minutes };
    return this.contexts.transaction(async (manager) => {
      const row = await this.contexts.bind(binding, manager);
      const context = row && this.unseal(row);
      if (!context) throw new GatewayError(contextErrors.addressSpent);
      const openedBy = actorOf(viewer, situationFor(context, viewer)?.structureId);
      const { patient, consent, situationId, filters } = context;
      await this.contexts.reseal(id, this.sealed(id, { patient, consent, situationId, filters, openedBy }), manager);
      const facts = { consent };
      await this.audit.record(
        { kind: 'context.opened', outcome: 'success', actor: openedBy, patient: patient.ins, facts },
        manager,
      );
      return { ...context, openedBy };
    });
  }

  /** @throws GatewayError `context.not-open` when this login has no such context (whatever the reason) */
  async get(id: string, viewer: Pick<Viewer, 'loginId'>): Promise<PatientContext> {
    const row = isReference(id) ? await this.contexts.find(id, digestOf(viewer.loginId)) : undefined;
    const context = row && this.unseal(row);
    if (!context) throw new GatewayError(contextErrors.notOpen);
    return context;
  }

  /** The patients that this login has open, the last one first. */
  async listOf(viewer: Pick<Viewer, 'loginId'>): Promise<PatientContext[]> {
    const rows = await this.contexts.listOf(digestOf(viewer.loginId));
    return rows.map((row) => this.unseal(row)).filter((one) => one !== undefined);
  }

  /** Acts for this structure on this patient. @returns false when it is none of the professional's situations */
  async chooseSituation(id: string, viewer: Viewer, structureId: string): Promise<boolean> {
    const { patient } = await this.get(id, viewer);
    const chosen = viewer.situations.find((one) => one.structureId === structureId);
    if (!chosen) return false;
    const choice = { id, loginDigest: digestOf(viewer.loginId), situationId: structureId };
    const event: AuditEvent = {
      kind: 'context.situation-chosen',
      outcome: 'success',
      actor: actorOf(viewer, structureId),
      patient: patient.ins,
      facts: { sector: chosen.sector },
    };
    await this.contexts.transaction(async (manager) => {
      await this.contexts.chooseSituation(choice, manager);
      await this.audit.record(event, manager);
    });
    return true;
  }

  /** Closes one patient, or all those of a login; the trail names who closed each of them. */
  async close(loginId: string, by: Closing, id?: string): Promise<void> {
    await this.end((manager) => this.contexts.remove(digestOf(loginId), id, manager), by);
  }

  /** Closes what is too old; the timer does it every minute. */
  async closeExpired(): Promise<void> {
    await this.end((manager) => this.contexts.removeEnded(manager), { actor: {}, reason: 'expired' });
  }

  /** What was kept for a patient goes once their closing stands in the trail. */
  private async end(remove: (manager: EntityManager) => Promise<ContextRow[]>, by: Closing): Promise<void> {
    const ended = await this.contexts.transaction(async (manager) => {
      const rows = await remove(manager);
      for (const row of rows) if (row.wasOpened) await this.recordClosed(row, by, manager);
      return rows;
    });
    await this.tellEnded(ended);
  }

  private recordClosed(row: ContextRow, { actor: by, reason }: Closing, manager: EntityManager): Promise<void> {
    const context = this.unseal(row);
    const opener = context?.openedBy;
    const structureId = by.structureId ?? row.situationId ?? opener?.structureId;
    const actor: AuditActor = { ...opener, address: undefined, ...by, structureId };
    const patient = context?.patient.ins;
    return this.audit.record(
      { kind: 'context.closed', outcome: 'success', actor, patient, facts: { reason } },
      manager,
    );
  }

  private async recordRefused(reference: string, actor: AuditActor): Promise<void> {
    const row = await this.contexts.ofAddress(digestOf(reference));
    if (!row && this.unknown.take('all') > 0) return;
    await this.audit.record({
      kind: 'context.address-refused',
      outcome: 'refused',
      actor,
      patient: row && this.unseal(row)?.patient.ins,
      errorCode: contextErrors.addressSpent.code,
      facts: { address: row ? 'used before' : 'unknown, or its call has ended' },
    });
  }

  private admit(form: Readonly<Record<string, unknown>>, caller: CallOrigin): ContextualCall {
    const refusal = this.rules.refusal(caller);
    if (refusal) throw new GatewayError(contextErrors.callerForbidden, { detail: refusal });
    const reading = readContextualCall(form, { profile: this.profile, insOids: this.insOids });
    if (!reading.ok) throw new CallRefused(reading.faults);
    return reading.call;
  }

  private sealed(id: string, call: ContextualCall & Pick<PatientContext, 'openedBy'>): Buffer {
    return this.seal.seal(Buffer.from(JSON.stringify(call)), id);
  }

  private unseal(row: ContextRow): PatientContext | undefined {
    const bytes = this.seal.open(row.sealed, row.id);
    if (!bytes) return undefined;
    const call = JSON.parse(bytes.toString('utf8')) as ContextualCall & Pick<PatientContext, 'openedBy'>;
    return { ...call, id: row.id, receivedAt: row.receivedAt, endsAt: row.endsAt, chosenSituationId: row.situationId };
  }

  private async purge(): Promise<void> {
    try {
      await this.closeExpired();
    } catch (error) {
      this.logger.warn({ cause: describeCause(error) }, 'ended patients could not be removed; tried again in a minute');
    }
  }

  private async tellEnded(ended: readonly ContextRow[]): Promise<void> {
    for (const { id } of ended)
      for (const handler of this.endings)
        await Promise.resolve(handler(id)).catch((error: unknown) =>
          this.logger.warn({ cause: describeCause(error) }, 'what was kept for an ended patient could not be removed'),
        );
  }
}

/** References and identifiers are made alike: 24 random bytes. */
const isReference = (text: string): boolean => /^[A-Za-z0-9_-]{32}$/.test(text);

/** The professional as the trail names them, with the situation in force. */
export function actorOf(viewer: Viewer, structureId = viewer.situation?.structureId): AuditActor {
  const { professional } = viewer;
  return {
    professionalId: professional.subjectNameId,
    professionalName: [professional.given, professional.family].filter(Boolean).join(' '),
    structureId,
    address: viewer.address,
  };
}
