import type { PeerPart } from '../../../connectors/peer';
import { GatewayError } from '../../../platform/errors';
import { DicomRefusal } from '../../../standards/dicom';
import type { ManifestSeries, ManifestStudy } from '../../../standards/manifest';
import { retrievalErrors } from '../retrieval.errors';
import type { RetrievedHead, RetrievedInstance } from '../retrieval.types';
import { headOf, identityOf, objectMismatch } from './check-instance';
import { type IdentityStrictness, judgeIdentity, type NameDoubt, type PatientToMatch } from './check-patient';

/** Objects beyond those of the manifest that the answers may hold before they are given up. */
export const strangersMax = 64;

export interface ListedObject {
  readonly series: ManifestSeries;
  readonly sopClassUid: string;
}

export interface AcceptedObject {
  readonly uid: string;
  readonly instance: RetrievedInstance;
  readonly head: RetrievedHead;
}

/** `dropped`: it is nothing that was awaited; `error` when that is worth telling. */
export type Inspected =
  | ({ readonly kind: 'accepted' } & AcceptedObject)
  | { readonly kind: 'refused'; readonly uid: string; readonly error: GatewayError }
  | { readonly kind: 'dropped'; readonly error?: GatewayError };

export interface InspectionRules {
  readonly study: ManifestStudy;
  readonly patient: PatientToMatch;
  readonly strictness: IdentityStrictness;
  readonly isAwaited: (sopInstanceUid: string) => boolean;
  /** Told once of strangers, and of each refused object. */
  readonly onRefused: (error: GatewayError, seriesInstanceUid: string) => void;
  /** Told once, of an object that is shown although a part of its name is none of the patient's. */
  readonly onNameDoubt?: (doubt: NameDoubt, seriesInstanceUid: string) => void;
}

/** Everything that an object must satisfy before anybody may see it. */
export class ObjectInspector {
  private readonly listed = new Map<string, ListedObject>();
  private strangers = 0;
  private hasDoubt = false;

  constructor(private readonly rules: InspectionRules) {
    for (const series of rules.study.series)
      for (const { sopInstanceUid, sopClassUid } of series.instances)
        this.listed.set(sopInstanceUid, { series, sopClassUid });
  }

  find(sopInstanceUid: string): ListedObject | undefined {
    return this.listed.get(sopInstanceUid);
  }

  /** @throws GatewayError `unlistedObject` when an answer brings too many strangers */
  inspect(part: PeerPart, series: ManifestSeries): Inspected {
    if (part.kind === 'unreadable') return { kind: 'dropped', error: new GatewayError(retrievalErrors.unreadable) };
    let uid: string | undefined;
    try {
      const head = headOf(part.dataset, part.transferSyntaxUid);
      uid = identityOf(head).sopInstanceUid;
      const listed = this.listed.get(uid);
      if (!listed) return this.stranger(series);
      if (!this.rules.isAwaited(uid)) return { kind: 'dropped' };
      const error = this.fault(head, uid, listed);
      if (error) return this.refuse(uid, error, series);
      const { transferSyntaxUid, dataset } = part;
      return { kind: 'accepted', uid, head, instance: { sopClassUid: listed.sopClassUid, transferSyntaxUid, dataset } };
    } catch (cause) {
      if (!(cause instanceof DicomRefusal)) throw cause;
      uid ??= part.sopInstanceUid;
      const error = new GatewayError(retrievalErrors.unreadable, { cause, detail: cause.reason });
      return uid !== undefined && this.listed.has(uid) ? this.refuse(uid, error, series) : { kind: 'dropped', error };
    }
  }

  /** One object asked for by its name; undefined when the part is another one. @throws GatewayError, DicomRefusal */
  accept(part: PeerPart, uid: string): AcceptedObject | undefined {
    const listed = this.listed.get(uid);
    if (part.kind !== 'instance' || !listed) return undefined;
    const { transferSyntaxUid, dataset } = part;
    const head = headOf(dataset, transferSyntaxUid);
    const error = this.fault(head, uid, listed);
    if (error?.entry === retrievalErrors.foreignObject) return undefined;
    if (error) throw error;
    return { uid, head, instance: { sopClassUid: listed.sopClassUid, transferSyntaxUid, dataset } };
  }

  /** An object that passed earlier, and is shown again: whoever opens it now is told, too. */
  lookAgain(head: RetrievedHead, uid: string): void {
    const listed = this.listed.get(uid);
    if (listed && !this.hasDoubt) this.identityFault(head, listed.series);
  }

  private fault(head: RetrievedHead, uid: string, { series, sopClassUid }: ListedObject): GatewayError | undefined {
    const { studyInstanceUid } = this.rules.study;
    const { seriesInstanceUid } = series;
    const announced = { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid: uid };
    const object = objectMismatch(identityOf(head), announced);
    if (object) return new GatewayError(retrievalErrors.foreignObject, { detail: object });
    return this.identityFault(head, series);
  }

  private identityFault(head: RetrievedHead, { seriesInstanceUid }: ManifestSeries): GatewayError | undefined {
    const { patient, strictness, onNameDoubt } = this.rules;
    const { mismatch, nameDoubt } = judgeIdentity(head, patient, strictness);
    if (mismatch) return new GatewayError(retrievalErrors.foreignPatient, { detail: mismatch });
    if (nameDoubt && !this.hasDoubt) {
      this.hasDoubt = true;
      onNameDoubt?.(nameDoubt, seriesInstanceUid);
    }
    return undefined;
  }

  private stranger(series: ManifestSeries): Inspected {
    this.strangers += 1;
    const error = new GatewayError(retrievalErrors.unlistedObject, { detail: `${this.strangers} so far` });
    if (this.strangers === 1) this.rules.onRefused(error, series.seriesInstanceUid);
    if (this.strangers > strangersMax) throw error;
    return { kind: 'dropped', error };
  }

  private refuse(uid: string, error: GatewayError, series: ManifestSeries): Inspected {
    this.rules.onRefused(error, series.seriesInstanceUid);
    return { kind: 'refused', uid, error };
  }
}
