import type { ReadRecord } from '../trail/read-row';

/** A record of the trail as the spool reads it. */
export interface SpooledRecord extends Omit<ReadRecord, 'kind'> {
  /** A kind of the trail; one written by a later release may be unknown here. */
  readonly kind: string;
  readonly patient?: { readonly matricule: string; readonly oid: string };
}
