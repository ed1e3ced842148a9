import type { AssigningAuthority, BirthDate, BirthPlace, Gender, Ins } from '../../standards/identity';
import type { ConsentDecision } from './call-profile';

/** The patient as the caller named them: the INS, the five strict traits, and the local number. */
export interface CalledPatient {
  readonly ins: Ins;
  readonly birthFamilyName: string;
  readonly firstGivenName: string;
  readonly gender: Gender;
  readonly birthDate: BirthDate;
  readonly birthPlace: BirthPlace;
  /** The number that the caller's hospital gave (IPP). */
  readonly localId: { readonly value: string; readonly authority: AssigningAuthority };
}

/** What the call asks to see first. */
export interface CalledFilters {
  readonly studyInstanceUid?: string;
  readonly accessionNumber?: string;
  readonly accessionNumberIssuer?: string;
  readonly modality?: string;
  /** YYYYMMDD. */
  readonly studyDateFrom?: string;
  readonly studyDateTo?: string;
  /** Label of a region. */
  readonly anatomicRegion?: string;
}

/** One contextual call, checked. */
export interface ContextualCall {
  readonly patient: CalledPatient;
  readonly consent: ConsentDecision;
  /** Structure for which the professional acts, when the caller knows it. */
  readonly situationId?: string;
  readonly filters: CalledFilters;
}
