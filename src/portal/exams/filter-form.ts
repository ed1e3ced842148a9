import type { CalledFilters } from '../../consumer/context';
import type { ExamFilters } from '../../consumer/exams';

/** Filters as they stand in the address of the list: codes, days and names of structures, never a word about the patient. */
export interface FilterForm {
  readonly modalite?: string;
  readonly region?: string;
  readonly structure?: string;
  /** 2026-11-21 */
  readonly du?: string;
  readonly au?: string;
  /** `1`: the whole history. */
  readonly tout?: string;
  /** `1`: replaced versions too. */
  readonly versions?: string;
}

const short = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value.trim()) ? value.trim() : undefined;

const day = (value: unknown): string | undefined => {
  const text = short(value, /^\d{4}-\d{2}-\d{2}$/);
  return text !== undefined && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) ? text : undefined;
};

/** What of a query string is a filter; anything else is passed over. */
export function filterForm(query: Readonly<Record<string, unknown>>): FilterForm {
  return {
    modalite: short(query.modalite, /^[A-Z0-9_]{1,16}$/),
    region: short(query.region, /^[\p{L}\p{N} +'’()/-]{1,64}$/u),
    structure: short(query.structure, /^[^\p{Cc}]{1,200}$/u),
    du: day(query.du),
    au: day(query.au),
    tout: query.tout === '1' ? '1' : undefined,
    versions: query.versions === '1' ? '1' : undefined,
  };
}

const digits = (text: string | undefined): string | undefined => text?.replaceAll('-', '');

/** @param timeZone in which the list shows its days */
export const filtersOf = (form: FilterForm, timeZone: string): ExamFilters => ({
  timeZone,
  modality: form.modalite,
  region: form.region,
  structure: form.structure,
  from: digits(form.du),
  to: digits(form.au),
  everything: form.tout === '1',
  earlier: form.versions === '1',
});

/** The filters that a contextual call asks for, as query string of the list (empty when it asks for none). */
export function queryOfCall(filters: CalledFilters): string {
  const iso = (text: string | undefined) => text?.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  const pairs = Object.entries({
    modalite: filters.modality,
    region: filters.anatomicRegion,
    du: iso(filters.studyDateFrom),
    au: iso(filters.studyDateTo),
  }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
