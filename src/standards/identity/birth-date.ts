import { Checked, refused, valid } from './checked';

export type BirthDatePrecision = 'day' | 'month' | 'year';

/**
 * Birth date of an identity. National rules keep what the birth certificate says: the day, or the day and the month, may be
 * unknown (`1979`, `197903`, or with `00` in their place), and a lunar calendar may give a day that its month has not (30 February).
 */
export interface BirthDate {
  /** Digits as given, without what is unknown: YYYY, YYYYMM or YYYYMMDD. */
  readonly text: string;
  readonly precision: BirthDatePrecision;
  /** The day does not exist in the Gregorian calendar. */
  readonly lunar: boolean;
}

const oldestYear = 1850;
const daysMax = 31;

/** Checks YYYY, YYYYMM or YYYYMMDD (hyphens allowed as in ISO 8601); a time after the day is ignored. */
export function checkBirthDate(text: string): Checked<BirthDate> {
  if (text === '') return refused('the birth date is absent');
  const found = /^(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:T?\d{2,6}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?$/.exec(text);
  if (!found) return refused('the birth date is not YYYY, YYYYMM or YYYYMMDD');
  const [, year, month = '00', day = '00'] = found;
  if (Number(year) < oldestYear) return refused(`the year of birth is before ${oldestYear}`);
  if (Number(month) > 12) return refused('the month of birth is above 12');
  if (Number(day) > daysMax) return refused('the day of birth is above 31');
  if (month === '00' && day !== '00') return refused('the birth date has a day without a month');
  if (month === '00') return valid({ text: year, precision: 'year', lunar: false });
  if (day === '00') return valid({ text: year + month, precision: 'month', lunar: false });
  const lunar = Number(day) > daysIn(Number(year), Number(month));
  return valid({ text: year + month + day, precision: 'day', lunar });
}

/** DICOM DA (PS3.5 6.2): the date if it is a real day, else undefined (the attribute is then left empty). */
export function birthDateToDicom(date: BirthDate): string | undefined {
  return date.precision === 'day' && !date.lunar ? date.text : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
