import { Global, Injectable, Module } from '@nestjs/common';
import { describeCause, GatewayError } from '../errors';

export type HealthLevel = 'up' | 'warning' | 'down';

/** What one check found. Texts name systems, never people. */
export interface HealthFinding {
  readonly level: HealthLevel;
  /** One French sentence for the operator's page: what was found. */
  readonly summary: string;
  /** What to do, in French, when not up. */
  readonly advice?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export interface HealthCheck {
  /** kebab-case, unique: `pacs`, `database`, `white-list`… */
  readonly name: string;
  /** When down, the gateway is not ready (a load balancer takes it out). */
  readonly critical: boolean;
  /** Must really ask; may take up to `timeoutMs` (default 3 s). */
  check(signal: AbortSignal): Promise<HealthFinding>;
  readonly timeoutMs?: number;
}

export interface HealthReport extends HealthFinding {
  readonly name: string;
  readonly critical: boolean;
  /** ISO time since which the level has been the same. */
  readonly since: string;
  readonly lastError?: string;
}

/** Every room registers its checks here at module initialisation. */
@Injectable()
export class HealthRegistry {
  private readonly checks = new Map<string, HealthCheck>();
  private readonly history = new Map<string, { level: HealthLevel; since: string; lastError?: string }>();

  register(check: HealthCheck): void {
    if (this.checks.has(check.name)) throw new Error(`health check registered twice: ${check.name}`);
    this.checks.set(check.name, check);
  }

  /** Runs all checks side by side. */
  async report(): Promise<HealthReport[]> {
    return Promise.all([...this.checks.values()].map((check) => this.run(check)));
  }

  /** Ready when no critical check is down. */
  static isReady(reports: readonly HealthReport[]): boolean {
    return reports.every((report) => !report.critical || report.level !== 'down');
  }

  private async run(check: HealthCheck): Promise<HealthReport> {
    const finding = await ask(check);
    const before = this.history.get(check.name);
    const since = before?.level === finding.level ? before.since : new Date().toISOString();
    const lastError = finding.error ?? before?.lastError;
    this.history.set(check.name, { level: finding.level, since, lastError });
    const { error: _error, ...told } = finding;
    return { name: check.name, critical: check.critical, since, lastError, ...told };
  }
}

async function ask(check: HealthCheck): Promise<HealthFinding & { error?: string }> {
  const timeoutMs = check.timeoutMs ?? 3_000;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await Promise.race([
      check.check(signal),
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`))),
      ),
    ]);
  } catch (error) {
    const text = GatewayError.of(error)?.code ?? describeCause(error);
    return { level: 'down', summary: `Le contrôle a échoué (${text}).`, error: text };
  }
}

@Global()
@Module({ providers: [HealthRegistry], exports: [HealthRegistry] })
export class HealthModule {}
