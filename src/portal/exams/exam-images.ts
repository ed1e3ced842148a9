import type { SelectedExam } from '../../consumer/exams';
import type { ActingProfessional } from '../../connectors/psc';

/** One exam, or two to compare, that a professional wants to see. All are proven to be of the same patient. */
export interface ImagesRequest {
  readonly exams: readonly SelectedExam[];
  readonly acting: ActingProfessional;
  readonly sessionId: string;
  /** From where the professional comes. */
  readonly address?: string;
  readonly returnPath: string;
  /** PDF of the reports, shown beside the images; `date` (YYYYMMDD) tells those of two exams apart. */
  readonly reports?: readonly { readonly path: string; readonly date?: string }[];
}

/** Where the browser goes to see the images, and the cookies that it needs there. */
export interface ImagesOpened {
  readonly path: string;
  readonly cookies: readonly string[];
}

/** What the exam pages need of retrieval and viewer; absent where those are not installed. */
export abstract class ExamImages {
  abstract open(request: ImagesRequest): Promise<ImagesOpened>;
}
