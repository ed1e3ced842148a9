import type { HealthLevel } from '../../platform/health';

/** `critical` while a check is down, `warning` while it only asks for attention. */
export type AlarmSeverity = 'warning' | 'critical';

/** How long a trouble must last before it is an alarm, and how long it must be gone before it is none. */
export interface AlarmRule {
  /** Bad findings in a row, and for at least this long, ms: both must be reached. */
  readonly raiseChecks: number;
  readonly raiseMs: number;
  /** Good findings in a row. */
  readonly clearChecks: number;
}

interface Run {
  readonly findings: number;
  readonly sinceMs: number;
}

/** What is remembered of one check between two findings. */
export interface Watched {
  readonly severity?: AlarmSeverity;
  /** Beginning of the trouble behind the alarm, epoch ms. */
  readonly sinceMs?: number;
  /** Findings in a row that were not good, that were down, that were good, that were not down. */
  readonly bad?: Run;
  readonly down?: Run;
  readonly good?: Run;
  readonly notDown?: Run;
}

const longer = (run: Run | undefined, nowMs: number): Run => ({
  findings: (run?.findings ?? 0) + 1,
  sinceMs: run?.sinceMs ?? nowMs,
});

/**
 * One more finding of a check. The change, if any, is the difference of `severity`: one is raised, worsened, eased or
 * cleared only after enough findings in a row, so that a check that wavers raises one alarm and not twenty.
 */
export function observe(before: Watched, level: HealthLevel, nowMs: number, rule: AlarmRule): Watched {
  const runs = {
    bad: level === 'up' ? undefined : longer(before.bad, nowMs),
    down: level === 'down' ? longer(before.down, nowMs) : undefined,
    good: level === 'up' ? longer(before.good, nowMs) : undefined,
    notDown: level === 'down' ? undefined : longer(before.notDown, nowMs),
  };
  const lasts = (run: Run | undefined): run is Run =>
    run !== undefined && run.findings >= rule.raiseChecks && nowMs - run.sinceMs >= rule.raiseMs;
  const isOver = (run: Run | undefined) => run !== undefined && run.findings >= rule.clearChecks;
  const sinceMs = before.sinceMs ?? runs.bad?.sinceMs ?? nowMs;
  if (before.severity === undefined) {
    const severity = lasts(runs.down) ? 'critical' : lasts(runs.bad) ? 'warning' : undefined;
    return severity ? { ...runs, severity, sinceMs } : runs;
  }
  if (isOver(runs.good)) return runs;
  if (before.severity === 'warning' && lasts(runs.down)) return { ...runs, severity: 'critical', sinceMs };
  if (before.severity === 'critical' && isOver(runs.notDown)) return { ...runs, severity: 'warning', sinceMs };
  return { ...runs, severity: before.severity, sinceMs };
}
