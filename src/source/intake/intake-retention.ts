import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { intakeConfig } from './intake.config';

const purgeMs = 3_600_000;
/** Messages emptied by one statement, so that no lock lasts. */
const batchSize = 200;
const batchesMax = 500;

/**
 * Empties messages whose time is over. What a publication needs was given to it when the message came; what tells a repeated
 * message (sender, control id, digest) and what was answered stay.
 */
@Injectable()
export class IntakeRetention implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('intake');
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(intakeConfig.token) private readonly config: Pick<ConfigOf<typeof intakeConfig>, 'retentionDays'>,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.purge(), purgeMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** @returns how many messages were emptied; never rejects. */
  async purge(): Promise<number> {
    let emptied = 0;
    try {
      for (let batch = 0; batch < batchesMax; batch += 1) {
        const [{ number }] = await this.dataSource.query<[{ number: number }]>(
          `WITH emptied AS (UPDATE intake_message SET raw = '' WHERE id IN (
             SELECT id FROM intake_message WHERE received_at < now() - $1 * interval '1 day' AND octet_length(raw) > 0
             ORDER BY received_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED) RETURNING 1)
           SELECT count(*)::int AS number FROM emptied`,
          [this.config.retentionDays],
        );
        emptied += number;
        if (number < batchSize) break;
      }
      if (emptied > 0) this.logger.info({ messages: emptied }, 'messages past their retention were emptied');
    } catch (error) {
      this.logger.error({ cause: describeCause(error) }, 'messages past their retention could not be emptied');
    }
    return emptied;
  }
}
