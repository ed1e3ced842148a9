import { randomUUID } from 'node:crypto';
import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { dmpConfig } from '../../../connectors/dmp';
import { ConfigOf } from '../../../platform/config';
import { describeCause, GatewayError } from '../../../platform/errors';
import { Logger, runWithCorrelation } from '../../../platform/logging';
import { publicationConfig } from '../publication.config';
import { publicationErrors } from '../publication.errors';
import { publicationStepDuration } from '../publication.metrics';
import { isActive, PublicationState } from '../state/publication-state';
import type { Publication, Reason } from '../store/publication';
import { LeaseLost, PublicationRepository } from '../store/publication.repository';
import { Circuit } from './circuit';
import { PrepareStep } from './prepare.step';
import { PublishStep } from './publish.step';
import { Settlement } from './settlement';

const reading: readonly PublicationState[] = ['received', 'waiting-for-images'];
const sending: readonly PublicationState[] = ['to-publish', 'publishing'];
const shutdownMsMax = 8_000;
/** Errors after which the same work would fail again. */
const lasting = ['dmp.unknown-structure', 'dmp.caller-refused', 'pacs.too-many-matches', 'archive.not-a-manifest'];
const pacsAway = ['pacs.unreachable', 'pacs.too-slow', 'pacs.too-many'];

/**
 * Takes due publications under a lease and leads each as far as it goes now. Several lanes, several processes: the database
 * gives each publication to one of them at a time, and events of one study in their order.
 */
@Injectable()
export class PublicationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('publication');
  private readonly stopping = new AbortController();
  private readonly lanes = new Set<Promise<void>>();
  private readonly dmpCircuit: Circuit;
  private readonly pacsCircuit: Circuit;
  private loop: Promise<void> | undefined;
  private wakeUp: () => void = () => undefined;

  constructor(
    private readonly publications: PublicationRepository,
    private readonly prepare: PrepareStep,
    private readonly publish: PublishStep,
    private readonly settlement: Settlement,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
    @Inject(dmpConfig.token) private readonly dmp: ConfigOf<typeof dmpConfig>,
  ) {
    const policy = { firstMs: Math.min(config.retryMs, 2_000), ceilingMs: Math.min(config.retryMsMax, 30_000) };
    this.dmpCircuit = new Circuit(policy);
    this.pacsCircuit = new Circuit(policy);
  }

  /** What is missing before anything can be published; undefined when the worker may run. */
  get obstacle(): 'disabled' | 'no-dmp' | 'no-public-url' | undefined {
    if (!this.config.enabled) return 'disabled';
    if (this.dmp.url === undefined) return 'no-dmp';
    return this.config.publicUrl === undefined ? 'no-public-url' : undefined;
  }

  onApplicationBootstrap(): void {
    const { obstacle } = this;
    if (obstacle) this.logger.warn({ obstacle }, 'nothing is published by this process');
    else this.loop = this.run();
  }

  /** Lets the lanes come to the end of their step; what they hold beyond that is put back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Error('the gateway stops'));
    this.wakeUp();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, shutdownMsMax)));
    const all = Promise.all([this.loop, ...this.lanes]).then(() => undefined);
    await Promise.race([all, patience]);
    clearTimeout(timer);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const isBusy = this.lanes.size >= this.config.concurrency;
      const taken = isBusy ? false : await this.take();
      if (!taken) await this.pause(isBusy ? undefined : this.config.pollMs);
    }
  }

  /** Starts one lane on the next due publication; false when there is none. */
  private async take(): Promise<boolean> {
    const mayRead = this.pacsCircuit.tryEnter();
    const maySend = this.dmpCircuit.tryEnter();
    const states = [...(mayRead ? reading : []), ...(maySend ? sending : [])];
    let held: Publication | undefined;
    try {
      if (states.length > 0) held = await this.publications.claim(states, randomUUID(), this.config.leaseMs);
    } catch (error) {
      this.logger.error({ cause: describeCause(error) }, 'the database gives no publication');
    }
    if (mayRead && !(held && reading.includes(held.state))) this.pacsCircuit.leave();
    if (maySend && !(held && sending.includes(held.state))) this.dmpCircuit.leave();
    if (!held) return false;
    const { correlationId } = held;
    const lane = runWithCorrelation(correlationId, () => this.lead(held)).finally(() => {
      this.lanes.delete(lane);
      this.wakeUp();
    });
    this.lanes.add(lane);
    return true;
  }

  /** Leads one publication, keeping its lease alive, until it ends, is put off, or is lost. */
  private async lead(taken: Publication): Promise<void> {
    const lost = new AbortController();
    const beat = setInterval(() => void this.renew(taken, lost), this.config.leaseMs / 3);
    const signal = AbortSignal.any([lost.signal, this.stopping.signal]);
    let held: Publication | undefined = taken;
    try {
      while (held && isActive(held.state)) {
        if (this.stopping.signal.aborted || (held !== taken && !this.mayGoOn(held))) {
          await this.publications.postpone(held, { inMs: 0 });
          return;
        }
        held = await this.step(held, signal);
      }
    } catch (error) {
      if (!(error instanceof LeaseLost))
        this.logger.error({ cause: describeCause(error) }, 'a publication was left as it is');
    } finally {
      clearInterval(beat);
    }
  }

  /** Having read the study, a publication goes on to the DMP at once, unless the DMP is known to be away. */
  private mayGoOn({ state }: Publication): boolean {
    return !sending.includes(state) || this.dmpCircuit.isOpen;
  }

  private async step(held: Publication, signal: AbortSignal): Promise<Publication | undefined> {
    const observe = publicationStepDuration.startTimer({ state: held.state });
    try {
      if (reading.includes(held.state)) {
        const next = await this.prepare.run(held, signal);
        // These two may have done without the PACS.
        if (held.kind === 'deletion' || held.kind === 'visibility') this.pacsCircuit.leave();
        else if (this.pacsCircuit.answered()) await this.publications.wake('pacs.');
        return next;
      }
      const { next, outage } = await this.publish.run(held, signal);
      if (outage) this.dmpCircuit.failed();
      else if (this.dmpCircuit.answered()) await this.publications.wake('dmp.');
      return next;
    } catch (error) {
      return await this.failed(held, error);
    } finally {
      observe();
    }
  }

  private async failed(held: Publication, error: unknown): Promise<undefined> {
    if (sending.includes(held.state)) this.dmpCircuit.leave();
    else this.pacsCircuit.leave();
    if (error instanceof LeaseLost) throw error;
    if (this.stopping.signal.aborted) {
      await this.publications.postpone(held, { inMs: 0 });
      return undefined;
    }
    const known = GatewayError.of(error);
    const reason: Reason = known
      ? { code: known.code, detail: known.detail }
      : { code: publicationErrors.internal.code, detail: undefined };
    if (known && pacsAway.includes(known.code)) this.pacsCircuit.failed();
    if (!known)
      this.logger.error({ publication: held.id, cause: describeCause(error) }, 'a step of a publication failed');
    if (known && (known.code.startsWith('publication.') || lasting.includes(known.code))) {
      await this.settlement.refused(held, reason);
    } else await this.settlement.later(held, reason);
    return undefined;
  }

  private async renew({ id, leaseToken = '' }: Publication, lost: AbortController): Promise<void> {
    try {
      const isOurs = await this.publications.renew(id, leaseToken, this.config.leaseMs);
      if (!isOurs) lost.abort(new LeaseLost(`publication ${id}`));
    } catch (error) {
      this.logger.warn({ publication: id, cause: describeCause(error) }, 'a lease could not be renewed');
    }
  }

  /** Until something may have changed: a lane ended, or the time is over. */
  private pause(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
