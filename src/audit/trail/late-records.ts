import { describeCause } from '../../platform/errors';
import { correlationId, Logger, runWithCorrelation } from '../../platform/logging';
import { gauge } from '../../platform/metrics';
import type { AuditEvent } from './audit-event';

/** The pause between two attempts doubles. */
const retryMs = { first: 250, max: 5_000 };
const waitingMax = 10_000;
const waitingMetric = gauge('audit_late_records', 'Records of acts done that the trail has not taken yet');

interface Late {
  readonly event: AuditEvent;
  readonly correlation: string | undefined;
}

/**
 * Records of what has happened and cannot be taken back (images that are shown already). What the trail refuses waits here, with
 * its time and its correlation id, and is written as soon as the trail takes it; the health check counts it meanwhile.
 */
export class LateRecords {
  private readonly logger = new Logger('audit');
  private waiting: Late[] = [];
  private lostCount = 0;
  private pauseMs = retryMs.first;
  private timer?: NodeJS.Timeout;
  private round?: Promise<void>;

  constructor(private readonly write: (event: AuditEvent) => Promise<void>) {}

  get count(): number {
    return this.waiting.length;
  }

  /** Records that were too many to be held. */
  get lost(): number {
    return this.lostCount;
  }

  /** Resolves when the record is durable, or waits. Never rejects. */
  async record(event: AuditEvent): Promise<void> {
    const late: Late = { event: { ...event, at: event.at ?? new Date() }, correlation: correlationId() };
    try {
      await this.write(late.event);
    } catch (error) {
      this.keep(late, error);
    }
  }

  /** One attempt for each that waits, one round at a time. */
  retry(): Promise<void> {
    this.round ??= this.writeAll().finally(() => (this.round = undefined));
    return this.round;
  }

  /** A last attempt, before the database closes. */
  async close(): Promise<void> {
    await this.round;
    await this.retry();
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const { event, correlation } of this.waiting)
      this.logger.error({ kind: event.kind, act: correlation }, 'a record of the trail is lost: the gateway stops');
  }

  private keep(late: Late, error: unknown): void {
    const { kind } = late.event;
    if (this.waiting.length >= waitingMax) {
      this.lostCount += 1;
      this.logger.error({ kind, act: late.correlation }, 'a record of the trail is lost: too many wait');
      return;
    }
    this.waiting.push(late);
    waitingMetric.set(this.waiting.length);
    this.logger.error({ kind, cause: describeCause(error) }, 'a record of the trail could not be written; tried again');
    this.retrySoon();
  }

  private retrySoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.retry();
    }, this.pauseMs).unref();
  }

  /** One that is refused for itself does not hold back the others: it goes to the end. */
  private async writeAll(): Promise<void> {
    const turn = this.waiting.length;
    for (let written = 0; written < turn; written++) {
      const [late] = this.waiting;
      if (!late) break;
      const { event, correlation } = late;
      const attempt = () => this.write(event);
      const isWritten = await (correlation === undefined ? attempt() : runWithCorrelation(correlation, attempt)).then(
        () => true,
        () => false,
      );
      this.waiting.shift();
      if (isWritten) continue;
      this.waiting.push(late);
      break;
    }
    waitingMetric.set(this.waiting.length);
    this.pauseMs = this.waiting.length === 0 ? retryMs.first : Math.min(2 * this.pauseMs, retryMs.max);
    if (this.waiting.length > 0) this.retrySoon();
  }
}
