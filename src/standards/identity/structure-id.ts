import { Checked, refused, valid } from './checked';
import { passesLuhn } from './luhn';

/** OID of the national identification of structures (Struct_IdNat). */
export const structureIdOid = '1.2.250.1.71.4.2.2';

export type StructureIdKind = 'adeli-rank' | 'finess' | 'siren' | 'siret' | 'rpps-rank' | 'other';

export interface StructureId {
  /** National form (IDNST): a digit that tells the type, then the number: `1` + FINESS, `2` + SIREN, `3` + SIRET, `4` + RPPS and rank. */
  readonly national: string;
  readonly kind: StructureIdKind;
  /** The number without the digit of its type. */
  readonly number: string;
  /** Whether the Luhn key of the number is right; told and not enforced, as test structures often have a wrong one. */
  readonly keyIsRight: boolean;
}

/** Types of XON.7 of the national profile: geographic and legal FINESS, national identifier, and the two of the trade register. */
export const structureIdTypes = ['FINEG', 'FINEJ', 'IDNST', 'SIREN', 'SIRET'] as const;
export type StructureIdType = (typeof structureIdTypes)[number];

/** A FINESS number: 9 characters, department first (2A and 2B in Corsica). */
export function checkFiness(text: string): Checked<string> {
  return /^(\d{2}|2[AB])\d{7}$/.test(text)
    ? valid(text)
    : refused('a FINESS number is 9 digits (2A or 2B may come first)');
}

/**
 * A structure's identifier, in its national form or as the bare number that its type announces.
 * Reports of the national examples carry both `1750803447` (national form) and `750803447` (bare FINESS, type FINEG).
 */
export function checkStructureId(text: string, type?: string): Checked<StructureId> {
  if (text === '') return refused('the identifier of the structure is empty');
  if (type && !(structureIdTypes as readonly string[]).includes(type)) {
    return refused(`the type of the structure's identifier is not one of ${structureIdTypes.join(', ')}`);
  }
  const bare = bareNumber(text, type);
  if (bare) return valid(bare);
  const kind = nationalKind(text);
  if (!kind)
    return refused("the structure's identifier is neither a FINESS, a SIREN, a SIRET nor a national identifier");
  return valid(structure(kind, text.slice(1)));
}

function bareNumber(text: string, type: string | undefined): StructureId | undefined {
  if (type === 'SIREN') return /^\d{9}$/.test(text) ? structure('siren', text) : undefined;
  if (/^\d{14}$/.test(text) && type !== 'FINEG' && type !== 'FINEJ') return structure('siret', text);
  return checkFiness(text).ok ? structure('finess', text) : undefined;
}

/** `750803447` and `1750803447` are the same structure: its identifier without spaces, and without the type digit of a FINESS. */
export function comparableStructureId(id: string): string {
  const text = id.replace(/\s/g, '').toUpperCase();
  return nationalKind(text) === 'finess' ? text.slice(1) : text;
}

function nationalKind(text: string): StructureIdKind | undefined {
  if (/^1(\d{2}|2[AB])\d{7}$/.test(text)) return 'finess';
  if (/^2\d{9}$/.test(text)) return 'siren';
  if (/^3\d{14}$/.test(text)) return 'siret';
  if (/^4\d{11}\d{2,4}$/.test(text)) return 'rpps-rank';
  if (/^0(\d{2}|2[AB])\d{7}\d{2,4}$/.test(text)) return 'adeli-rank';
  return undefined;
}

const prefix: Record<StructureIdKind, string> = {
  'adeli-rank': '0',
  finess: '1',
  siren: '2',
  siret: '3',
  'rpps-rank': '4',
  other: '',
};
const keyed: ReadonlySet<StructureIdKind> = new Set(['finess', 'siren', 'siret']);

function structure(kind: StructureIdKind, number: string): StructureId {
  // How the key of a Corsican FINESS counts its letter is not published: it is not judged.
  const keyIsRight = !keyed.has(kind) || /[AB]/.test(number) || passesLuhn(number);
  return { national: `${prefix[kind]}${number}`, kind, number, keyIsRight };
}
