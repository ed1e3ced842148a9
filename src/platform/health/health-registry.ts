import { Injectable } from '@nestjs/common';
import { describeCause, GatewayError } from '../errors';
import { gauge } from '../metrics';
import { familyOf, HealthCheck, HealthFinding, HealthLevel, HealthReport } from './health-check';

interface Memory {
  readonly level: HealthLevel;
  readonly since: string;
  readonly lastError?: string;
  readonly lastErrorAt?: string;
}

/** Whoever shows the health (readiness, page, peers) believes a report for this long: they agree, and nobody is flooded. */
export const believedMs = 2_000;
const errorLengthMax = 300;
const levels: Readonly<Record<HealthLevel, number>> = { up: 0, warning: 1, down: 2 };
const metric = gauge('health_level', 'What each check found: 0 up, 1 warning, 2 down', ['check']);

/** Every room registers its checks here at module initialisation. */
@Injectable()
export class HealthRegistry {
  private readonly checks = new Map<string, HealthCheck>();
  private readonly history = new Map<string, Memory>();
  private last?: { readonly beganAt: number; readonly reports: Promise<HealthReport[]> };

  register(check: HealthCheck): void {
    if (this.checks.has(check.name)) throw new Error(`health check registered twice: ${check.name}`);
    this.checks.set(check.name, check);
  }

  /** Names of all checks, in the order of their registration. */
  names(): string[] {
    return [...this.checks.keys()];
  }

  /** Runs all checks side by side. */
  async report(): Promise<HealthReport[]> {
    const reports = Promise.all([...this.checks.values()].map((check) => this.run(check)));
    this.last = { beganAt: performance.now(), reports };
    return reports;
  }

  /** The last report when it began within `ageMsMax`, else a new one. */
  recent(ageMsMax = believedMs): Promise<HealthReport[]> {
    const { last } = this;
    return last && performance.now() - last.beganAt <= ageMsMax ? last.reports : this.report();
  }

  /** Ready when no critical check is down. */
  static isReady(reports: readonly HealthReport[]): boolean {
    return reports.every((report) => !report.critical || report.level !== 'down');
  }

  private async run(check: HealthCheck): Promise<HealthReport> {
    const { error, ...finding } = await ask(check);
    const now = new Date().toISOString();
    const before = this.history.get(check.name);
    const trouble = finding.level === 'up' ? undefined : (error ?? finding.summary).slice(0, errorLengthMax);
    const memory: Memory = {
      level: finding.level,
      since: before?.level === finding.level ? before.since : now,
      lastError: trouble ?? before?.lastError,
      lastErrorAt: trouble ? now : before?.lastErrorAt,
    };
    this.history.set(check.name, memory);
    metric.set({ check: check.name }, levels[finding.level]);
    return { name: check.name, critical: check.critical, runbook: familyOf(check.name), ...memory, ...finding };
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
