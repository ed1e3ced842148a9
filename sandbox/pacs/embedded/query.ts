import { StoredObject } from './object-store';

/** C-FIND and the identification of C-MOVE and C-GET, study root (PS3.4 sections C.2.2.2 and C.6.2). */

export type Level = 'STUDY' | 'SERIES' | 'IMAGE';

/** Keys by keyword, as dcmjs naturalises a query. */
export type Keys = Record<string, unknown>;

const studyKeys = new Set([
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'ReferringPhysicianName',
  'StudyDescription',
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyInstanceUID',
  'StudyID',
  'InstitutionName',
]);
const seriesKeys = new Set([
  'Modality',
  'SeriesDate',
  'SeriesTime',
  'SeriesDescription',
  'SeriesInstanceUID',
  'SeriesNumber',
  'BodyPartExamined',
]);

export function levelOf(keys: Keys): Level | undefined {
  const level = keyText(keys.QueryRetrieveLevel).toUpperCase();
  return level === 'STUDY' || level === 'SERIES' || level === 'IMAGE' ? level : undefined;
}

/** Text of a key: one value, several joined by a backslash, a person name. */
export function keyText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(keyText).join('\\');
  if (typeof value === 'object') {
    const { Alphabetic } = value as { Alphabetic?: unknown };
    return typeof Alphabetic === 'string' ? Alphabetic : '';
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** Whether a stored value answers a key: universal, list of UIDs, range of dates, wild cards, or the same text. */
export function matches(keyword: string, key: string, stored = ''): boolean {
  if (key === '' || key === '*') return true;
  if (keyword.endsWith('UID')) return key.split('\\').includes(stored);
  if (/(Date|Time)$/.test(keyword) && key.includes('-')) {
    const [from, to] = key.split('-', 2);
    return stored !== '' && (from === '' || stored >= from) && (to === '' || stored.slice(0, to.length) <= to);
  }
  const pattern = key
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, keyword.endsWith('Name') ? 'iu' : 'u').test(stored);
}

/** Objects below what a retrieval names. */
export function identified(objects: StoredObject[], keys: Keys): StoredObject[] {
  const unique = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'];
  const wanted = unique.map((keyword) => [keyword, keyText(keys[keyword])] as const).filter(([, key]) => key !== '');
  if (wanted.length === 0) return [];
  return objects.filter((object) => wanted.every(([keyword, key]) => matches(keyword, key, object.values[keyword])));
}

/** Answers to a C-FIND: one set of attributes per study, series or object. */
export function find(objects: StoredObject[], keys: Keys, level: Level): Record<string, string | string[]>[] {
  const groups = new Map<string, StoredObject[]>();
  for (const object of objects) {
    const uid = { STUDY: object.studyInstanceUid, SERIES: object.seriesInstanceUid, IMAGE: object.sopInstanceUid }[
      level
    ];
    groups.set(uid, [...(groups.get(uid) ?? []), object]);
  }
  return [...groups.values()]
    .filter((group) => answers(group, keys, level))
    .map((group) => answerOf(group, keys, level));
}

const hasLevel = (keyword: string, level: Level) =>
  level === 'IMAGE' || studyKeys.has(keyword) || (level === 'SERIES' && seriesKeys.has(keyword));

function answers(group: StoredObject[], keys: Keys, level: Level): boolean {
  return Object.entries(keys).every(([keyword, value]) => {
    const key = keyText(value);
    if (keyword === 'ModalitiesInStudy')
      return key === '' || group.some(({ values }) => matches('Modality', key, values.Modality));
    return (
      !hasLevel(keyword, level) ||
      !(keyword in group[0].values || key) ||
      isControl(keyword) ||
      matches(keyword, key, group[0].values[keyword])
    );
  });
}

const isControl = (keyword: string) =>
  ['QueryRetrieveLevel', 'SpecificCharacterSet', 'TimezoneOffsetFromUTC', '_vrMap'].includes(keyword);

function answerOf(group: StoredObject[], keys: Keys, level: Level): Record<string, string | string[]> {
  const distinct = (keyword: string) => [...new Set(group.map(({ values }) => values[keyword]).filter(Boolean))];
  const counted: Record<string, () => string | string[]> = {
    ModalitiesInStudy: () => distinct('Modality'),
    SOPClassesInStudy: () => distinct('SOPClassUID'),
    NumberOfStudyRelatedSeries: () => String(distinct('SeriesInstanceUID').length),
    NumberOfStudyRelatedInstances: () => String(group.length),
    NumberOfSeriesRelatedInstances: () => String(group.length),
  };
  const answer: Record<string, string | string[]> = { SpecificCharacterSet: 'ISO_IR 192', QueryRetrieveLevel: level };
  const always = [
    'StudyInstanceUID',
    ...(level === 'STUDY' ? [] : ['SeriesInstanceUID']),
    ...(level === 'IMAGE' ? ['SOPInstanceUID'] : []),
  ];
  for (const keyword of new Set([...always, ...Object.keys(keys)])) {
    if (isControl(keyword)) continue;
    if (counted[keyword]) answer[keyword] = counted[keyword]();
    else if (hasLevel(keyword, level)) answer[keyword] = group[0].values[keyword] ?? '';
  }
  return answer;
}
