import type {
  AuditKind,
  AuditOutcome,
  DailyCount,
  DailyLatency,
  FailureCount,
  Latency,
  ModalityCount,
  PeerCount,
  StructureCount,
} from '../../audit';
import { allErrors } from '../../platform/errors';
import { kindWords } from '../trail/trail.messages';
import { daysOf, Period } from './period';
import { neighbours, statisticsMessages as m } from './statistics.messages';

export interface Figures {
  /** Of the period, and of the one before. */
  readonly daily: readonly DailyCount[];
  readonly latencies: readonly Latency[];
  readonly dailyLatencies: readonly DailyLatency[];
  readonly failures: readonly FailureCount[];
  readonly peers: readonly PeerCount[];
  readonly structures: readonly StructureCount[];
  readonly modalities: readonly ModalityCount[];
}

/** What a figure counts, as the search of the trail names it. */
interface Search {
  readonly kind?: AuditKind;
  readonly outcome?: AuditOutcome;
  readonly errorCode?: string;
}

interface Series {
  readonly name: string;
  readonly tone: string;
  readonly values: readonly (number | null)[];
  readonly search?: Search;
}

/** A chart as the page's script draws it, and the same figures as rows of a table. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly type: 'bar' | 'line';
  readonly stacked?: boolean;
  readonly horizontal?: boolean;
  readonly logarithmic?: boolean;
  /** Head of the first column. */
  readonly first: string;
  readonly labels: readonly string[];
  /** What each label is about; together with that of the series it makes the search. */
  readonly rows: readonly {
    readonly day?: string;
    readonly search?: Search;
    /** The label at length, where there is room for it. */
    readonly words?: string;
  }[];
  readonly series: readonly Series[];
}

const megabyte = 1_000_000;
type Has = (row: DailyCount) => boolean;
type What = (row: DailyCount) => number;
const events: What = (row) => row.events;
const counts =
  (kind: AuditKind, outcome: AuditOutcome = 'success'): Has =>
  (row) =>
    row.kind === kind && row.outcome === outcome;
const moved: Has = (row) => row.kind === 'serving.delivered' || row.kind === 'retrieval.series';
/** An alarm is no failure of somebody's act. */
const failed: Has = (row) => row.outcome !== 'success' && !row.kind.startsWith('alarm.');

function sum(rows: readonly DailyCount[], has: Has, what: What = events): number {
  return rows.filter(has).reduce((total, row) => total + what(row), 0);
}

/** Percent by which it changed; nothing to say when there was nothing before. */
function changeOf(now: number, before: number): number | undefined {
  return before > 0 ? Math.round(((now - before) / before) * 100) : undefined;
}

export function tiles(figures: Figures, period: Period) {
  const now = figures.daily.filter(({ day }) => day >= period.from);
  const before = figures.daily.filter(({ day }) => day < period.from);
  const tile = (label: string, has: Has, more: { what?: What; search?: Search; tone?: string } = {}) => {
    const total = sum(now, has, more.what);
    const change = changeOf(total, sum(before, has, more.what));
    return {
      label,
      [more.what ? 'bytes' : 'number']: total,
      tone: more.tone === 'bad' && total === 0 ? '' : (more.tone ?? ''),
      change: change && m.change(change),
      isBetter: change !== undefined && change > 0 === (more.tone !== 'bad'),
      href: more.search && total > 0 ? trailHref(period, more.search) : undefined,
    };
  };
  const ofKind = (label: string, kind: AuditKind) =>
    tile(label, counts(kind), { search: { kind, outcome: 'success' } });
  return [
    ofKind(m.calls, 'context.called'),
    ofKind(m.reports, 'intake.accepted'),
    ofKind(m.published, 'publication.published'),
    ofKind(m.served, 'serving.delivered'),
    ofKind(m.retrieved, 'retrieval.series'),
    tile(m.volume, moved, { what: (row) => row.bytes }),
    tile(m.failures, failed, { tone: 'bad' }),
  ];
}

export function charts(figures: Figures, period: Period): Chart[] {
  const days = daysOf(period);
  const byDay = (id: string, title: string, series: Chart['series'], more: Partial<Chart> = {}): Chart => ({
    id,
    title,
    type: 'bar',
    first: m.day,
    labels: days.map((day) => `${day.slice(8)}/${day.slice(5, 7)}`),
    rows: days.map((day) => ({ day })),
    series,
    ...more,
  });
  const rowsOfDay = new Map<string, DailyCount[]>();
  for (const row of figures.daily) rowsOfDay.set(row.day, [...(rowsOfDay.get(row.day) ?? []), row]);
  const counted = (name: string, tone: string, kind: AuditKind, outcome: AuditOutcome = 'success', what = events) => ({
    name,
    tone,
    values: days.map((day) => sum(rowsOfDay.get(day) ?? [], counts(kind, outcome), what)),
    search: { kind, outcome },
  });
  const megabytes: What = (row) => Math.round((row.bytes / megabyte) * 10) / 10;
  return [
    byDay('sharing', m.sharing, [
      counted(m.reports, '1', 'intake.accepted'),
      counted(m.published, '2', 'publication.published'),
    ]),
    byDay(
      'images',
      m.images,
      [counted(m.served, '1', 'serving.delivered'), counted(m.retrieved, '4', 'retrieval.series')],
      { type: 'line' },
    ),
    byDay(
      'calls',
      m.callsByDay,
      [
        counted(m.success, '2', 'context.called'),
        counted(m.refused, '3', 'context.called', 'refused'),
        counted(m.failed, 'bad', 'context.called', 'failure'),
      ],
      { stacked: true },
    ),
    byDay(
      'volume',
      m.volumeByDay,
      [
        counted(m.out, '1', 'serving.delivered', 'success', megabytes),
        counted(m.in, '4', 'retrieval.series', 'success', megabytes),
      ],
      { stacked: true },
    ),
    latencyChart(figures.latencies),
    byDay('slowness', m.slowness, slownessSeries(figures.dailyLatencies, days), { type: 'line' }),
    causeChart(figures.failures),
    modalityChart(figures.modalities),
  ];
}

const neighbourOf = (kind: AuditKind) =>
  neighbours.findIndex(({ kinds }) => (kinds as readonly AuditKind[]).includes(kind));

function latencyChart(latencies: readonly Latency[]): Chart {
  const shown = latencies
    .filter(({ kind }) => neighbourOf(kind) >= 0)
    .sort((one, other) => neighbourOf(one.kind) - neighbourOf(other.kind))
    .slice(0, 8);
  const values = (pick: (latency: Latency) => number) => shown.map((latency) => Math.round(pick(latency)));
  return {
    id: 'latencies',
    title: m.latencies,
    note: m.latenciesNote,
    type: 'bar',
    horizontal: true,
    logarithmic: true,
    first: m.act,
    labels: shown.map(({ kind }) => `${neighbours[neighbourOf(kind)]?.name} : ${kindWords[kind] ?? kind}`),
    rows: shown.map(({ kind }) => ({ search: { kind, outcome: 'success' } })),
    series: [
      { name: m.median, tone: '2', values: values((one) => one.p50) },
      { name: m.p95, tone: '1', values: values((one) => one.p95) },
      { name: m.p99, tone: '3', values: values((one) => one.p99) },
    ],
  };
}

/** A day without an exchange has no duration: the line is interrupted. */
function slownessSeries(latencies: readonly DailyLatency[], days: readonly string[]): Chart['series'] {
  const found = new Map(latencies.map(({ day, group, p95 }) => [`${group} ${day}`, Math.round(p95)]));
  return neighbours.map(({ name, tone }, group) => ({
    name,
    tone,
    values: days.map((day) => found.get(`${group} ${day}`) ?? null),
  }));
}

/** What went wrong, in the words of the screen: one line for each cause. */
function causeChart(failures: readonly FailureCount[]): Chart {
  const shown = failures.slice(0, 12);
  const errors = new Map(allErrors().map((entry) => [entry.code, entry]));
  const words = ({ kind, errorCode }: FailureCount) => {
    const meaning = errors.get(errorCode)?.screen;
    return `${kindWords[kind] ?? kind} : ${meaning ? `${meaning} (${errorCode})` : errorCode}`;
  };
  const values = (outcome: AuditOutcome) => shown.map((one) => (one.outcome === outcome ? one.events : 0));
  return {
    id: 'causes',
    title: m.causes,
    type: 'bar',
    horizontal: true,
    stacked: true,
    first: m.cause,
    labels: shown.map(({ kind, errorCode }) => `${kindWords[kind] ?? kind} : ${errorCode}`),
    rows: shown.map((one) => ({
      words: words(one),
      search: { kind: one.kind, outcome: one.outcome, errorCode: one.errorCode },
    })),
    series: [
      { name: m.refused, tone: '3', values: values('refused') },
      { name: m.failed, tone: 'bad', values: values('failure') },
    ],
  };
}

function modalityChart(modalities: readonly ModalityCount[]): Chart {
  const shown = modalities.slice(0, 12);
  return {
    id: 'modalities',
    title: m.modalities,
    type: 'bar',
    first: m.modality,
    labels: shown.map(({ modality }) => modality),
    rows: shown.map(() => ({})),
    series: [
      { name: m.studiesPublished, tone: '2', values: shown.map(({ published }) => published) },
      { name: m.seriesRetrieved, tone: '4', values: shown.map(({ retrieved }) => retrieved) },
    ],
  };
}

export const isEmpty = ({ series }: Chart): boolean => series.every(({ values }) => values.every((value) => !value));

/** What the script draws: without what only the table needs. */
export function drawingOf({ type, stacked, horizontal, logarithmic, labels, series }: Chart): string {
  const lines = series.map(({ name, tone, values }) => ({ name, tone, values }));
  return JSON.stringify({ type, stacked, horizontal, logarithmic, labels, series: lines });
}

/** The table behind a chart: for those who do not see it, for those who want the figure, and for its links to the trail. */
export function tableOf(chart: Chart, period: Period, mayReadTrail: boolean) {
  return {
    head: [chart.first, ...chart.series.map(({ name }) => name)],
    rows: chart.labels.map((label, index) => {
      const { day, search, words } = chart.rows[index] ?? {};
      const cell = ({ values, search: own }: Series) => {
        const value = values[index] ?? null;
        const both = { ...search, ...own };
        const isLink = mayReadTrail && value !== null && value > 0 && both.kind !== undefined;
        return { value, href: isLink ? trailHref(day ? { from: day, to: day } : period, both) : undefined };
      };
      return { label: words ?? label, cells: chart.series.map(cell) };
    }),
  };
}

/** The search of the trail for what a figure counts; no person is ever in it. */
export function trailHref({ from, to }: Period, { kind, outcome, errorCode }: Search): string {
  const fields = { actes: kind, resultat: outcome, erreur: errorCode, du: from, au: to };
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return `/journal?${new URLSearchParams(given).toString()}`;
}
