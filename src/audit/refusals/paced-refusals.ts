import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import type { AuditEvent, AuditKind } from '../trail/audit-event';
import type { AuditTrail } from '../trail/audit-trail';
import { RecordPace } from './record-pace';

/** Until refusals that were only counted are told, when no record comes that tells them. */
const leftOutMs = 60_000;

export interface PacedRefusalsOptions {
  readonly kind: AuditKind;
  /** Room under whose name failures are logged. */
  readonly room: string;
  readonly now?: () => number;
}

export type RefusalFacts = Omit<AuditEvent, 'kind' | 'outcome'>;

/**
 * Records of refusals that cost their cause nothing. Each origin has its pace, so that one that hammers hides no other; what is
 * beyond it is counted, and told by the next record (`notRecordedBefore`), a minute later, or at the stop: no refusal is lost.
 */
export class PacedRefusals {
  private readonly pace: RecordPace;
  private readonly logger: Logger;
  private readonly underWay = new Set<Promise<unknown>>();
  private tellLater: NodeJS.Timeout | undefined;

  constructor(
    private readonly trail: Pick<AuditTrail, 'record'>,
    private readonly options: PacedRefusalsOptions,
  ) {
    this.pace = new RecordPace(options.now);
    this.logger = new Logger(options.room);
  }

  /**
   * Resolves when the record is durable, or at once when the refusal is only counted.
   * @throws what the trail throws; the refusal is then counted, and told when the trail is back
   */
  async record(origin: string, refusal: RefusalFacts): Promise<void> {
    const notRecorded = this.take(origin);
    if (notRecorded !== undefined) await this.recordOne(refusal, notRecorded);
  }

  /**
   * The same for who cannot wait.
   * @returns whether it has a record of its own
   */
  note(origin: string, refusal: RefusalFacts): boolean {
    const notRecorded = this.take(origin);
    if (notRecorded === undefined) return false;
    const done = this.recordOne(refusal, notRecorded)
      .catch((error: unknown) => this.logger.error({ cause: describeCause(error) }, 'a refusal could not be recorded'))
      .finally(() => this.underWay.delete(done));
    this.underWay.add(done);
    return true;
  }

  /** Tells what was only counted. Called at the stop, before the database closes. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.underWay);
    await this.tellLeftOut();
    clearTimeout(this.tellLater);
  }

  /** @returns how many were left out before this one; undefined when it is only counted itself */
  private take(origin: string): number | undefined {
    const notRecorded = this.pace.take(origin);
    if (notRecorded === undefined) this.tellSoon();
    return notRecorded;
  }

  private recordOne(refusal: RefusalFacts, notRecorded: number): Promise<void> {
    const facts = { ...refusal.facts, ...(notRecorded > 0 && { notRecordedBefore: notRecorded }) };
    return this.write({ ...refusal, ...(Object.keys(facts).length > 0 && { facts }) }, notRecorded + 1);
  }

  private tellSoon(): void {
    this.tellLater ??= setTimeout(() => void this.tellLeftOut(), leftOutMs).unref();
  }

  private async tellLeftOut(): Promise<void> {
    clearTimeout(this.tellLater);
    this.tellLater = undefined;
    const notRecorded = this.pace.leftOut();
    if (notRecorded === 0) return;
    await this.write({ actor: {}, facts: { notRecordedBefore: notRecorded } }, notRecorded).catch((error: unknown) =>
      this.logger.error({ cause: describeCause(error), notRecorded }, 'refusals could not be recorded'),
    );
  }

  private async write(refusal: RefusalFacts, stands: number): Promise<void> {
    try {
      await this.trail.record({ kind: this.options.kind, outcome: 'refused', ...refusal });
    } catch (error) {
      this.pace.giveBack(stands);
      this.tellSoon();
      throw error;
    }
  }
}
