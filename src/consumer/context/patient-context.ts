import type { AuditActor } from '../../audit';
import type { Professional, WorkSituation } from '../../connectors/psc';
import type { CalledPatient, ContextualCall } from './called-patient';

/** A patient opened by one contextual call for one login. Nothing of it is shared with another call. */
export interface PatientContext extends ContextualCall {
  /** Opaque; part of the addresses of its pages, and useless to any other login. */
  readonly id: string;
  readonly receivedAt: Date;
  readonly endsAt: Date;
  readonly patient: CalledPatient;
  /** Situation chosen on our page for this patient; `situationId` is the one that the caller named. */
  readonly chosenSituationId?: string;
  /** Who opened it, for the record of an end that nobody asks for. */
  readonly openedBy?: AuditActor;
}

/** The professional of a browser session, as the portal knows them (its `ActingProfessional` fits). */
export interface Viewer {
  /** Identifies the login; survives a renewed login of the same professional. */
  readonly loginId: string;
  readonly professional: Professional;
  readonly situations: readonly WorkSituation[];
  /** The situation in force for the session. */
  readonly situation?: WorkSituation;
  /** From where they come, for the trail. */
  readonly address?: string;
  /** When Pro Santé Connect authenticated the professional. */
  readonly loggedInAt?: Date;
}

/**
 * For which structure this professional acts on this patient: chosen on the page, named by the caller, that of the session,
 * or the only one. Undefined: it has to be asked. A situation that is not the professional's counts for nothing.
 */
export function situationFor(context: PatientContext, viewer: Viewer): WorkSituation | undefined {
  const own = (id: string | undefined) =>
    id === undefined
      ? undefined
      : viewer.situations.find((one) => one.structureId === id || (one.finess !== undefined && one.finess === id));
  const only = viewer.situations.length === 1 ? viewer.situations[0] : undefined;
  return own(context.chosenSituationId) ?? own(context.situationId) ?? viewer.situation ?? only;
}
