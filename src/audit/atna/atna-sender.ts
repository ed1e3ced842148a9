import { setTimeout as pause } from 'node:timers/promises';
import { writeAuditMessage } from '../../standards/atna';
import { frameSyslogMessage, writeSyslogMessage } from '../../standards/syslog';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { atnaFailures, atnaSent } from './atna.metrics';
import { AuditSpool, Delivered } from './audit-spool';
import { SpooledRecord } from './spooled-record';
import { RepositoryAddress, SyslogConnection } from './syslog-connection';
import { AuditingNode, toAuditMessage } from './to-audit-message';

export interface SenderOptions {
  readonly node: AuditingNode;
  readonly appName: string;
  readonly msgId: string;
  /** See DRIMBOX_ATNA_CONFIRMATION. */
  readonly confirmation: 'close' | 'none';
  readonly pollMs: number;
  /** Where the repository is, asked for each connection: certificates may have been renewed. */
  readonly repository: () => RepositoryAddress;
}

/** Facility 10 (security), severity 5 (notice), or 4 (warning) for what was refused or failed: DICOM PS3.15, A.6. */
const facility = 10;
const batchMax = 200;
/** Most messages, and longest time, that one connection carries before their receipt is confirmed. */
const messagesMax = 2_000;
const connectionMsMax = 5_000;
const waitMsMax = 60_000;
/** A repository that does not answer may not hold up the end of the gateway: what was not confirmed is sent again. */
const stopMsMax = 3_000;
/** RFC 5424, 7.3.1: sequenceId goes from 1 to 2147483647 and begins again. */
const sequenceMax = 2_147_483_647n;

/**
 * Sends the trail to the audit record repository: in order, each record at least once, whatever stops in between. A record
 * that comes twice carries the same number (`sequenceId`, and the object of the trail's record).
 */
export class AtnaSender {
  private readonly logger = new Logger('atna');
  private readonly stopping = new AbortController();
  private kept: SyslogConnection | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  /** Why the last attempt failed; undefined after a success. */
  lastFailure: string | undefined;

  constructor(
    private readonly spool: AuditSpool,
    private readonly options: SenderOptions,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Ends after the connection under way, and lets another process go on at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.running, pause(stopMsMax, undefined, { ref: false })]);
    this.kept?.destroy();
    await this.spool.release().catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      let waitMs = this.options.pollMs;
      try {
        if (await this.sendWaiting()) waitMs = 0;
        this.recovered();
      } catch (error) {
        waitMs = this.failed(error);
      }
      await pause(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Sends what waits, over one connection. @returns whether there may be more */
  async sendWaiting(): Promise<boolean> {
    const position = await this.spool.acquire();
    if (position === undefined) return false;
    let delivered: Delivered = { position, gaps: [], late: [] };
    let messages = await this.next(delivered);
    if (messages.records.length === 0) return false;
    const connection = await this.connection();
    const endAt = performance.now() + connectionMsMax;
    let sent = 0;
    try {
      while (messages.records.length > 0) {
        await connection.write(Buffer.concat(messages.records.map((record) => this.frame(record))));
        sent += messages.records.length;
        delivered = messages.after;
        if (sent >= messagesMax || performance.now() > endAt || this.stopping.signal.aborted) break;
        messages = await this.next(delivered);
      }
      if (this.options.confirmation === 'close') await connection.close();
    } catch (error) {
      connection.destroy();
      throw error;
    }
    await this.spool.advance(delivered);
    atnaSent.inc(sent);
    return sent >= messagesMax || messages.records.length > 0;
  }

  /** Late records first: they are the older ones. */
  private async next(before: Delivered): Promise<{ records: SpooledRecord[]; after: Delivered }> {
    const late = await this.spool.readLate(before.late, batchMax);
    const { records, position, gaps } = await this.spool.readAfter(before.position, batchMax);
    return {
      records: [...late, ...records],
      after: {
        position,
        gaps: [...before.gaps, ...gaps],
        late: [...before.late, ...late.map(({ id }) => BigInt(id))],
      },
    };
  }

  private async connection(): Promise<SyslogConnection> {
    if (this.options.confirmation === 'close') return SyslogConnection.open(this.options.repository());
    if (!this.kept?.isUsable) this.kept = await SyslogConnection.open(this.options.repository());
    return this.kept;
  }

  private frame(record: SpooledRecord): Buffer {
    const { node, appName, msgId } = this.options;
    const sequenceId = String(((BigInt(record.id) - 1n) % sequenceMax) + 1n);
    const message = writeSyslogMessage({
      facility,
      severity: record.outcome === 'success' ? 5 : 4,
      at: record.at,
      hostName: node.hostName,
      appName,
      procId: node.processId,
      msgId,
      structuredData: { meta: { sequenceId } },
      text: writeAuditMessage(toAuditMessage(record, node)),
    });
    return frameSyslogMessage(message);
  }

  private recovered(): void {
    if (this.failures > 0) this.logger.info({ failures: this.failures }, 'the audit record repository is back');
    this.failures = 0;
    this.lastFailure = undefined;
  }

  /** @returns how long to wait, ms: doubled at each failure */
  private failed(error: unknown): number {
    this.failures += 1;
    this.lastFailure = (error as NodeJS.ErrnoException).code ?? describeCause(error);
    atnaFailures.inc();
    if (this.failures === 1 || this.failures % 20 === 0)
      this.logger.warn(
        { cause: describeCause(error), failures: this.failures },
        'audit messages wait: the audit record repository did not take them',
      );
    return Math.min(waitMsMax, this.options.pollMs * 2 ** Math.min(this.failures - 1, 10));
  }
}
