import type { DicomJsonDataSet } from '../../standards/dicom';
import type { ViewerInstance, ViewerSeries, ViewerStudy } from './study-source';

/** Answers to searches (PS3.18 10.6), from the manifest alone. */

const value = (vr: string, content: string | number | undefined) =>
  content === undefined || content === '' ? { vr } : { vr, Value: [content] };
const personName = (family: string, given: string) => ({ vr: 'PN', Value: [{ Alphabetic: `${family}^${given}` }] });

export function studyAnswer(study: ViewerStudy): DicomJsonDataSet {
  const { patient, series } = study;
  const modalities = [...new Set(series.flatMap(({ modality }) => (modality ? [modality] : [])))];
  return {
    '00080005': value('CS', 'ISO_IR 192'),
    '00080020': value('DA', study.date),
    '00080030': value('TM', study.time),
    '00080050': value('SH', study.accessionNumber),
    '00080061': { vr: 'CS', Value: modalities },
    '00081030': value('LO', study.description),
    '00100010': personName(patient.birthFamilyName, patient.firstGivenName),
    '00100020': value('LO', patient.matricule),
    '00100030': value('DA', patient.birthDate),
    '00100040': value('CS', patient.gender),
    '0020000D': value('UI', study.studyInstanceUid),
    '00201206': value('IS', series.length),
    '00201208': value(
      'IS',
      series.reduce((sum, { instances }) => sum + instances.length, 0),
    ),
  };
}

export function seriesAnswer(study: ViewerStudy, series: ViewerSeries): DicomJsonDataSet {
  return {
    '00080005': value('CS', 'ISO_IR 192'),
    '00080021': value('DA', series.date ?? study.date),
    '00080031': value('TM', series.time ?? study.time),
    '00080060': value('CS', series.modality),
    '0008103E': value('LO', series.description),
    '0020000D': value('UI', study.studyInstanceUid),
    '0020000E': value('UI', series.seriesInstanceUid),
    '00200011': value('IS', series.number),
    '00201209': value('IS', series.instances.length),
  };
}

export function instanceAnswer(study: ViewerStudy, series: ViewerSeries, instance: ViewerInstance): DicomJsonDataSet {
  return {
    '00080016': value('UI', instance.sopClassUid),
    '00080018': value('UI', instance.sopInstanceUid),
    '0020000D': value('UI', study.studyInstanceUid),
    '0020000E': value('UI', series.seriesInstanceUid),
    '00200013': value('IS', instance.instanceNumber),
    '00280008': value('IS', instance.numberOfFrames),
  };
}

type Filter = (dataSet: DicomJsonDataSet) => boolean;

/** Attributes that may be matched, by keyword and by tag. */
const matchable: Readonly<Record<string, string>> = {
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SOPInstanceUID: '00080018',
  SOPClassUID: '00080016',
  PatientID: '00100020',
  AccessionNumber: '00080050',
  Modality: '00080060',
  ModalitiesInStudy: '00080061',
  StudyDate: '00080020',
  SeriesNumber: '00200011',
  InstanceNumber: '00200013',
};
const tags = new Set(Object.values(matchable));
const notFilters = new Set(['includefield', 'limit', 'offset', 'fuzzymatching']);

function filterOf(tag: string, wanted: string): Filter {
  const list = wanted.split(/[,\\]/).filter(Boolean);
  const range = tag === '00080020' && /^(\d{8})?-(\d{8})?$/.exec(wanted);
  return (dataSet) => {
    const values = (dataSet[tag]?.Value ?? []).map(String);
    if (range) return values.some((date) => (!range[1] || date >= range[1]) && (!range[2] || date <= range[2]));
    return list.length === 0 || values.some((each) => list.includes(each));
  };
}

const whole = (text: string | null, byDefault: number): number =>
  text !== null && /^\d{1,6}$/.test(text) ? Number(text) : byDefault;

/** Matches and pages. `ignored`: keys that were not understood, to be told in a Warning (PS3.18 8.3.4.4). */
export function select(
  answers: readonly DicomJsonDataSet[],
  query: URLSearchParams,
): { found: DicomJsonDataSet[]; ignored: boolean } {
  const filters: Filter[] = [];
  let ignored = query.get('fuzzymatching') === 'true';
  for (const [name, wanted] of query) {
    const tag = matchable[name] ?? (tags.has(name.toUpperCase()) ? name.toUpperCase() : undefined);
    if (tag) filters.push(filterOf(tag, wanted));
    else if (!notFilters.has(name)) ignored = true;
  }
  const matching = answers.filter((answer) => filters.every((filter) => filter(answer)));
  const from = whole(query.get('offset'), 0);
  return { found: matching.slice(from, from + whole(query.get('limit'), matching.length)), ignored };
}
