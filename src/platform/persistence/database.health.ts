import { Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HealthRegistry } from '../health';

/** Asks the database a question that it must compute. */
@Injectable()
export class DatabaseHealth implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly health: HealthRegistry,
  ) {}

  onModuleInit(): void {
    this.health.register({
      name: 'database',
      critical: true,
      check: async () => {
        const from = performance.now();
        await this.dataSource.query('SELECT 1');
        const ms = Math.round(performance.now() - from);
        return { level: 'up', summary: `La base de données répond en ${ms} ms.`, facts: { ms } };
      },
    });
  }
}
