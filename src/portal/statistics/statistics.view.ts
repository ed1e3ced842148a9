import type { AuditKind, DailyCount, FailureCount, Latency, PeerCount } from '../../audit';
import { allErrors } from '../../platform/errors';
import { kindWords } from '../trail/trail.messages';
import { statisticsMessages as m } from './statistics.messages';

export interface Figures {
  readonly daily: readonly DailyCount[];
  readonly latencies: readonly Latency[];
  readonly failures: readonly FailureCount[];
  readonly peers: readonly PeerCount[];
}

/** A chart as the page's script draws it, and the same figures as rows of a table. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly type: 'bar' | 'line';
  readonly stacked?: boolean;
  readonly horizontal?: boolean;
  readonly logarithmic?: boolean;
  readonly first: string;
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly tone: string; readonly values: readonly number[] }[];
}

const daysMax = 400;
const megabyte = 1_000_000;

/** Every day from `from` (included) to `to` (excluded) as 2026-11-21. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  const at = new Date(`${from}T00:00:00Z`);
  for (; at.toISOString().slice(0, 10) < to && days.length < daysMax; at.setUTCDate(at.getUTCDate() + 1))
    days.push(at.toISOString().slice(0, 10));
  return days;
}

type What = (row: DailyCount) => number;
const events: What = (row) => row.events;

class Sums {
  constructor(private readonly rows: readonly DailyCount[]) {}

  total(has: (row: DailyCount) => boolean, what: What = events): number {
    return this.rows.filter(has).reduce((sum, row) => sum + what(row), 0);
  }

  byDay(days: readonly string[], has: (row: DailyCount) => boolean, what: What = events): number[] {
    return days.map((day) => this.total((row) => row.day === day && has(row), what));
  }
}

const good = (kind: AuditKind) => (row: DailyCount) => row.kind === kind && row.outcome === 'success';
const bad = (kind: AuditKind) => (row: DailyCount) => row.kind === kind && row.outcome !== 'success';
const moved = (row: DailyCount) => row.kind === 'serving.delivered' || row.kind === 'retrieval.series';

export function tiles(figures: Figures) {
  const sums = new Sums(figures.daily);
  const failed = sums.total((row) => row.outcome !== 'success');
  return [
    { label: m.calls, number: sums.total(good('context.called')) },
    { label: m.reports, number: sums.total(good('intake.accepted')) },
    { label: m.published, number: sums.total(good('publication.published')), tone: 'good' },
    { label: m.served, number: sums.total(good('serving.delivered')) },
    { label: m.retrieved, number: sums.total(good('retrieval.series')) },
    { label: m.volume, bytes: sums.total(moved, (row) => row.bytes) },
    { label: m.failures, number: failed, tone: failed > 0 ? 'bad' : '' },
  ];
}

export function charts(figures: Figures, days: readonly string[]): Chart[] {
  const sums = new Sums(figures.daily);
  const labels = days.map((day) => `${day.slice(8)}/${day.slice(5, 7)}`);
  const megabytes = (row: DailyCount) => Math.round((row.bytes / megabyte) * 10) / 10;
  const series = (name: string, tone: string, has: (row: DailyCount) => boolean, what?: What) => ({
    name,
    tone,
    values: sums.byDay(days, has, what),
  });
  return [
    {
      id: 'activity',
      title: m.activity,
      type: 'line',
      first: m.day,
      labels,
      series: [
        series(m.reports, '1', good('intake.accepted')),
        series(m.published, '2', good('publication.published')),
        series(m.served, '3', good('serving.delivered')),
        series(m.retrieved, '4', good('retrieval.series')),
      ],
    },
    {
      id: 'calls',
      title: m.callsByDay,
      type: 'bar',
      stacked: true,
      first: m.day,
      labels,
      series: [series(m.success, '2', good('context.called')), series(m.error, 'bad', bad('context.called'))],
    },
    {
      id: 'volume',
      title: m.volumeByDay,
      type: 'bar',
      stacked: true,
      first: m.day,
      labels,
      series: [
        series(m.out, '1', good('serving.delivered'), megabytes),
        series(m.in, '4', good('retrieval.series'), megabytes),
      ],
    },
    latencyChart(figures.latencies.slice(0, 8)),
  ];
}

function latencyChart(latencies: readonly Latency[]): Chart {
  const values = (pick: (latency: Latency) => number) => latencies.map((latency) => Math.round(pick(latency)));
  return {
    id: 'latencies',
    title: m.latencies,
    type: 'bar',
    horizontal: true,
    logarithmic: true,
    first: m.act,
    labels: latencies.map(({ kind }) => kindWords[kind] ?? kind),
    series: [
      { name: m.median, tone: '2', values: values((one) => one.p50) },
      { name: m.p95, tone: '1', values: values((one) => one.p95) },
      { name: m.p99, tone: 'bad', values: values((one) => one.p99) },
    ],
  };
}

/** The table behind a chart: for those who do not see it, and for those who want the figure. */
export function tableOf(chart: Chart) {
  return {
    head: [chart.first, ...chart.series.map(({ name }) => name)],
    rows: chart.labels.map((label, index) => ({
      label,
      values: chart.series.map(({ values }) => values[index] ?? 0),
    })),
  };
}

export function causes(failures: readonly FailureCount[]) {
  const most = Math.max(1, ...failures.map((failure) => failure.events));
  return failures.slice(0, 12).map((failure) => {
    const entry = allErrors().find(({ code }) => code === failure.errorCode);
    return {
      ...failure,
      act: kindWords[failure.kind] ?? failure.kind,
      meaning: entry?.screen ?? failure.errorCode,
      share: Math.ceil((failure.events / most) * 100),
      href: `/journal?erreur=${encodeURIComponent(failure.errorCode)}`,
    };
  });
}
