import { manifestTitle } from './concepts';
import type {
  IssuedIdentifier,
  KeyImage,
  Manifest,
  ManifestContent,
  ManifestIdentity,
  ManifestInstance,
  ManifestPatient,
  ManifestSeries,
  ManifestStudy,
} from './manifest';
import type { UidFactory } from './uid';

/** Local date and time as DICOM writes them. */
export interface DicomMoment {
  /** YYYYMMDD */
  date: string;
  /** HHMMSS */
  time: string;
  /** `+0200` */
  timezoneOffset: string;
}

export interface ComposeOptions {
  uids: UidFactory;
  now: DicomMoment;
  /** Identity of the manifest this one replaces: the series stays, the instance number goes up. */
  previous?: Pick<ManifestIdentity, 'seriesInstanceUid' | 'instanceNumber'>;
}

/** Longest values of PS3.5 table 6.2-1, in characters. */
const loMax = 64;
const shMax = 16;
const freeTextMax = 1024;
const institutionFiller = '^'.repeat(9);
const integerMax = 2 ** 31 - 1;

/**
 * Makes a manifest of its content: gives it an identity, orders series and instances by their number, and brings every
 * label to what DICOM can hold (one line, no backslash, the length of its representation). Identifiers are left as
 * they are: one that does not fit is refused by `writeManifest`, because a cut identifier names someone else.
 */
export function composeManifest(content: ManifestContent, options: ComposeOptions): Manifest {
  return {
    sopInstanceUid: options.uids.next(),
    seriesInstanceUid: options.previous?.seriesInstanceUid ?? options.uids.next(),
    instanceNumber: (options.previous?.instanceNumber ?? 0) + 1,
    createdDate: options.now.date,
    createdTime: options.now.time,
    timezoneOffset: options.now.timezoneOffset,
    title: manifestTitle,
    ...canonicalContent(content),
  };
}

/** Date, time and offset of an instant in an IANA time zone such as `Europe/Paris`. */
export function dicomMoment(instant: Date, timeZone: string): DicomMoment {
  const formatter = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  });
  const parts = new Map(formatter.formatToParts(instant).map((part) => [part.type, part.value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  return {
    date: part('year').padStart(4, '0') + part('month') + part('day'),
    time: part('hour') + part('minute') + part('second'),
    timezoneOffset: part('timeZoneName').replace('GMT', '').replace(':', '') || '+0000',
  };
}

/** The same content as reading it back would give it. */
export function canonicalContent(content: ManifestContent): ManifestContent {
  return {
    patient: canonicalPatient(content.patient),
    studies: content.studies.map((study, index) => canonicalStudy(study, index === 0)),
    actLabel: label(content.actLabel, freeTextMax)?.replace(/^[:\s]+/, '') || undefined,
    targetRegions: content.targetRegions,
    institution: canonicalInstitution(content.institution),
    manufacturer: label(content.manufacturer),
  };
}

function canonicalPatient(patient: ManifestPatient): ManifestPatient {
  return {
    ins: patient.ins,
    insIssuer: label(patient.insIssuer),
    birthFamilyName: nameComponent(patient.birthFamilyName),
    firstGivenName: nameComponent(patient.firstGivenName),
    birthDate: date(patient.birthDate) ?? '',
    gender: patient.gender,
    birthPlace: label(patient.birthPlace) ?? '',
    otherNames: patient.otherNames.flatMap((name) => personName(name) ?? []),
  };
}

/** Only the study the document itself belongs to has its date and labels at the root of the document. */
function canonicalStudy(study: ManifestStudy, own: boolean): ManifestStudy {
  return {
    studyInstanceUid: study.studyInstanceUid,
    date: own ? date(study.date) : undefined,
    time: own ? time(study.time) : undefined,
    description: own ? label(study.description) : undefined,
    studyId: own ? label(study.studyId, shMax) : undefined,
    referringPhysician: own ? personName(study.referringPhysician) : undefined,
    requests: study.requests
      .map((request) => ({ accession: given(request.accession), placerOrder: given(request.placerOrder) }))
      .filter((request) => request.accession ?? request.placerOrder),
    series: study.series
      .map(canonicalSeries)
      .sort(
        (one, other) => byNumber(one.number, other.number) || byText(one.seriesInstanceUid, other.seriesInstanceUid),
      ),
  };
}

function canonicalSeries(series: ManifestSeries): ManifestSeries {
  return {
    seriesInstanceUid: series.seriesInstanceUid,
    number: integer(series.number),
    modality:
      series.modality
        ?.toUpperCase()
        .replace(/[^A-Z0-9_]/g, '')
        .slice(0, shMax) || undefined,
    description: label(series.description),
    date: date(series.date),
    time: time(series.time),
    retrieveUrl: series.retrieveUrl || undefined,
    retrieveLocationUid: series.retrieveLocationUid || undefined,
    instances: series.instances
      .map(canonicalInstance)
      .sort(
        (one, other) =>
          byNumber(one.instanceNumber, other.instanceNumber) || byText(one.sopInstanceUid, other.sopInstanceUid),
      ),
  };
}

function canonicalInstance(instance: ManifestInstance): ManifestInstance {
  return {
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    instanceNumber: integer(instance.instanceNumber),
    numberOfFrames: integer(instance.numberOfFrames),
    keyImages: instance.keyImages?.length ? instance.keyImages.map(canonicalKeyImage) : undefined,
  };
}

function canonicalKeyImage(mark: KeyImage): KeyImage {
  return {
    sopInstanceUid: mark.sopInstanceUid,
    seriesInstanceUid: mark.seriesInstanceUid,
    title: {
      value: label(mark.title.value, shMax) ?? '',
      scheme: label(mark.title.scheme, shMax) ?? '',
      meaning: label(mark.title.meaning) ?? '',
    },
    comment: label(mark.comment, freeTextMax),
  };
}

/** The identifier of the structure is kept whole, the name gives way. */
function canonicalInstitution(institution: ManifestContent['institution']): ManifestContent['institution'] {
  if (!institution) return undefined;
  const structureId = label(institution.structureId?.replaceAll('^', ' '), 32);
  const room = structureId ? loMax - institutionFiller.length - structureId.length : loMax;
  const name = label(institution.name.replaceAll('^', ' '), room) ?? '';
  return name || structureId ? { name, structureId } : undefined;
}

/** InstitutionName in XON form (ANS samples): the identifier is the tenth component. */
export function institutionName(institution: ManifestContent['institution']): string | undefined {
  if (!institution?.structureId) return institution?.name;
  return `${institution.name}${institutionFiller}${institution.structureId}`;
}

function given(identifier: IssuedIdentifier | undefined): IssuedIdentifier | undefined {
  const value = identifier?.value.trim();
  return value ? { value, issuerOid: identifier?.issuerOid || undefined } : undefined;
}

function label(text: string | undefined, charactersMax = loMax): string | undefined {
  const oneLine = (text ?? '')
    .replace(/[\p{Cc}\p{Cs}\\]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  return Array.from(oneLine).slice(0, charactersMax).join('').trim() || undefined;
}

function nameComponent(text: string): string {
  return label(text.replace(/[\^=]/g, ' '), (loMax - 1) / 2) ?? '';
}

function personName(text: string | undefined): string | undefined {
  const name = label(text?.replaceAll('=', ' '));
  return name && /[^\^\s]/.test(name) ? name : undefined;
}

function date(text: string | undefined): string | undefined {
  return text && /^\d{8}$/.test(text) ? text : undefined;
}

function time(text: string | undefined): string | undefined {
  return text && /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/.test(text) ? text : undefined;
}

function integer(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && Math.abs(value) <= integerMax ? value : undefined;
}

function byNumber(one: number | undefined, other: number | undefined): number {
  return (one ?? integerMax) - (other ?? integerMax);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
