import { Injectable } from '@nestjs/common';
import { situationFor } from '../../../consumer/context';
import { ExamSelection, type SelectedExam } from '../../../consumer/exams';
import type { ImportRequest } from '../../../consumer/transfer';
import type { PatientVisit } from '../patient-access';

/** From exams of the list to imports: proven first, then one import for each study. */
@Injectable()
export class ImportRequests {
  constructor(private readonly selection: ExamSelection) {}

  select({ context, viewer }: PatientVisit, ids: readonly string[]): Promise<SelectedExam[]> {
    return Promise.all(ids.map((id) => this.selection.select(context.id, viewer, id)));
  }

  /** @param series the chosen ones, of any exam; all of them when left out */
  of(
    { context, viewer, acting }: PatientVisit,
    { manifest, patient, examId }: SelectedExam,
    series?: readonly string[],
  ): ImportRequest[] {
    const professional = { ...acting, situation: situationFor(context, viewer) };
    return manifest.studies.map((study) => ({
      exam: { contextId: context.id, professional, patient, manifest, studyInstanceUid: study.studyInstanceUid },
      examId,
      localId: patient.localId,
      seriesInstanceUids:
        series && study.series.map(({ seriesInstanceUid }) => seriesInstanceUid).filter((one) => series.includes(one)),
    }));
  }
}
