import { randomBytes } from 'node:crypto';
import { Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';

const beatMs = 5_000;
const leaseSeconds = 20;

/** Identifiers of the processes that live: a subquery for statements of the rooms that note an owner. */
export const livingProcesses = `SELECT id FROM consumer_process WHERE seen_at > now() - interval '${leaseSeconds} seconds'`;

/**
 * This process among all those of the gateway on one database. What it does is noted under its `id`; when it has not been
 * seen for twenty seconds (killed, cut from the database), others may take over what it left.
 */
@Injectable()
export class Presence implements OnModuleInit, OnApplicationShutdown {
  readonly id = randomBytes(16).toString('hex');
  private readonly logger = new Logger('consumer');
  private timer?: NodeJS.Timeout;

  constructor(private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    await this.beat();
    await this.dataSource.query(`DELETE FROM consumer_process WHERE seen_at < now() - interval '1 day'`);
    this.timer = setInterval(() => void this.tryToBeat(), beatMs).unref();
  }

  /** Others need not wait for the end of the lease. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.dataSource.query('DELETE FROM consumer_process WHERE id = $1', [this.id]).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    await this.dataSource.query(
      'INSERT INTO consumer_process (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET seen_at = now()',
      [this.id],
    );
  }

  private async tryToBeat(): Promise<void> {
    await this.beat().catch((error: unknown) => {
      this.logger.warn({ cause: describeCause(error) }, 'the presence of this process could not be noted');
    });
  }
}
