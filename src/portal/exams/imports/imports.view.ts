import type { Exam } from '../../../consumer/exams';
import { isUnderWay, type ObjectFate, type TransferObject, type TransferView } from '../../../consumer/transfer';
import { examRow } from '../exam-list.view';
import type { ScreenFormat } from '../../screen/format';
import { importMessages as m, stateWords } from './imports.messages';

const objectsMax = 2_000;
/** 1.10 after 1.9. */
const numeric = new Intl.Collator('fr', { numeric: true });

const figure = (count: number): string => count.toLocaleString('fr-FR');
const statusText = (status: number | undefined): string | undefined =>
  status === undefined ? undefined : `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;

/** « 12 / 40 images archivées, 2 en échec ». */
export function countText({ total, stored, failed, converted }: TransferView): string {
  const parts = [`${figure(stored)} / ${figure(total)} ${m.images.toLowerCase()} ${m.archived}`];
  if (failed > 0) parts.push(`${figure(failed)} ${m.failed}`);
  if (converted > 0) parts.push(`${figure(converted)} ${m.converted}`);
  return parts.join(', ');
}

/** What the page follows while imports are under way. */
export function importState(view: TransferView) {
  return {
    id: view.id,
    state: view.state,
    isUnderWay: isUnderWay(view.state),
    label: stateWords[view.state].label,
    total: view.total,
    done: view.stored + view.failed,
    text: countText(view),
  };
}

export interface ImportCard {
  readonly view: TransferView;
  /** Undefined when the list of exams cannot be asked at present. */
  readonly exam: Exam | undefined;
  readonly failures: readonly ObjectFate[];
}

export function importCard({ view, exam, failures }: ImportCard, contextId: string, format: ScreenFormat) {
  const row = exam && examRow(exam, contextId, format);
  const active = isUnderWay(view.state);
  return {
    ...importState(view),
    tone: stateWords[view.state].tone,
    title: row?.description ?? m.exam,
    about: [row?.day, row?.modalities, row?.structure].filter(Boolean).join(' · '),
    pacs: view.pacsId,
    startedAt: format.moment(view.createdAt),
    endedAt: view.endedAt && format.moment(view.endedAt),
    trouble: active ? undefined : view.trouble,
    failures: failures.map(({ trouble, status, count }) => ({
      text: trouble,
      status: statusText(status),
      count: figure(count),
    })),
    converted: view.converted > 0,
    mayStop: active,
    mayResume: !active && view.state !== 'done' && view.examId !== undefined,
    path: `/dossier/${contextId}/imports/${view.id}`,
  };
}

/** One line for each object, failures first. */
export function objectRows(objects: readonly TransferObject[]) {
  const order = { failed: 0, waiting: 1, stored: 2 };
  const byUid = (one: TransferObject, other: TransferObject) =>
    numeric.compare(one.seriesInstanceUid, other.seriesInstanceUid) ||
    numeric.compare(one.sopInstanceUid, other.sopInstanceUid);
  const sorted = [...objects].sort((one, other) => order[one.result] - order[other.result] || byUid(one, other));
  const tones = { failed: 'bad', waiting: '', stored: 'good' };
  return {
    isTruncated: sorted.length > objectsMax,
    rows: sorted.slice(0, objectsMax).map((one) => ({
      uid: one.sopInstanceUid,
      series: one.seriesInstanceUid,
      result: m.results[one.result],
      tone: tones[one.result],
      trouble: one.result === 'failed' ? one.trouble : undefined,
      status: one.result === 'failed' ? statusText(one.status) : undefined,
      converted: one.convertedTo !== undefined,
    })),
  };
}
