import { REFERENCE_TYPE } from './codes';

/** HL7 v2 data types inside XDS metadata (ITI TF-3 4.2.3.1.7): CX, CXi, XCN, XON, DTM. */

const ESCAPES: Record<string, string> = { '\\': '\\E\\', '^': '\\S\\', '&': '\\T\\', '|': '\\F\\', '~': '\\R\\' };
const UNESCAPES: Record<string, string> = { E: '\\', S: '^', T: '&', F: '|', R: '~' };

/** Escapes the HL7 v2 delimiters of one component, so that a name with `^` cannot shift the next one. */
export const escapeComponent = (value: string): string => value.replace(/[\\^&|~]/g, (char) => ESCAPES[char] ?? char);
export const unescapeComponent = (value: string): string =>
  value.replace(/\\([ESTFR])\\/g, (_, letter: string) => UNESCAPES[letter] ?? '');

export interface ExtendedId {
  value: string;
  /** OID of the assigning authority. */
  authority: string;
  type: string;
}

/** `<value>^^^&<authority>&ISO^<type>`, type NH for the INS, PI for a local identifier. */
export const formatCx = (id: ExtendedId): string => `${escapeComponent(id.value)}^^^&${id.authority}&ISO^${id.type}`;

/** Reads a CX or CXi with an ISO authority; undefined when it is neither. */
export function parseCx(text: string): ExtendedId | undefined {
  const [value, , , authority, type] = text.split('^');
  const [, oid, kind] = (authority ?? '').split('&');
  if (!value || !oid || kind !== 'ISO' || !/^[0-2](\.(0|[1-9]\d*))+$/.test(oid)) return undefined;
  return { value: unescapeComponent(value), authority: oid, type: type ?? '' };
}

/** The patient identifier of the DMP: INS with the OID of its nature, type NH. */
export const formatPatientId = (ins: { matricule: string; oid: string }): string =>
  formatCx({ value: ins.matricule, authority: ins.oid, type: 'NH' });

/** The references of one kind among `referenceIdList`. */
export const referencesOf = (list: readonly string[], kind: keyof typeof REFERENCE_TYPE): ExtendedId[] =>
  list.flatMap((text) => {
    const parsed = parseCx(text);
    return parsed?.type === REFERENCE_TYPE[kind] ? [parsed] : [];
  });

/** The forms of XCN.10 and XCN.13 met in the DMP: a professional, or a system (`U`, `EI`). */
export interface PersonId {
  id: string;
  family: string;
  given: string;
  /** OID of the identifying system (XCN.9). */
  authority: string;
  /** XCN.10: `D` name of use, `U` unspecified (a system). */
  nameType: 'D' | 'U' | 'L';
  /** XCN.13: `IDNPS` for a professional, `EI` for a system or an employee. */
  idType: 'IDNPS' | 'EI' | 'RRI' | 'RPPS';
}

/** `<id>^<family>^<given>^^^^^^&<oid>&ISO^D^^^IDNPS` */
export const formatXcn = (person: PersonId): string =>
  `${escapeComponent(person.id)}^${escapeComponent(person.family)}^${escapeComponent(person.given)}^^^^^^&${person.authority}&ISO^${person.nameType}^^^${person.idType}`;

export interface InstitutionId {
  name: string;
  id: string;
  /** OID of the identifying system (XON.6). */
  authority: string;
}

/** `<name>^^^^^&<oid>&ISO^IDNST^^^<id>` */
export const formatXon = (institution: InstitutionId): string =>
  `${escapeComponent(institution.name)}^^^^^&${institution.authority}&ISO^IDNST^^^${escapeComponent(institution.id)}`;

/** Name and identifiers read from an XCN; absent components are empty. */
export function parseXcn(text: string): { id: string; family: string; given: string } {
  const [id = '', family = '', given = ''] = text.split('^').map(unescapeComponent);
  return { id, family, given };
}

export function parseXon(text: string): { name: string; id: string } {
  const parts = text.split('^').map(unescapeComponent);
  return { name: parts[0] ?? '', id: parts[9] ?? '' };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** DTM in UTC to the second, `yyyyMMddHHmmss` (ITI TF-3 4.2.3.1.7: times are UTC and carry no offset). */
export const formatDtm = (at: Date): string =>
  `${String(at.getUTCFullYear()).padStart(4, '0')}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}${two(at.getUTCSeconds())}`;

/** Reads a DTM of any precision as the first instant it covers. */
export function parseDtm(text: string): Date | undefined {
  const match = /^\d{4}(\d{2}){0,5}$/.exec(text);
  if (match === null) return undefined;
  const full = text + '00000101000000'.slice(text.length);
  const part = (from: number, to: number) => Number(full.slice(from, to));
  const at = new Date(Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14)));
  return formatDtm(at) === full ? at : undefined;
}
