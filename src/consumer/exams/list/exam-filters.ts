import { comparableName } from '../../../standards/identity';
import { formatDtm, parseDtm } from '../../../standards/xds';
import type { Exam, Label } from '../exam';

/** What the list is narrowed to; each is shown and can be taken away. Words are looked for by the page itself. */
export interface ExamFilters {
  readonly modality?: string;
  /** Code of a region, or its label as a caller names it. */
  readonly region?: string;
  readonly structure?: string;
  /** YYYYMMDD in `timeZone`, both included. */
  readonly from?: string;
  readonly to?: string;
  /** No limit of age: otherwise two years back. */
  readonly everything: boolean;
  /** Where the days of the filters are (IANA name): an exam of the night belongs to the day that the list shows. Default UTC. */
  readonly timeZone?: string;
  /** Versions that newer ones have replaced, too. */
  readonly earlier: boolean;
}

export const firstSearchYears = 2;

/** Day from which the record is asked (YYYYMMDD); undefined for its whole history. */
export function searchSince(filters: Pick<ExamFilters, 'from' | 'everything'>, now: Date): string | undefined {
  if (filters.everything) return undefined;
  const start = new Date(now);
  start.setUTCFullYear(start.getUTCFullYear() - firstSearchYears);
  const usual = formatDtm(start).slice(0, 8);
  // a day may begin before the same day in UTC, in which the record counts
  return filters.from !== undefined && filters.from < usual ? dayBefore(filters.from) : usual;
}

/** Whether no more than the usual years was asked for: an older `from` goes further back. */
export const isFirstSearch = (filters: Pick<ExamFilters, 'from' | 'everything'>, now: Date): boolean =>
  searchSince(filters, now) === searchSince({ everything: false }, now);

function dayBefore(day: string): string {
  const at = parseDtm(day);
  return at ? formatDtm(new Date(at.getTime() - 86_400_000)).slice(0, 8) : day;
}

/** YYYYMMDD of an exam: the record tells UTC, a manifest the time of its hospital. */
function dayReader(timeZone = 'UTC'): (exam: Exam) => string | undefined {
  const format = new Intl.DateTimeFormat('sv-SE', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone });
  return ({ date, source }) => {
    const at = date !== undefined && date.length > 8 && source === 'dmp' ? parseDtm(date) : undefined;
    return at ? format.format(at).replaceAll('-', '') : date?.slice(0, 8);
  };
}

const has = (labels: readonly Label[], wanted: string): boolean =>
  labels.some(({ code, label }) => code === wanted || comparableName(label) === comparableName(wanted));

/** Applies the filters; `since` is the day from which the record was asked. An exam without a date is kept. */
export function filterExams(exams: readonly Exam[], filters: ExamFilters, since: string | undefined): Exam[] {
  const from = filters.from ?? since;
  const dayOf = dayReader(filters.timeZone);
  return exams.filter((exam) => {
    const day = dayOf(exam);
    if (day !== undefined && from !== undefined && day < from) return false;
    if (day !== undefined && filters.to !== undefined && day > filters.to) return false;
    if (filters.modality !== undefined && !has(exam.modalities, filters.modality)) return false;
    if (filters.region !== undefined && !has(exam.regions, filters.region)) return false;
    return filters.structure === undefined || exam.structure === filters.structure;
  });
}

/** What the filters may be set to, from the exams found. */
export interface FilterChoices {
  readonly modalities: readonly Label[];
  readonly regions: readonly Label[];
  readonly structures: readonly string[];
}

export function choicesOf(exams: readonly Exam[]): FilterChoices {
  const distinct = (labels: readonly Label[]): Label[] =>
    [...new Map(labels.map((one) => [one.code, one])).values()].sort((a, b) => a.label.localeCompare(b.label, 'fr'));
  const structures = new Set(exams.map(({ structure }) => structure).filter((name) => name !== ''));
  return {
    modalities: distinct(exams.flatMap(({ modalities }) => modalities)),
    regions: distinct(exams.flatMap(({ regions }) => regions)),
    structures: [...structures].sort((a, b) => a.localeCompare(b, 'fr')),
  };
}
