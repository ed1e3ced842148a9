/** An audit message of DICOM PS3.15, A.5, before it is written as XML. Names follow the schema, as words. */

/** A coded value (CodedValueType): code, the system that defines it, and its meaning. */
export interface CodedValue {
  readonly code: string;
  readonly system: string;
  readonly meaning: string;
}

/** Create, read, update, delete, execute. */
export type EventAction = 'C' | 'R' | 'U' | 'D' | 'E';

/** Success; minor failure (refused, security was kept); serious failure; major failure. */
export type EventOutcome = '0' | '4' | '8' | '12';

export interface ActiveParticipant {
  readonly userId: string;
  readonly alternativeUserId?: string;
  readonly userName?: string;
  /** At most one participant of a message has asked for the act (A.5.2). */
  readonly isRequestor: boolean;
  readonly roles: readonly CodedValue[];
  readonly networkAccessPoint?: { readonly id: string; readonly type: 'name' | 'address' | 'uri' };
  readonly media?: CodedValue;
}

export interface ParticipantObject {
  readonly id: string;
  /** 1 person, 2 system object, 3 organization, 4 other. */
  readonly type: '1' | '2' | '3' | '4';
  /** ParticipantObjectTypeCodeRole, A.5.1.2.2: 1 patient, 3 report, 13 security resource, 20 job, 24 query… */
  readonly role?: '1' | '3' | '4' | '13' | '20' | '24';
  /** ParticipantObjectDataLifeCycle, A.5.1.2.3. */
  readonly lifeCycle?: '1' | '2' | '3' | '6' | '10' | '14' | '15';
  readonly idType: CodedValue;
  /** The schema asks for a name or a query. */
  readonly content: { readonly name: string } | { readonly query: Buffer };
  readonly details: readonly { readonly type: string; readonly value: string }[];
  /** Objects of a study: SOP class when it is known, and how many. */
  readonly instances?: { readonly sopClassUid?: string; readonly count: number };
}

export interface AuditSource {
  readonly id: string;
  readonly enterpriseSiteId?: string;
}

export interface AuditMessage {
  readonly event: CodedValue;
  readonly types: readonly CodedValue[];
  readonly action: EventAction;
  readonly at: Date;
  readonly outcome: EventOutcome;
  readonly outcomeDescription?: string;
  readonly participants: readonly [ActiveParticipant, ...ActiveParticipant[]];
  readonly source: AuditSource;
  readonly objects: readonly ParticipantObject[];
}
