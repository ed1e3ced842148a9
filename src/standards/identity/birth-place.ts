import { Checked, refused, valid } from './checked';

export type BirthPlaceKind = 'commune' | 'overseas' | 'country' | 'unknown';

/** Birth place of an identity: INSEE official geographic code, always five characters. */
export interface BirthPlace {
  readonly code: string;
  readonly kind: BirthPlaceKind;
}

/** The code that INSi gives when the place is not known. */
const unknownPlace = '99999';

/** Checks a COG code: metropolitan commune (01001…, Corsica 2A and 2B), overseas (97, 98), foreign country (99xxx). */
export function checkBirthPlace(text: string): Checked<BirthPlace> {
  if (text === '') return refused('the code of the birth place is absent');
  if (text.length !== 5) return refused(`the code of the birth place has ${text.length} characters instead of 5`);
  if (!/^(\d{2}|2[AB])\d{3}$/.test(text)) return refused('the code of the birth place is not a COG code');
  if (text.startsWith('00')) return refused('the code of the birth place names department 00');
  return valid({ code: text, kind: kindOf(text) });
}

function kindOf(code: string): BirthPlaceKind {
  if (code === unknownPlace) return 'unknown';
  if (code.startsWith('99')) return 'country';
  return code.startsWith('97') || code.startsWith('98') ? 'overseas' : 'commune';
}
