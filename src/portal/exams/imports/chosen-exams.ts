import { GatewayError, platformErrors } from '../../../platform/errors';

const uid = /^[0-9.]{1,64}$/;

/** A field that may come once, several times, or as a list with commas. */
export function fieldList(value: unknown): string[] {
  const texts = (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
  return [...new Set(texts.flatMap((text) => text.split(',')).filter((text) => text !== ''))];
}

/** Exams named in an address or a form: at least one, at most so many. */
export function chosenExams(value: unknown, countMax: number): string[] {
  const ids = fieldList(value);
  if (ids.length === 0 || ids.length > countMax || !ids.every((id) => /^[\w-]{1,40}$/.test(id)))
    throw new GatewayError(platformErrors.badRequest, { detail: 'examens' });
  return ids;
}

/** Series chosen in the form; undefined when it offered no choice. */
export function chosenSeries(value: unknown, isWhole: unknown): string[] | undefined {
  if (isWhole === '1') return undefined;
  return fieldList(value).filter((one) => uid.test(one));
}
