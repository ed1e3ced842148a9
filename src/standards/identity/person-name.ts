import { Checked, refused, valid } from './checked';

export interface PersonName {
  readonly family: string;
  readonly given: string;
}

const groupLengthMax = 64;
const groupsMax = 3;
const componentsMax = 5;
const forbidden = /[\\\u0000-\u001a\u001c-\u001f\u007f]/;

/** Checks a DICOM person name (PN, PS3.5 6.2): three groups by `=`, five components by `^`, 64 characters a group. */
export function checkDicomPersonName(text: string): Checked<string> {
  if (forbidden.test(text)) return refused('the person name holds a backslash or a control character');
  const groups = text.split('=');
  if (groups.length > groupsMax) return refused('the person name has more than 3 groups');
  for (const group of groups) {
    if ([...group].length > groupLengthMax)
      return refused(`a group of the person name exceeds ${groupLengthMax} characters`);
    if (group.split('^').length > componentsMax) return refused('the person name has more than 5 components');
  }
  return valid(text);
}

/** DICOM PN of a family and a given name. The delimiters of PN inside a name become spaces; too long a name is cut. */
export function toDicomPersonName(name: PersonName): string {
  const clean = (part: string) =>
    part
      .replace(/[\\^=\u0000-\u001f\u007f]/g, ' ')
      .replace(/ +/g, ' ')
      .trim();
  return [...`${clean(name.family)}^${clean(name.given)}`].slice(0, groupLengthMax).join('').replace(/\^$/, '');
}

/** The part of a name that comparisons look at: capitals without accents, one space for each apostrophe, hyphen or blank. */
export function comparableName(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll('Œ', 'OE')
    .replaceAll('Æ', 'AE')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
