import { createHash } from 'node:crypto';

/** A line as the chain reads it from the database: every time as text with microseconds, so that nothing is lost in a driver. */
export interface ChainableRecord {
  readonly id: string;
  /** 2026-11-21T08:00:00.000000Z */
  readonly at: string;
  readonly kind: string;
  readonly outcome: string;
  readonly correlation_id: string | null;
  readonly actor: unknown;
  readonly patient_matricule: string | null;
  readonly patient_oid: string | null;
  readonly study_instance_uid: string | null;
  readonly document_unique_id: string | null;
  readonly instances: number | null;
  readonly bytes: string | null;
  readonly duration_ms: number | null;
  readonly error_code: string | null;
  readonly facts: unknown;
}

/** Columns of `audit_record` in SQL, shaped as `ChainableRecord`. */
export const chainableColumns = `r.id::text AS id, to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  r.kind, r.outcome, r.correlation_id, r.actor, r.patient_matricule, r.patient_oid, r.study_instance_uid,
  r.document_unique_id, r.instances, r.bytes::text AS bytes, r.duration_ms, r.error_code, r.facts`;

/** Names of the members, in the order of RFC 8785 (by UTF-16 code units). */
const members = [
  'actor',
  'at',
  'bytes',
  'correlation_id',
  'document_unique_id',
  'duration_ms',
  'error_code',
  'facts',
  'id',
  'instances',
  'kind',
  'outcome',
  'patient_matricule',
  'patient_oid',
  'study_instance_uid',
] as const satisfies readonly (keyof ChainableRecord)[];

/**
 * JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, numbers and texts as ECMAScript writes them.
 * @throws TypeError for what JSON does not know
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`;
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}

/** The line as one canonical text. An absent value is left out, so that a column added later changes no earlier line. */
export function canonicalRecord(record: ChainableRecord): string {
  const parts: string[] = [];
  for (const member of members) {
    const value = record[member];
    if (value !== null && value !== undefined) parts.push(`"${member}":${canonicalJson(value)}`);
  }
  return `{${parts.join(',')}}`;
}

export interface ChainPlace {
  readonly sequence: bigint;
  /** When the line took its place: ISO with milliseconds. */
  readonly chainedAt: string;
  /** Hash of the line before. */
  readonly previous: Buffer;
}

/** What stands before the first line. */
export const genesis = Buffer.alloc(32);

/** SHA-256 over the line before, the place and the canonical text (docs/adr/0007). */
export function chainHash({ sequence, chainedAt, previous }: ChainPlace, canonical: string): Buffer {
  return createHash('sha256')
    .update(`drimbox-audit-1\n${previous.toString('hex')}\n${sequence}\n${chainedAt}\n`)
    .update(canonical)
    .digest();
}
