export type { PublicationFlags } from './flags';
export { intakeConfig } from './intake.config';
export { intakeErrors } from './intake.errors';
export { IntakeModule } from './intake.module';
export { IntakeService } from './intake.service';
export { PublicationRequests } from './publication-requests';
export type {
  PublicationRequest,
  ReportRequest,
  RequestedExam,
  RequestOrigin,
  RequestSender,
  StudyChangeRequest,
} from './publication-requests';
export type { RequestKind } from './request-kind';
export { StoredPublicationRequests } from './stored-publication-requests';
