/** Reports become published manifests, and stay the right ones. */
export { publicationConfig } from './publication.config';
export { publicationErrors } from './publication.errors';
export { PublicationModule, PublicationQueriesModule } from './publication.module';
export { PublicationQueries } from './publication-queries';
export { QueuedPublicationRequests } from './queued-publication-requests';
export type {
  DayProgress,
  PublicationDetail,
  PublicationHistoryLine,
  PublicationSearch,
  PublicationSummary,
  QueueState,
} from './publication-summary';
export { activeStates, isPublicationState, parkedStates, publicationStates } from './state/publication-state';
export type { PublicationState } from './state/publication-state';
export type { PublicationAction, PublicationKind, PublicationTrigger } from './store/publication';
