import type { PatientContext } from '../../consumer/context';
import { namesExam } from '../../consumer/exams';
import { queryOfCall } from './filter-form';

/** The list of a patient, narrowed as the call asks. */
export const listPath = ({ id, filters }: Pick<PatientContext, 'id' | 'filters'>): string =>
  `/dossier/${id}${queryOfCall(filters)}`;

/** Where a call leads: to the list, or to the exam that it names when that is wished (DRIMBOX_CALL_OPENS_EXAM). */
export function entryPath(context: PatientContext, opensExam: boolean): string {
  const goesToExam = opensExam && context.consent === 'informed' && namesExam(context.filters);
  return goesToExam ? `/dossier/${context.id}/examen-demande` : listPath(context);
}
