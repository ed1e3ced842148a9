/** Images of other hospitals, on their way to viewers and to the local archive. */
export type * from './retrieval.types';
export { InstanceMemory } from './cache/instance-memory';
export { KeptExamsRepository } from './cache/kept-exams.repository';
export { RetrievalCache } from './cache/retrieval-cache';
export type { KeySeal, KeptExam, RetrievalCacheOptions } from './cache/retrieval-cache';
export type { IdentityStrictness, PatientMismatch, PatientToMatch } from './check/check-patient';
export { ExamRetrievals, subjectOf } from './exam-retrievals';
export type { ExamRetrievalsOptions } from './exam-retrievals';
export { retrievalConfig } from './retrieval.config';
export { retrievalErrors } from './retrieval.errors';
export { RetrievalModule } from './retrieval.module';
