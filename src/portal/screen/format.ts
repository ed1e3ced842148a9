import hbs from 'hbs';

const locale = 'fr-FR';

/** Dates and figures as professionals read them; times in the gateway's time zone. */
export class ScreenFormat {
  private readonly dayAndTime: Intl.DateTimeFormat;
  private readonly dayAlone: Intl.DateTimeFormat;
  private readonly isoDay: Intl.DateTimeFormat;

  constructor(readonly timeZone: string) {
    const day = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;
    const time = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    this.dayAndTime = new Intl.DateTimeFormat(locale, { ...day, ...time, timeZone });
    this.dayAlone = new Intl.DateTimeFormat(locale, { ...day, timeZone });
    this.isoDay = new Intl.DateTimeFormat('sv-SE', { ...day, timeZone });
  }

  /** 21/11/2026 04:12:03 */
  moment(value: unknown): string {
    const date = dateOf(value);
    return date ? this.dayAndTime.format(date).replace(',', '') : '';
  }

  day(value: unknown): string {
    const date = dateOf(value);
    return date ? this.dayAlone.format(date) : '';
  }

  /** 2026-11-21 of that moment here, as date fields hold it. */
  isoDayOf(date: Date): string {
    return this.isoDay.format(date);
  }

  /** The moment at which a day (2026-11-21) begins here, `addDays` later; undefined when it is no day. */
  beginningOf(day: unknown, addDays = 0): Date | undefined {
    if (typeof day !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
    const utc = new Date(`${day}T00:00:00Z`);
    if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 10) !== day) return undefined;
    utc.setUTCDate(utc.getUTCDate() + addDays);
    // Twice: the first guess may fall on the other side of a change of hour.
    const guess = new Date(utc.getTime() - this.offsetMs(utc));
    return new Date(utc.getTime() - this.offsetMs(guess));
  }

  private offsetMs(at: Date): number {
    const shown = this.dayAndTime.formatToParts(at);
    const part = (type: string) => Number(shown.find((one) => one.type === type)?.value);
    const here = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return here - Math.floor(at.getTime() / 1000) * 1000;
  }
}

function dateOf(value: unknown): Date | undefined {
  const date = value instanceof Date ? value : typeof value === 'string' ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}

/** 1 234 or 12,5 */
export function figure(value: unknown, digitsMax = 1): string {
  return typeof value === 'number' ? value.toLocaleString(locale, { maximumFractionDigits: digitsMax }) : '';
}

/** 850 ms, 4,2 s, 3 min, 2 h: in words short enough for a table. */
export function duration(ms: unknown): string {
  if (typeof ms !== 'number' || !Number.isFinite(ms)) return '';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${figure(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${figure(ms / 60_000, 0)} min`;
  return ms < 172_800_000 ? `${figure(ms / 3_600_000)} h` : `${figure(ms / 86_400_000, 0)} jours`;
}

/** 1,2 Go */
export function size(bytes: unknown): string {
  if (typeof bytes !== 'number') return '';
  const units = ['octets', 'ko', 'Mo', 'Go', 'To'];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${figure(bytes / 1000 ** step)} ${units[step]}`;
}

/** Makes the formats available to every view. */
export function registerFormats(format: ScreenFormat): void {
  hbs.registerHelper('moment', (value: unknown) => format.moment(value));
  hbs.registerHelper('day', (value: unknown) => format.day(value));
  hbs.registerHelper('iso', (value: unknown) =>
    value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : '',
  );
  hbs.registerHelper('figure', (value: unknown) => figure(value));
  hbs.registerHelper('duration', (value: unknown) => duration(value));
  hbs.registerHelper('size', (value: unknown) => size(value));
}
