import { ASSOCIATION, STATUS } from './codes';
import type { Author, Code, Submission } from './model';
import { SUBMISSION_SET, type SubmissionIds } from './submission.mapper';
import { formatDtm, formatPatientId } from './values';

export interface WithdrawalInput {
  ins: { matricule: string; oid: string };
  /** entryUUID of the entry to delete. */
  entryUuid: string;
  author: Author;
  contentTypeCode: Code;
  sourceId: string;
  /** Status the entry has now; `Approved` unless it was replaced since. */
  originalStatus?: string;
  ids: SubmissionIds;
  clock: () => Date;
}

/** The submission of an ITI-57 that deletes one document entry (ITI TF-2 3.57.4.1.3.3.2 with the status of the DMP). */
export function withdrawalFor(input: WithdrawalInput): Submission {
  return {
    submissionSet: {
      entryUuid: SUBMISSION_SET,
      uniqueId: input.ids.oid(),
      sourceId: input.sourceId,
      patientId: formatPatientId(input.ins),
      submissionTime: formatDtm(input.clock()),
      contentTypeCode: input.contentTypeCode,
      authors: [input.author],
      title: "Suppression d'une référence d'examen d'imagerie",
    },
    documentEntries: [],
    associations: [
      {
        id: input.ids.uuid(),
        type: ASSOCIATION.updateAvailabilityStatus,
        sourceObject: SUBMISSION_SET,
        targetObject: input.entryUuid,
        originalStatus: input.originalStatus ?? STATUS.approved,
        newStatus: STATUS.deleted,
      },
    ],
  };
}
