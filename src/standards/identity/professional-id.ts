import { Checked, refused, valid } from './checked';
import { passesLuhn } from './luhn';

/** OID of the national identification of professionals (PS_IdNat). */
export const professionalIdOid = '1.2.250.1.71.4.2.1';

export type ProfessionalIdKind = 'rpps' | 'adeli' | 'internal';

export interface ProfessionalId {
  /** National form: a digit that tells the type, then the number (`8` + RPPS, `0` + ADELI, `3`, `5`… + structure/local number). */
  readonly national: string;
  readonly kind: ProfessionalIdKind;
  /** The number without the digit of its type. */
  readonly number: string;
  /** Whether the key inside the number is right; many test identities have a wrong one, so it is told and not enforced. */
  readonly keyIsRight: boolean;
}

const rppsLength = 11;
const nationalLengthMax = 64;

/** An RPPS number alone: 11 digits. */
export function checkRpps(text: string): Checked<string> {
  return new RegExp(`^\\d{${rppsLength}}$`).test(text) ? valid(text) : refused('an RPPS number is 11 digits');
}

/** An ADELI number alone: 9 characters, department first (2A and 2B in Corsica). */
export function checkAdeli(text: string): Checked<string> {
  return /^(\d{2}|2[AB])\d{7}$/.test(text)
    ? valid(text)
    : refused('an ADELI number is 9 digits (2A or 2B may come first)');
}

/**
 * A national professional identifier (PS_IdNat): `8` + 11 digits (RPPS), `0` + 9 (ADELI), or `3`, `5`, `6` followed by the
 * structure's number, `/` and the number given there. A bare RPPS (11) or ADELI (9) is read as such and completed.
 */
export function checkProfessionalId(text: string): Checked<ProfessionalId> {
  if (text === '') return refused('the identifier of the professional is empty');
  if (text.length > nationalLengthMax) return refused('the identifier of the professional is too long');
  if (/^8\d{11}$/.test(text)) return valid(rpps(text.slice(1)));
  if (/^0(\d{2}|2[AB])\d{7}$/.test(text)) return valid(adeli(text.slice(1)));
  if (checkRpps(text).ok) return valid(rpps(text));
  if (checkAdeli(text).ok) return valid(adeli(text));
  if (/^[1-6][0-9AB]{9,14}\/[\w.-]{1,40}$/.test(text)) {
    return valid({ national: text, kind: 'internal', number: text.slice(1), keyIsRight: true });
  }
  return refused(
    'the identifier of the professional is neither an RPPS, nor an ADELI, nor a structure number with "/"',
  );
}

function rpps(number: string): ProfessionalId {
  return { national: `8${number}`, kind: 'rpps', number, keyIsRight: passesLuhn(number) };
}

function adeli(number: string): ProfessionalId {
  return { national: `0${number}`, kind: 'adeli', number, keyIsRight: true };
}
