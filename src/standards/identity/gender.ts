import { Checked, refused, valid } from './checked';

/** Administrative sex as the INS knows it: female, male, or undetermined. */
export type Gender = 'F' | 'M' | 'U';

const known: Readonly<Record<string, Gender>> = { F: 'F', M: 'M', U: 'U', UN: 'U', I: 'U', O: 'U', A: 'U', N: 'U' };

/** Reads HL7 table 0001 (F, M, U, O, A, N), CDA AdministrativeGender (F, M, UN) and the `I` of INSi. */
export function checkGender(code: string): Checked<Gender> {
  if (code === '') return refused('the sex is absent');
  const gender = Object.hasOwn(known, code) ? known[code] : undefined;
  return gender ? valid(gender) : refused('the sex is not a code of table 0001 nor of AdministrativeGender');
}

/** DICOM (0010,0040) PatientSex. */
export function genderToDicom(gender: Gender): 'F' | 'M' | 'O' {
  return gender === 'U' ? 'O' : gender;
}
