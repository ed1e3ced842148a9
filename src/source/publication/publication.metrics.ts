import { counter, gauge, histogram } from '../../platform/metrics';

export const publicationOutcomes = counter('publication_outcomes_total', 'What became of publications', [
  'outcome',
] as const);
export const publicationDuration = histogram(
  'publication_duration_seconds',
  'From the reception of an event to its end',
  ['outcome'] as const,
  [1, 5, 15, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400, 604_800],
);
export const publicationStepDuration = histogram('publication_step_seconds', 'One step of a publication', [
  'state',
] as const);
export const publicationQueue = gauge('publication_queue', 'Publications by state, those that wait or are parked', [
  'state',
] as const);
export const publicationOldest = gauge('publication_oldest_seconds', 'Age of the oldest publication that is overdue');
