/** The exams of an open patient: the list, the proven manifest of one, its report, and those brought as files. */
export type { Exam, ExamDocument, Label } from './exam';
export { examsConfig } from './exams.config';
export { examErrors } from './exams.errors';
export { ExamsModule } from './exams.module';
export type { FurtherTraits } from './identity/claimed-traits';
export { compareTraits } from './identity/compare-traits';
export type { ClaimedTraits, TraitComparison, TraitDifference, TraitName } from './identity/compare-traits';
export { firstSearchYears } from './list/exam-filters';
export type { ExamFilters, FilterChoices } from './list/exam-filters';
export { ExamLists } from './list/exam-list.service';
export type { ExamList } from './list/exam-list.service';
export { ExamSelection } from './manifests/exam-selection.service';
export type { ExamCount, SelectedExam } from './manifests/exam-selection.service';
export { IdentityDiffers } from './manifests/verify-manifest';
export { ExamReports } from './reports/exam-reports.service';
export type { ShownReport } from './reports/exam-reports.service';
export { requesterOf } from './requester';
export { ExamUploads } from './upload/exam-uploads.service';
