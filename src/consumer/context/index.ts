/** Which patient, called by whom, for which professional. */
export { CallRefusals } from './call-refusals';
export type { CalledFilters, CalledPatient, ContextualCall } from './called-patient';
export type { CallOrigin } from './caller-rules';
export { contextConfig } from './context.config';
export { contextErrors } from './context.errors';
export { ContextModule } from './context.module';
export { situationFor } from './patient-context';
export type { PatientContext, Viewer } from './patient-context';
export { actorOf, CallRefused, PatientContexts } from './patient-contexts';
export type { Closing, ClosingReason } from './patient-contexts';
export type { CallFault } from './read-contextual-call';
export { ConsumerSeal, digestOf } from './seal';
