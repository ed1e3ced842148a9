export { callerOf, isContextualCall } from './call-form';
export { ExamImages } from './exam-images';
export type { ImagesOpened, ImagesRequest } from './exam-images';
export { ExamsPortalModule } from './exams-portal.module';
