import { Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HealthFinding, HealthRegistry } from '../health';

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
      check: () => this.check(),
    });
  }

  private async check(): Promise<HealthFinding> {
    const from = performance.now();
    try {
      await this.dataSource.query('SELECT 1');
    } catch (error) {
      return {
        level: 'down',
        summary: `La base de données ne répond pas (${codeOf(error)}).`,
        advice:
          'Vérifier que PostgreSQL est démarré et joignable, puis son journal : rien n’est reçu ni servi sans elle.',
      };
    }
    const ms = Math.round(performance.now() - from);
    return { level: 'up', summary: `La base de données répond en ${ms} ms.`, facts: { ms } };
  }
}

/** ECONNREFUSED, 57P01…: never the message, which may quote a statement. */
function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[\w-]{1,40}$/.test(code) ? code : 'erreur';
}
