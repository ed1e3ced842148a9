import type { HealthReport } from '../../platform/health';
import { checkWords, levelWords, pacsCheck, serviceMessages } from './service.messages';

function label(name: string): string {
  const pacs = pacsCheck.exec(name)?.[1];
  return pacs ? `PACS « ${pacs} »` : (checkWords[name] ?? name);
}

/** What the page shows: troubles first, then by name. */
export function serviceView(reports: readonly HealthReport[], at: Date) {
  const count = (level: HealthReport['level']) => reports.filter((report) => report.level === level).length;
  const [down, warning] = [count('down'), count('warning')];
  const isWell = down + warning === 0;
  return {
    m: serviceMessages,
    at,
    verdict: isWell ? serviceMessages.allWell : serviceMessages.trouble(down, warning),
    tone: down > 0 ? 'bad' : warning > 0 ? 'warn' : 'good',
    checks: reports
      .map((report) => ({
        ...report,
        label: label(report.name),
        words: levelWords[report.level],
        facts: Object.entries(report.facts ?? {}).map(([key, value]) => ({ key, value: String(value) })),
      }))
      .sort((a, b) => a.words.rank - b.words.rank || a.label.localeCompare(b.label, 'fr')),
  };
}
