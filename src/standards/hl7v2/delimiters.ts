import { Checked, refused, valid } from '../identity';

/** The separators that a message announces in MSH-1 and MSH-2. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  /** '' when the message announces none. */
  readonly escape: string;
  readonly subcomponent: string;
}

export const usualDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
};

/** Reads MSH-1 and MSH-2 of an MSH line; characters after the fourth of MSH-2 (truncation, 2.7) are accepted and unused. */
export function delimitersOf(line: string): Checked<Delimiters> {
  const field = line[3] ?? '';
  const encoding = line.slice(4).split(field, 1)[0] ?? '';
  if (field === '' || /[\w\s]/.test(field)) return refused('MSH-1 is not a separator');
  if (encoding.length < 2 || encoding.length > 5) return refused('MSH-2 has not 2 to 5 encoding characters');
  if (/[\w\s]/.test(encoding)) return refused('MSH-2 holds a letter, a digit or a blank');
  if (new Set(field + encoding).size !== encoding.length + 1)
    return refused('two separators of MSH-1 and MSH-2 are the same');
  const [component, repetition, escape = '', subcomponent = '&'] = encoding;
  return valid({ field, component, repetition, escape, subcomponent });
}
