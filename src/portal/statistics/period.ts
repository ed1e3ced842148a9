import type { ScreenFormat } from '../screen/format';
import { shortcuts } from './statistics.messages';

const defaultDays = 30;
const daysMax = 400;
const dayMs = 86_400_000;

/** Days of the hospital, both included. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/** 2026-11-21 some days later, or earlier; a calendar day has no zone. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}

/** Every day from `from` (included) to `to` (excluded) as 2026-11-21. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day < to && days.length < daysMax; day = dayAfter(day, 1)) days.push(day);
  return days;
}

export const daysOf = ({ from, to }: Period): string[] => daysBetween(from, dayAfter(to, 1));

/** As many days, just before. */
export function periodBefore(period: Period): Period {
  const days = daysOf(period).length;
  return { from: dayAfter(period.from, -days), to: dayAfter(period.from, -1) };
}

/** What was asked for (`jours`, or `du` and `au`); the last thirty days for anything else. */
export function periodOf(query: Readonly<Record<string, unknown>>, format: ScreenFormat): Period {
  const today = format.isoDayOf(new Date());
  const last = (days: number): Period => ({ from: dayAfter(today, 1 - days), to: today });
  const days = Number(query.jours);
  if (shortcuts.some((number) => number === days)) return last(days);
  const { du: from, au: to } = query;
  const isDay = (day: unknown): day is string => format.beginningOf(day) !== undefined;
  const isPeriod = isDay(from) && isDay(to) && from <= to && daysBetween(from, to).length < daysMax;
  return isPeriod ? { from, to } : last(defaultDays);
}
