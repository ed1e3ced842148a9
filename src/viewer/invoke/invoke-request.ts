import { isUid } from '../../standards/dicom';

/** A link to the source viewer, as a report carries it (IHE Invoke Image Display, RAD-106, with the project's `idCDA`). */
export interface InvokeRequest {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  /** `<root>` or `<root>_<extension>` of the report's CDA id. */
  readonly idCda: string;
}

export type InvokeReading =
  | { readonly ok: true; readonly request: InvokeRequest }
  | { readonly ok: false; readonly parameter: string; readonly reason: 'missing' | 'repeated' | 'malformed' };

/** Both spellings that the project's documents use, and IHE's own. */
const spellings = {
  requestType: ['requestType'],
  studyUID: ['studyUID', 'StudyInstanceUID', 'studyInstanceUID'],
  accessionNumber: ['accessionNumber', 'AccessionNumber'],
  idCDA: ['idCDA'],
} as const;

/** RAD-106 4.106.4.1.2: this gateway shows studies. */
const requestTypes = ['STUDY'];

const isAccession = (text: string) => /^[\x20-\x7e\u00a0-\u00ff]{1,64}$/.test(text) && !text.includes('\\');
const isCdaId = (text: string) => {
  const [root = '', ...extension] = text.split('_');
  return isUid(root) && text.length <= 200 && extension.every((part) => /^[\x21-\x7e]*$/.test(part));
};

/** Reads the query of a link. A value given twice, or in two spellings that disagree, is refused. */
export function readInvoke(query: URLSearchParams): InvokeReading {
  const values: Record<string, string> = {};
  for (const [parameter, names] of Object.entries(spellings)) {
    const given = names.flatMap((name) => query.getAll(name));
    if (given.length === 0 || given[0] === '') return { ok: false, parameter, reason: 'missing' };
    if (new Set(given).size > 1) return { ok: false, parameter, reason: 'repeated' };
    values[parameter] = given[0].trim();
  }
  const { requestType = '', studyUID = '', accessionNumber = '', idCDA = '' } = values;
  const malformed = (parameter: string): InvokeReading => ({ ok: false, parameter, reason: 'malformed' });
  if (!requestTypes.includes(requestType)) return malformed('requestType');
  if (!isUid(studyUID)) return malformed('studyUID');
  if (!isAccession(accessionNumber)) return malformed('accessionNumber');
  if (!isCdaId(idCDA)) return malformed('idCDA');
  return { ok: true, request: { studyInstanceUid: studyUID, accessionNumber, idCda: idCDA } };
}

/** What the local archive knows of the study's current manifest. */
export interface PublishedStudy {
  readonly accessionNumbers: readonly string[];
  readonly cdaIds: readonly string[];
}

/** Why a link does not match what is published, or nothing when it does. */
export function mismatch(
  request: InvokeRequest,
  published: PublishedStudy | undefined,
): 'study-unknown' | 'accession-differs' | 'report-differs' | undefined {
  if (!published) return 'study-unknown';
  if (!published.accessionNumbers.includes(request.accessionNumber)) return 'accession-differs';
  return published.cdaIds.some((known) => isSameReport(known, request.idCda)) ? undefined : 'report-differs';
}

/** The same id; or the same root when one of the two was written without its extension. */
function isSameReport(known: string, asked: string): boolean {
  if (known === asked) return true;
  const [knownRoot, ...knownExtension] = known.split('_');
  const [askedRoot, ...askedExtension] = asked.split('_');
  return knownRoot === askedRoot && (knownExtension.length === 0 || askedExtension.length === 0);
}
