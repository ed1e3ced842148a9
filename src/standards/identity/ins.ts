import { Checked, refused, valid } from './checked';

/**
 * National health identity (INS): the registration number with its key (15 characters) and the OID that tells its nature.
 * "Référentiel Identifiant National de Santé", and "Liste des OID des autorités d'affectation des INS".
 */
export interface Ins {
  readonly matricule: string;
  readonly oid: string;
}

/** Natures of an INS. `nirTest` and `nirDemo` belong to invented people and are never published in production. */
export const insNatures = {
  nir: '1.2.250.1.213.1.4.8',
  nia: '1.2.250.1.213.1.4.9',
  nirTest: '1.2.250.1.213.1.4.10',
  nirDemo: '1.2.250.1.213.1.4.11',
} as const;

export type InsNature = keyof typeof insNatures;

/** Assigning authority names seen in PID-3.4 and in DICOM (0010,0021), by nature. */
export const insAuthorityNames: Readonly<Record<InsNature, string>> = {
  nir: 'ASIP-SANTE-INS-NIR',
  nia: 'ASIP-SANTE-INS-NIA',
  nirTest: 'ASIP-SANTE-INS-NIR',
  nirDemo: 'ASIP-SANTE-INS-NIR',
};

const realNatures: readonly string[] = [insNatures.nir, insNatures.nia];
const bodyLength = 13;
const matriculeLength = 15;
/** Sex or rank 1 to 8, year, month, department (2A and 2B in Corsica), commune, order. */
const bodyShape = /^[1-8]\d{4}(\d{2}|2[AB])\d{6}$/;

/** Nature of an INS by its OID, or undefined when the OID is not one of an INS. */
export function insNatureOf(oid: string): InsNature | undefined {
  return (Object.keys(insNatures) as InsNature[]).find((nature) => insNatures[nature] === oid);
}

/** The key of a 13 character registration number: 97 minus the rest by 97 (NF Z 45-100); Corsica counts 2A as 19, 2B as 18. */
export function insKey(body: string): string {
  const digits = body.replace('2A', '19').replace('2B', '18');
  return String(97 - (Number(digits) % 97)).padStart(2, '0');
}

/** Checks the 15 characters of a registration number (NIR or NIA) with its key. */
export function checkInsMatricule(text: string): Checked<string> {
  if (text === '') return refused('the INS is empty');
  if (text.length === bodyLength) return refused('the INS has no key (13 characters instead of 15)');
  if (text.length !== matriculeLength) return refused(`the INS has ${text.length} characters instead of 15`);
  const body = text.slice(0, bodyLength);
  if (!bodyShape.test(body)) return refused('the INS holds a character that its place does not allow');
  const key = text.slice(bodyLength);
  if (!/^\d{2}$/.test(key)) return refused('the key of the INS is not two digits');
  if (key !== insKey(body)) return refused('the key of the INS does not match its number');
  return valid(text);
}

/**
 * Checks an INS with the OID of its nature.
 * @param accepted OIDs of the natures that the caller accepts; real people (NIR, NIA) when left out.
 */
export function checkIns(ins: Ins, accepted: readonly string[] = realNatures): Checked<Ins> {
  const nature = insNatureOf(ins.oid);
  if (!nature && !accepted.includes(ins.oid)) return refused('the OID is not the one of an INS');
  if (!accepted.includes(ins.oid)) return refused(`an INS of nature ${nature} is not accepted here`);
  const matricule = checkInsMatricule(ins.matricule);
  return matricule.ok ? valid({ matricule: matricule.value, oid: ins.oid }) : matricule;
}

export function sameIns(one: Ins, other: Ins): boolean {
  return one.matricule === other.matricule && one.oid === other.oid;
}
