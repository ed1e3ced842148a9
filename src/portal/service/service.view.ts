import type { Alarm } from '../../audit/alarms';
import { familyOf, HealthRegistry, HealthReport } from '../../platform/health';
import type { PortalRole, PortalUser } from '../session/portal-user';
import { checkLabel, levelWords, serviceMessages as m, severityWords } from './service.messages';

/** Roles that see what is wrong, and those that may do something about it. */
const watchers: readonly PortalRole[] = ['operator', 'auditor', 'administrator'];
const carers: readonly PortalRole[] = ['operator', 'administrator'];
const isOneOf = (user: PortalUser | undefined, roles: readonly PortalRole[]): boolean =>
  user?.roles.some((role) => roles.includes(role)) ?? false;

export const mayAcknowledge = (user: PortalUser | undefined): boolean => isOneOf(user, carers);
export const guideOf = (check: string): string => `/service/aide/${familyOf(check)}`;

/** What the page shows of the checks: troubles first, then by name. */
export function serviceView(reports: readonly HealthReport[], at: Date) {
  const count = (level: HealthReport['level']) => reports.filter((report) => report.level === level).length;
  const [down, warning] = [count('down'), count('warning')];
  const isReady = HealthRegistry.isReady(reports);
  return {
    m,
    at,
    verdict: down + warning === 0 ? m.allWell : m.trouble(down, warning),
    readiness: isReady ? m.ready : m.notReady,
    tone: down > 0 ? 'bad' : warning > 0 ? 'warn' : 'good',
    checks: reports
      .map((report) => ({
        ...report,
        label: checkLabel(report.name),
        words: levelWords[report.level],
        guide: `/service/aide/${report.runbook}`,
        // While it lasts, the trouble is what the summary says already.
        lastError: report.lastError === report.summary ? undefined : report.lastError,
        facts: Object.entries(report.facts ?? {}).map(([key, value]) => ({ key, value: String(value) })),
      }))
      .sort((a, b) => a.words.rank - b.words.rank || a.label.localeCompare(b.label, 'fr')),
  };
}

export function alarmView(alarm: Alarm) {
  return {
    ...alarm,
    label: checkLabel(alarm.name),
    words: severityWords[alarm.severity],
    guide: guideOf(alarm.name),
    lastedMs: alarm.clearedAt && alarm.clearedAt.getTime() - alarm.raisedAt.getTime(),
  };
}

/** One line above every page of those who watch the service, while an alarm stands. */
export function alarmNotice(user: PortalUser | undefined, alarms: readonly Alarm[], path: string) {
  if (alarms.length === 0 || !isOneOf(user, watchers) || path === '/service') return undefined;
  const open = alarms.filter(({ acknowledgedAt }) => !acknowledgedAt);
  return {
    tone: open.some(({ severity }) => severity === 'critical') ? 'bad' : open.length > 0 ? 'warn' : 'calm',
    text: m.alarmsNow(alarms.length),
    names: alarms
      .slice(0, 4)
      .map(({ name, acknowledgedAt }) => checkLabel(name) + (acknowledgedAt ? ` (${m.inHand})` : ''))
      .join(', '),
    show: m.show,
  };
}
