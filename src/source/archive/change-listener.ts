import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { Logger } from '../../platform/logging';
import type { DatabaseAddress } from '../../platform/persistence';

/** Channel on which a process tells the others, at commit, of which study the current manifest changed. */
export const changeChannel = 'source_manifest';

/** How long the listener's connection is believed after its last sign of life. */
const trustedForMs = 5_000;
const heartbeatEveryMs = 1_500;
const heartbeatTimeoutMs = 3_000;
const reconnectAfterMs = 1_000;
const stopTimeoutMs = 1_000;

export interface ChangeListenerEvents {
  /** The current manifest of that study changed. */
  changed(studyInstanceUid: string): void;
  /** Changes may have been missed: nothing remembered is to be believed. */
  lost(): void;
}

/**
 * Hears of changes made by other gateway processes, on a connection of its own (LISTEN needs one that is never pooled).
 * The embedded database has one process and delivers no notification: there it is always trusted and does nothing.
 */
export class ChangeListener {
  private client: Client | undefined;
  private aliveAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private readonly logger = new Logger('archive');

  constructor(
    private readonly address: DatabaseAddress,
    private readonly events: ChangeListenerEvents,
  ) {}

  /** Whether every change committed until now has been heard of, but for the time a message travels. */
  get trusted(): boolean {
    if (this.address.embedded) return true;
    return this.client !== undefined && performance.now() - this.aliveAt < trustedForMs;
  }

  async start(): Promise<void> {
    if (this.address.embedded) return;
    this.stopped = false;
    await this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const client = this.client;
    this.client = undefined;
    // A dead connection never says goodbye: the stop does not wait for it.
    const patience = new Promise<void>((resolve) => setTimeout(resolve, stopTimeoutMs).unref());
    await Promise.race([client?.end().catch(() => undefined), patience]);
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.address.url,
      ssl: this.address.caFile ? { ca: readFileSync(this.address.caFile, 'utf8'), rejectUnauthorized: true } : false,
      keepAlive: true,
      connectionTimeoutMillis: heartbeatTimeoutMs,
      query_timeout: heartbeatTimeoutMs,
      application_name: 'drimbox-archive-listener',
    });
    client.on('error', () => this.drop(client));
    client.on('end', () => this.drop(client));
    client.on('notification', (message) => this.events.changed(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${changeChannel}`);
    } catch {
      void client.end().catch(() => undefined);
      this.later(reconnectAfterMs, () => this.connect());
      return;
    }
    if (this.stopped) return void (await client.end().catch(() => undefined));
    // What changed while nobody listened is not known: start from nothing.
    this.events.lost();
    this.client = client;
    this.aliveAt = performance.now();
    this.later(heartbeatEveryMs, () => this.heartbeat(client));
  }

  /** A connection can die without a word; asking is the only way to know. */
  private async heartbeat(client: Client): Promise<void> {
    if (client !== this.client) return;
    const askedAt = performance.now();
    try {
      await client.query('SELECT 1');
      if (client !== this.client) return;
      if (!this.trusted) this.events.lost();
      this.aliveAt = askedAt;
      this.later(heartbeatEveryMs, () => this.heartbeat(client));
    } catch {
      this.drop(client);
    }
  }

  private drop(client: Client): void {
    if (client !== this.client) return;
    this.client = undefined;
    this.events.lost();
    void client.end().catch(() => undefined);
    if (this.stopped) return;
    this.logger.warn(
      {},
      'listener of manifest changes lost its connection: each request asks the database until it is back',
    );
    this.later(reconnectAfterMs, () => this.connect());
  }

  private later(ms: number, work: () => Promise<void>): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void work(), ms);
    this.timer.unref();
  }
}
