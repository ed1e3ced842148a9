import { KOS_CODES, OID, parseXon, STATUS, type Code, type DocumentEntry } from '../../../standards/xds';
import type { Label } from '../exam';

/** What the entries of the record say of an exam. */

export const LOINC = '2.16.840.1.113883.6.1';
/** LOINC type of an imaging report. */
export const reportType = { code: '18748-4', scheme: LOINC };
const SNOMED_CT = '2.16.840.1.113883.6.96';
const DCM = '1.2.840.10008.2.16.4';

export const isDeleted = (entry: DocumentEntry): boolean => entry.availabilityStatus === STATUS.deleted;
export const isReplaced = (entry: DocumentEntry): boolean => entry.availabilityStatus === STATUS.deprecated;

export const isManifest = (entry: DocumentEntry): boolean =>
  entry.typeCode?.code === KOS_CODES.typeCode.code || entry.formatCode?.code === KOS_CODES.formatCode.code;

export const isReport = (entry: DocumentEntry): boolean =>
  entry.typeCode?.code === reportType.code && entry.mimeType === 'text/xml';

const isSnomed = (code: Code): boolean => /^\d{6,18}$/.test(code.code);
const isCcam = (code: Code): boolean => /^[A-Z]{4}\d{3}/.test(code.code);

/** Modalities are written in the national value set, or as DICOM codes. */
const isModality = (code: Code): boolean => code.scheme === OID.modalities || code.scheme === DCM;

/** Regions have a value set of their own; published samples give them the OID of the acts. */
const isRegion = (code: Code): boolean =>
  code.scheme === OID.regions || ([OID.acts, SNOMED_CT].includes(code.scheme) && isSnomed(code));

const isAct = (code: Code): boolean => code.scheme === LOINC || (code.scheme === OID.acts && isCcam(code));

function labels(entries: readonly DocumentEntry[], accept: (code: Code) => boolean, name = displayOf): Label[] {
  const found = new Map<string, Label>();
  for (const entry of entries)
    for (const code of entry.eventCodeList)
      if (accept(code) && !found.has(code.code)) found.set(code.code, { code: code.code, label: name(code) });
  return [...found.values()];
}

const displayOf = (code: Code): string => code.display || code.code;

/** Series of documents are no modality that a professional looks for. */
export const notImages: ReadonlySet<string> = new Set(['KO', 'SR', 'PR', 'DOC']);

export const modalitiesOf = (entries: readonly DocumentEntry[]): Label[] =>
  labels(entries, (code) => isModality(code) && !notImages.has(code.code));
export const regionsOf = (entries: readonly DocumentEntry[]): Label[] => labels(entries, isRegion);

/** Titles that every manifest or report bears. */
const generic = /^(r[ée]f[ée]rence d'?\s*objets d'un examen d'imagerie|cr d'imagerie m[ée]dicale|compte rendu)$/i;

export function descriptionOf(entries: readonly DocumentEntry[]): string {
  const acts = labels(entries, isAct).map(({ label }) => label);
  if (acts.length > 0) return acts.slice(0, 3).join(', ');
  const titles = entries
    .map(({ title }) => (title ?? '').trim())
    .filter((title) => title !== '' && !generic.test(title));
  return titles[0] ?? '';
}

export function structureOf(entries: readonly DocumentEntry[]): string {
  const names = entries.flatMap(({ authors }) =>
    authors.flatMap(({ authorInstitution }) => authorInstitution.map((text) => parseXon(text).name.trim())),
  );
  return names.find((name) => name !== '') ?? '';
}

export const dateOf = (entries: readonly DocumentEntry[]): string | undefined =>
  entries.map(({ serviceStartTime }) => serviceStartTime).find((time) => time !== undefined && time !== '') ??
  entries.map(({ creationTime }) => creationTime).find((time) => time !== undefined && time !== '');
