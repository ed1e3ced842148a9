import { Inject, Injectable, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { familyOf, HealthRegistry, HealthReport } from '../../platform/health';
import { Logger } from '../../platform/logging';
import { gauge } from '../../platform/metrics';
import { Alarm, AlarmRepository, Sight } from './alarm.repository';
import { alarmsConfig } from './alarms.config';
import { AlarmRule, observe, Watched } from './hysteresis';

const severities = ['warning', 'critical'] as const;
const metric = gauge('alarm_active', '1 while the alarm of a check stands, by severity', ['alarm', 'severity']);
/** A process that missed this many rounds no longer counts among those who see an alarm. */
const roundsMissedMax = 4;

/** Asks every check at a steady pace, and says what lasts: to the log, to the metrics, to the trail. */
@Injectable()
export class AlarmWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('alarms');
  private readonly watched = new Map<string, Watched>();
  private readonly summaries = new Map<string, string>();
  private missed: Sight[] = [];
  private unsaved = new Set<string>();
  private board: readonly Alarm[] = [];
  private timer?: NodeJS.Timeout;
  private round?: Promise<void>;
  private isAway = false;

  constructor(
    @Inject(alarmsConfig.token) private readonly config: ConfigOf<typeof alarmsConfig>,
    private readonly health: HealthRegistry,
    private readonly alarms: AlarmRepository,
  ) {}

  /** Alarms that stand, as last agreed with the other processes; no question to the database. */
  active(): readonly Alarm[] {
    return this.board;
  }

  /** Alarms of the run before go on: they are not raised again, and end by good findings only. */
  async onApplicationBootstrap(): Promise<void> {
    this.show(await this.alarms.active());
    const checks = new Set(this.health.names());
    for (const { name, severity, raisedAt } of this.board)
      if (checks.has(name) && this.ruleOf(name)) this.watched.set(name, { severity, sinceMs: raisedAt.getTime() });
    this.timer = setInterval(() => void this.tick(), this.config.checkSeconds * 1_000).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  /** One round; one at a time. */
  tick(now: () => number = Date.now): Promise<void> {
    this.round ??= this.look(now).finally(() => (this.round = undefined));
    return this.round;
  }

  /** Somebody takes care of it. @returns false when it has ended, or is in hand already */
  async acknowledge(...given: Parameters<AlarmRepository['acknowledge']>): Promise<boolean> {
    const done = await this.alarms.acknowledge(...given);
    this.show(await this.alarms.active());
    return done;
  }

  private async look(now: () => number): Promise<void> {
    const reports = await this.health.report();
    for (const report of reports) this.observe(report, now());
    try {
      this.show(await this.settle());
      this.missed = [];
      this.unsaved.clear();
      this.isAway = false;
    } catch (error) {
      if (!this.isAway) this.logger.warn({ cause: describeCause(error) }, 'alarms cannot be kept; tried again');
      this.isAway = true;
      this.measure(new Map(this.seen().map(({ name, severity }) => [name, severity])));
    }
  }

  private observe(report: HealthReport, nowMs: number): void {
    const { name, level, summary } = report;
    const rule = this.ruleOf(name);
    if (!rule) return;
    const before = this.watched.get(name) ?? {};
    const after = observe(before, level, nowMs, rule);
    if (level !== 'up') this.summaries.set(name, summary);
    if (!before.severity && after.severity) this.unsaved.add(name);
    if (before.severity && !after.severity && this.unsaved.delete(name)) this.missed.push(this.sight(name, before));
    this.watched.set(name, after);
    this.tell(name, before, after);
  }

  private tell(alarm: string, before: Watched, after: Watched): void {
    if (before.severity === after.severity) return;
    const { severity } = after;
    const facts = { alarm, severity, runbook: `docs/runbook/${familyOf(alarm)}.md` };
    if (!severity) this.logger.info(facts, 'alarm cleared');
    else if (before.severity === 'critical') this.logger.info(facts, 'alarm eased');
    else this.logger[severity === 'critical' ? 'error' : 'warn'](facts, 'alarm raised');
  }

  private settle(): Promise<Alarm[]> {
    const checks = new Set(this.health.names());
    const silentMs = this.config.checkSeconds * 1_000 * roundsMissedMax;
    const mayEnd = (name: string) => {
      const rule = checks.has(name) ? this.ruleOf(name) : undefined;
      return !rule || (this.watched.get(name)?.good?.findings ?? 0) >= rule.clearChecks;
    };
    return this.alarms.settle({ seen: this.seen(), missed: this.missed, mayEnd, silentMs });
  }

  private seen(): Sight[] {
    return [...this.watched].flatMap(([name, watched]) => (watched.severity ? [this.sight(name, watched)] : []));
  }

  private sight(name: string, { severity = 'warning', sinceMs = 0 }: Watched): Sight {
    return { name, severity, summary: this.summaries.get(name) ?? '', since: new Date(sinceMs) };
  }

  private ruleOf(name: string): AlarmRule | undefined {
    const { raiseChecks, raiseSeconds, clearChecks, rules } = this.config;
    const { off, ...own } = { ...rules[familyOf(name)], ...rules[name] };
    const rule = { raiseChecks, raiseSeconds, clearChecks, ...own };
    return off ? undefined : { ...rule, raiseMs: rule.raiseSeconds * 1_000 };
  }

  private show(alarms: readonly Alarm[]): void {
    this.board = alarms;
    this.measure(new Map(alarms.map(({ name, severity }) => [name, severity])));
  }

  private measure(active: ReadonlyMap<string, string>): void {
    for (const alarm of new Set([...this.health.names(), ...active.keys()]))
      for (const severity of severities) metric.set({ alarm, severity }, active.get(alarm) === severity ? 1 : 0);
  }
}
