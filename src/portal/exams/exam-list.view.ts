import type { PatientContext } from '../../consumer/context';
import {
  type Exam,
  type ExamDocument,
  type ExamFilters,
  type ExamList,
  type FurtherTraits,
  isFirstSearch,
  type Label,
  type TraitDifference,
  type TraitName,
} from '../../consumer/exams';
import { parseDtm } from '../../standards/xds';
import { examMessages as m } from './exams.messages';
import type { FilterForm } from './filter-form';

/** How a moment is written; the portal's `ScreenFormat` fits. */
export interface DayFormat {
  day(value: unknown): string;
  /** 2026-11-21 */
  isoDayOf(date: Date): string;
}

/** 12/01/1962; a date whose day or month is unknown stays as it is known. */
export function birthDateText(text: string): string {
  const [, year, month, day] = /^(\d{4})(\d{2})?(\d{2})?$/.exec(text) ?? [];
  return [day, month, year].filter(Boolean).join('/') || text;
}

/** The national number in its usual groups. */
export const insText = (matricule: string): string =>
  matricule.replace(/^(.)(..)(..)(..)(...)(...)(..)$/, '$1 $2 $3 $4 $5 $6 $7');

export function traitText(trait: TraitName, value: string): string {
  if (value === '') return m.unknownTrait;
  if (trait === 'birthDate') return birthDateText(value);
  if (trait === 'gender') return m.genders[value as keyof typeof m.genders] ?? value;
  return value;
}

const placeText = ({ code, kind }: PatientContext['patient']['birthPlace']): string =>
  kind === 'unknown' ? m.placeUnknown : code;

/** The banner: the five strict traits at first sight, the others on demand (DRIMbox specification 4.6.2). */
export function bannerView({ patient, id }: PatientContext, further: FurtherTraits = {}) {
  const more: [string, string | undefined][] = [
    [m.traits.ins, insText(patient.ins.matricule)],
    [m.traits.insNature, patient.ins.oid],
    [m.traits.givenNames, further.givenNames],
    [m.traits.usedGivenName, further.usedGivenName],
    [m.traits.usedFamilyName, further.usedFamilyName],
    [m.traits.localId, patient.localId.value],
  ];
  return {
    contextId: id,
    family: patient.birthFamilyName,
    given: patient.firstGivenName,
    birthDate: birthDateText(patient.birthDate.text),
    gender: m.genders[patient.gender],
    birthPlace: placeText(patient.birthPlace),
    more: more.map(([label, value]) => ({ label, value: value ?? m.unknownTrait })),
  };
}

export const differencesView = (differences: readonly TraitDifference[]) =>
  differences.map(({ trait, called, found }) => ({
    label: m.traits[trait],
    called: traitText(trait, called),
    found: traitText(trait, found),
  }));

const codes = (labels: readonly Label[]): string => labels.map(({ code }) => code).join(' ');
const texts = (labels: readonly Label[]): string => labels.map(({ label }) => label).join(', ');

function reportView(exam: Exam, document: ExamDocument, contextId: string, format: DayFormat) {
  return {
    href: `/dossier/${contextId}/examens/${exam.id}/comptes-rendus/${document.id}`,
    day: format.day(parseDtm(document.createdAt ?? '')),
    isReplaced: document.isReplaced,
  };
}

const daysOf = (documents: readonly ExamDocument[], format: DayFormat) =>
  documents.map(({ createdAt }) => ({ day: format.day(parseDtm(createdAt ?? '')) }));

/** Words beside the description that change what one may do with the exam. */
function marksOf(exam: Exam): { tone: string; label: string }[] {
  const documents = [...(exam.manifest ? [exam.manifest] : []), ...exam.reports];
  const isMasked = documents.some(({ visibility }) => visibility.masquePs);
  const isHidden = documents.some(({ visibility }) => visibility.invisiblePatient);
  const isHiddenFromGuardians = documents.some(({ visibility }) => visibility.invisibleRepresentantsLegaux);
  return [
    ...(exam.source === 'file' ? [{ tone: '', label: m.fromFile }] : []),
    ...(isMasked ? [{ tone: 'warn', label: m.masked }] : []),
    ...(isHidden ? [{ tone: 'warn', label: m.hiddenFromPatient }] : []),
    ...(isHiddenFromGuardians ? [{ tone: 'warn', label: m.hiddenFromGuardians }] : []),
    ...(exam.otherManifests.length > 0
      ? [{ tone: 'warn', label: `${exam.otherManifests.length + 1} ${m.versionsPublished}` }]
      : []),
    ...(!exam.manifest && exam.earlierManifests.length > 0 ? [{ tone: '', label: m.replaced }] : []),
  ];
}

/** As `day` shows it, for `<time>`. */
function isoDay({ date, source }: Exam, format: DayFormat): string {
  const at = source === 'dmp' ? parseDtm(date ?? '') : undefined;
  return at ? format.isoDayOf(at) : (date?.slice(0, 8).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3') ?? '');
}

export function examRow(exam: Exam, contextId: string, format: DayFormat, isWanted = false) {
  const isBlocked = exam.differences.length > 0;
  const row = (document: ExamDocument) => reportView(exam, document, contextId, format);
  return {
    id: exam.id,
    day: exam.date
      ? exam.source === 'file'
        ? birthDateText(exam.date.slice(0, 8))
        : format.day(parseDtm(exam.date))
      : '',
    isoDay: isoDay(exam, format),
    modalities: codes(exam.modalities),
    modalityTitle: texts(exam.modalities),
    regions: texts(exam.regions),
    description: exam.description || [m.exam, codes(exam.modalities), texts(exam.regions)].filter(Boolean).join(' '),
    isPlain: exam.description === '',
    structure: exam.structure,
    /** For the search of the page. */
    words: exam.accessionNumbers.join(' '),
    isWanted,
    marks: [...(isWanted ? [{ tone: 'good', label: m.wanted }] : []), ...marksOf(exam)],
    isBlocked,
    differences: differencesView(exam.differences),
    imagesHref: exam.manifest && !isBlocked ? `/dossier/${contextId}/examens/${exam.id}/images` : undefined,
    mayBeChosen: !isBlocked && (exam.manifest !== undefined || exam.reports.length > 0),
    hasImages: exam.manifest !== undefined,
    isCounted: exam.manifest !== undefined && !isBlocked,
    usedDay: format.day(parseDtm(exam.manifest?.createdAt ?? '')),
    otherManifests: daysOf(exam.otherManifests, format),
    earlierManifests: daysOf(exam.earlierManifests, format),
    isWithdrawn: !exam.manifest && exam.earlierManifests.length > 0,
    reports: isBlocked ? [] : exam.reports.map(row),
    hasReport: exam.reports.length > 0,
    earlierReports: isBlocked ? [] : exam.earlierReports.map(row),
  };
}

/** One filter in force, and the address without it. */
export interface Chip {
  readonly label: string;
  readonly href: string;
}

const dayText = (day: string): string => birthDateText(day);

const addressOf = (path: string, query: Readonly<Record<string, string>>): string =>
  Object.keys(query).length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`;

/** Filters in force, each with the address of the list without it; the age limit of the first search is one of them. */
export function chipsOf(form: FilterForm, filters: ExamFilters, list: ExamList, path: string): Chip[] {
  const without = (...names: (keyof FilterForm)[]): string => {
    const kept = Object.entries(form).filter(([name, value]) => value && !names.includes(name as keyof FilterForm));
    return addressOf(path, Object.fromEntries(kept.map(([name, value]) => [name, String(value)])));
  };
  const labelOf = (choices: readonly Label[], wanted: string) =>
    choices.find(({ code }) => code === wanted)?.label ?? wanted;
  const chips: (Chip | false)[] = [
    isFirstSearch(filters, list.at) && { label: m.lastYears, href: everythingHref(form, path) },
    filters.modality !== undefined && {
      label: `${m.modality} : ${labelOf(list.choices.modalities, filters.modality)}`,
      href: without('modalite'),
    },
    filters.region !== undefined && {
      label: `${m.region} : ${labelOf(list.choices.regions, filters.region)}`,
      href: without('region'),
    },
    filters.structure !== undefined && { label: `${m.structure} : ${filters.structure}`, href: without('structure') },
    filters.from !== undefined && { label: `${m.from.toLowerCase()} ${dayText(filters.from)}`, href: without('du') },
    filters.to !== undefined && { label: `${m.to.toLowerCase()} ${dayText(filters.to)}`, href: without('au') },
    filters.earlier && { label: m.earlier, href: without('versions') },
  ];
  return chips.filter((chip) => chip !== false);
}

const everythingHref = (form: FilterForm, path: string): string => addressOf(path, { ...definedOnly(form), tout: '1' });

const option = (value: string, label: string, selected: string | undefined) => ({
  value,
  label,
  selected: value === selected,
});

/** Everything that the page of the list shows. */
export function listView(
  context: PatientContext,
  { list, form, filters }: { list: ExamList; form: FilterForm; filters: ExamFilters },
  format: DayFormat,
) {
  const path = `/dossier/${context.id}`;
  const chips = chipsOf(form, filters, list, path);
  const isNarrowed = chips.length > (isFirstSearch(filters, list.at) ? 1 : 0);
  return {
    path,
    form,
    chips,
    isEverything: filters.everything,
    refreshHref: addressOf(`${path}/actualiser`, definedOnly(form)),
    everythingHref: filters.everything ? undefined : everythingHref(form, path),
    earlierHref: filters.earlier ? undefined : addressOf(path, { ...definedOnly(form), versions: '1' }),
    modalities: list.choices.modalities.map(({ code, label }) =>
      option(code, code === label ? code : `${code} – ${label}`, filters.modality),
    ),
    regions: list.choices.regions.map(({ code, label }) => option(code, label, filters.region)),
    structures: list.choices.structures.map((name) => option(name, name, filters.structure)),
    isPartial: list.isPartial,
    trouble: list.trouble?.entry.screen,
    wantedMissing: list.wanted?.length === 0 ? (list.trouble ? m.wantedUnknown : m.wantedMissing) : undefined,
    rows: list.exams.map((exam) => examRow(exam, context.id, format, list.wanted?.includes(exam.id))),
    count: list.exams.length,
    countText: countText(list),
    empty: isNarrowed ? m.noneFiltered : filters.everything ? m.noneEverything : m.none,
    isNarrowed,
  };
}

const definedOnly = (form: FilterForm): Record<string, string> =>
  Object.fromEntries(Object.entries(form).filter((pair): pair is [string, string] => Boolean(pair[1])));

function countText({ exams, total }: ExamList): string {
  const noun = exams.length > 1 ? 'examens' : 'examen';
  return exams.length === total ? `${exams.length} ${noun}` : `${exams.length} ${noun} sur ${total}`;
}
