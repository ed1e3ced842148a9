import type { SelectedExam } from '../../../consumer/exams';
import type { TransferView } from '../../../consumer/transfer';
import type { ManifestSeries } from '../../../standards/manifest';
import { DayFormat, examRow, insText, traitText } from '../exam-list.view';
import { examMessages } from '../exams.messages';
import { importMessages as m, stateWords } from './imports.messages';

/** More boxes than this would not fit into one form. */
const seriesMax = 80;
const t = examMessages.traits;

interface Line {
  readonly label: string;
  readonly called: string;
  readonly found: string;
  readonly written: string;
  readonly note: string;
  readonly tone: string;
}

const comparable = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase().trim();

/** Name, birth date, sex, place: left as the source wrote them. Strict differences never come here: they block before. */
function line(label: string, called: string, found: string): Line {
  if (found === '') return { label, called, found: m.absent, written: m.asFound, note: m.absent, tone: '' };
  const isSame = comparable(called) === comparable(found);
  return {
    label,
    called,
    found,
    written: found,
    note: isSame ? m.same : m.otherwise,
    tone: isSame ? 'good' : 'warn',
  };
}

/** What becomes of each trait in the images, trait by trait. */
export function reconciliationOf({ patient, manifest }: SelectedExam): Line[] {
  const { value, authority } = patient.localId;
  const issuer = authority.namespaceId || authority.universalId;
  const localId = issuer ? `${value} (${m.localIssuer} ${issuer})` : value;
  const claimed = manifest.patient;
  const ins = insText(patient.ins.matricule);
  const foundIns = claimed.ins ? insText(claimed.ins.matricule) : '';
  const gender = claimed.gender === 'O' ? 'U' : claimed.gender;
  return [
    { label: m.localId, called: localId, found: m.foreignId, written: localId, note: m.replaced, tone: '' },
    { label: t.ins, called: ins, found: foundIns || m.absent, written: ins, note: m.kept, tone: 'good' },
    line(t.birthFamilyName, patient.birthFamilyName, claimed.birthFamilyName),
    line(t.firstGivenName, patient.firstGivenName, claimed.firstGivenName),
    line(t.birthDate, traitText('birthDate', patient.birthDate.text), shown('birthDate', claimed.birthDate)),
    line(t.gender, traitText('gender', patient.gender), shown('gender', gender)),
  ];
}

/** Differences that do not block, and that a person has to look at before the images are archived. */
export const isWrittenOtherwise = (exams: readonly SelectedExam[]): boolean =>
  exams.some((selected) => reconciliationOf(selected).some(({ tone }) => tone === 'warn'));

const shown = (trait: 'birthDate' | 'gender', value: string): string => (value === '' ? '' : traitText(trait, value));

const seriesView = ({ seriesInstanceUid, number, modality, description, instances }: ManifestSeries, at: number) => ({
  uid: seriesInstanceUid,
  number: number ?? at + 1,
  modality: modality ?? '–',
  description: description ?? `${m.seriesColumn} ${number ?? at + 1}`,
  images: instances.length,
});

export interface ImportChoice {
  readonly exams: readonly SelectedExam[];
  readonly contextId: string;
  readonly destinations: readonly string[];
  readonly earlier: readonly TransferView[];
  readonly isUsable: boolean;
  /** The form came back without its confirmation. */
  readonly needsConfirmation?: boolean;
}

/** Everything that the page before an import shows. */
export function importChoiceView(choice: ImportChoice, format: DayFormat) {
  const { exams, contextId, destinations, earlier, isUsable } = choice;
  const series = exams.flatMap(({ manifest }) => manifest.studies.flatMap((study) => study.series));
  const cards = exams.map((selected) => ({
    ...examRow(selected.exam, contextId, format),
    lines: reconciliationOf(selected),
    series: selected.manifest.studies.flatMap((study) => study.series.map(seriesView)),
    earlier: earlier
      .filter(({ examId }) => examId === selected.examId)
      .slice(0, 1)
      .map(({ state, createdAt }) => ({ ...stateWords[state], day: format.day(createdAt) })),
  }));
  return {
    path: `/dossier/${contextId}`,
    cards,
    isWhole: series.length > seriesMax,
    images: series.reduce((sum, { instances }) => sum + instances.length, 0),
    destinations: destinations.length > 1 ? destinations.map((id, index) => ({ id, selected: index === 0 })) : [],
    hasDifferences: isWrittenOtherwise(exams),
    needsConfirmation: choice.needsConfirmation,
    isUsable,
  };
}
