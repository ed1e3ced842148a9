import { Checked, refused, valid } from './checked';

const precisions = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond'] as const;
export type TimestampPrecision = (typeof precisions)[number];

/** A point in time as HL7 and CDA write it (TS, DTM): as precise as its digits, with an offset from UTC or without. */
export interface Timestamp {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly precision: TimestampPrecision;
  /** Minutes east of UTC; undefined when the sender did not say. */
  readonly offsetMinutes?: number;
}

const shape =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,9}))?)?)?)?)?)?(?:(Z)|([+-])(\d{2}):?(\d{2}))?$/;
const offsetMinutesMax = 14 * 60;

/** Checks YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ] (HL7 2.5 chapter 2.A.21, CDA datatype ts). */
export function checkTimestamp(text: string): Checked<Timestamp> {
  if (text === '') return refused('the time is absent');
  const found = shape.exec(text);
  if (!found) return refused('the time is not YYYYMMDDHHMMSS.SSS±ZZZZ, or a shorter form of it');
  const [, year, month, day, hour, minute, second, fraction, zulu, sign, offsetHours, offsetRest] = found;
  const given = [year, month, day, hour, minute, second, fraction].filter((part) => part !== undefined).length;
  const stamp: Timestamp = {
    year: Number(year),
    month: Number(month ?? 1),
    day: Number(day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3)),
    precision: precisions[given - 1],
    offsetMinutes: offset(zulu, sign, offsetHours, offsetRest),
  };
  const fault = impossible(stamp);
  return fault ? refused(fault) : valid(stamp);
}

function offset(
  zulu: string | undefined,
  sign: string | undefined,
  hours: string,
  minutes: string,
): number | undefined {
  if (zulu) return 0;
  if (!sign) return undefined;
  const east = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -east : east;
}

function impossible(stamp: Timestamp): string | undefined {
  if (stamp.month < 1 || stamp.month > 12) return 'the month is not between 01 and 12';
  const days = new Date(Date.UTC(stamp.year, stamp.month, 0)).getUTCDate();
  if (stamp.day < 1 || stamp.day > days) return 'the day does not exist in its month';
  if (stamp.hour > 23) return 'the hour is above 23';
  if (stamp.minute > 59 || stamp.second > 59) return 'the minutes or seconds are above 59';
  if (Math.abs(stamp.offsetMinutes ?? 0) > offsetMinutesMax) return 'the offset from UTC is above 14 hours';
  return undefined;
}

/** The instant; a time without offset is read in `zone` (IANA name), as the sender's clock shows it. */
export function timestampToDate(stamp: Timestamp, zone = 'Europe/Paris'): Date {
  const wall = Date.UTC(
    stamp.year,
    stamp.month - 1,
    stamp.day,
    stamp.hour,
    stamp.minute,
    stamp.second,
    stamp.millisecond,
  );
  if (stamp.offsetMinutes !== undefined) return new Date(wall - stamp.offsetMinutes * 60_000);
  const first = wall - zoneOffsetMs(wall, zone);
  return new Date(wall - zoneOffsetMs(first, zone));
}

function zoneOffsetMs(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US-u-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((found) => found.type === type)?.value);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(instant / 1000) * 1000;
}

/** UTC digits without offset, as XDS metadata want them (DTM); a date alone keeps its digits, whatever the zone. */
export function timestampToUtcDigits(stamp: Timestamp, zone = 'Europe/Paris'): string {
  const length = digitsOf[stamp.precision];
  if (length <= 8) {
    return `${pad(stamp.year, 4)}${pad(stamp.month, 2)}${pad(stamp.day, 2)}`.slice(0, length);
  }
  return timestampToDate(stamp, zone).toISOString().replace(/\D/g, '').slice(0, length);
}

const digitsOf: Readonly<Record<TimestampPrecision, number>> = {
  year: 4,
  month: 6,
  day: 8,
  hour: 10,
  minute: 12,
  second: 14,
  millisecond: 14,
};

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
