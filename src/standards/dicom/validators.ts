/** Validators of single values: each returns the reason for refusal, or undefined when the value is good. */

export type UidFault = 'empty' | 'too-long' | 'character' | 'component-empty' | 'leading-zero';

/** UID (PS3.5 section 9.1 and 6.2 VR UI): at most 64 characters, numeric components without leading zero. */
export function uidFault(value: string): UidFault | undefined {
  if (value.length === 0) return 'empty';
  if (value.length > 64) return 'too-long';
  if (!/^[0-9.]+$/.test(value)) return 'character';
  const components = value.split('.');
  if (components.includes('')) return 'component-empty';
  return components.some((component) => component.length > 1 && component.startsWith('0')) ? 'leading-zero' : undefined;
}

export const isUid = (value: string): boolean => uidFault(value) === undefined;

export type AeTitleFault = 'empty' | 'too-long' | 'character';

/**
 * AE title (PS3.5 VR AE, PS3.8 9.3.2): 1 to 16 characters of the default repertoire without backslash nor control
 * characters; not only spaces. Leading and trailing spaces are not significant: give the value trimmed or not.
 */
export function aeTitleFault(value: string): AeTitleFault | undefined {
  if (value.trim().length === 0) return 'empty';
  if (value.length > 16) return 'too-long';
  return /^[\x20-\x5b\x5d-\x7e]+$/.test(value) ? undefined : 'character';
}

export type DateFault = 'form' | 'calendar';

/** Date (PS3.5 VR DA): YYYYMMDD, a day that exists. */
export function dicomDateFault(value: string): DateFault | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  if (!parts) return 'form';
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? undefined : 'calendar';
}

/** Time (PS3.5 VR TM): HH, HHMM, HHMMSS or HHMMSS.F to HHMMSS.FFFFFF; 60 seconds only for a leap second. */
export function isDicomTime(value: string): boolean {
  return /^([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?$/.test(value);
}
