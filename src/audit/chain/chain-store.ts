import { EntityManager } from 'typeorm';
import { ChainableRecord, chainableColumns, genesis } from './canonical';
import type { Seal } from './seal';

/** Key of the advisory lock under which one process at a time lengthens the chain ("AUDI" in ASCII). */
const chainLock = 0x41554449;

export interface ChainHead {
  /** 0 before the first line. */
  readonly sequence: bigint;
  readonly hash: Buffer;
  readonly chainedAt?: string;
}

export interface ChainLine {
  readonly sequence: bigint;
  readonly recordId: string;
  readonly hash: Buffer;
}

/** The anchor of lines that an archive file took away. */
export interface ArchiveAnchor {
  readonly number: bigint;
  readonly fromSeal: bigint;
  readonly toSeal: bigint;
  readonly fromSequence: bigint;
  readonly toSequence: bigint;
  readonly headHash: Buffer;
  readonly fileName: string;
  readonly fileSha256: Buffer;
  readonly archivedAt: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

/** Up to where everything is chained that ever will be, and how far that will be known next. */
export interface Settling {
  readonly settledId: string;
  readonly candidate?: { readonly id: string; readonly xmax: bigint; readonly ageMs: number };
  /** Transactions below xmin have ended; none at or above xmax had begun. */
  readonly xmin: bigint;
  readonly xmax: bigint;
}

type Row = Readonly<Record<string, unknown>>;
export const isoOf = (value: unknown): string => (value as Date).toISOString();
const settleMsMin = 5_000;

/** Takes the right to lengthen the chain until the transaction ends. @returns undefined when another process has it */
export async function lockChain(manager: EntityManager): Promise<Settling | undefined> {
  const [row] = await manager.query<[Row]>(
    `SELECT pg_try_advisory_xact_lock($1) AS locked, settled_id::text AS settled_id, candidate_id::text AS candidate_id,
       candidate_xmax::text AS candidate_xmax, extract(epoch FROM now() - candidate_at)::float8 * 1000 AS age_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, pg_snapshot_xmax(pg_current_snapshot())::text AS xmax
     FROM audit_chain_state`,
    [chainLock],
  );
  if (!row.locked) return undefined;
  const { candidate_id: id, candidate_xmax: xmax } = row as Record<string, string | null>;
  return {
    settledId: row.settled_id as string,
    candidate: id && xmax ? { id, xmax: BigInt(xmax), ageMs: row.age_ms as number } : undefined,
    xmin: BigInt(row.xmin as string),
    xmax: BigInt(row.xmax as string),
  };
}

/** The last line; when every line was archived, the anchor of the last archive. */
export async function chainHead(manager: EntityManager): Promise<ChainHead> {
  const [row] = await manager.query<Row[]>(
    `(SELECT sequence::text AS sequence, hash, chained_at FROM audit_chain ORDER BY audit_chain.sequence DESC LIMIT 1)
     UNION ALL (SELECT to_sequence::text, head_hash, NULL FROM audit_archive ORDER BY number DESC LIMIT 1) LIMIT 1`,
  );
  if (!row) return { sequence: 0n, hash: genesis };
  const chainedAt = row.chained_at ? isoOf(row.chained_at) : undefined;
  return { sequence: BigInt(row.sequence as string), hash: row.hash as Buffer, chainedAt };
}

/** Lines that have no place yet, in the order of their numbers. A line may come late: its transaction was long. */
export function unchained(manager: EntityManager, settledId: string, limit: number): Promise<ChainableRecord[]> {
  return manager.query<ChainableRecord[]>(
    `SELECT ${chainableColumns} FROM audit_record r WHERE r.id > $1
       AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.record_id = r.id AND c.record_id > $1)
     ORDER BY r.id LIMIT $2`,
    [settledId, limit],
  );
}

export async function appendLines(manager: EntityManager, lines: readonly ChainLine[], chainedAt: string) {
  await manager.query(
    `INSERT INTO audit_chain (sequence, record_id, chained_at, hash)
     SELECT sequence, record_id, $4::timestamptz, hash
     FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS line (sequence, record_id, hash)`,
    [
      lines.map(({ sequence }) => String(sequence)),
      lines.map((one) => one.recordId),
      lines.map((one) => one.hash),
      chainedAt,
    ],
  );
}

/**
 * Moves the mark below which nothing can appear any more. A number drawn before the mark was noted belongs to a transaction
 * that had begun by then; once all of those have ended, and their lines are chained, the mark is safe.
 * @param chainedThrough every visible line up to this number is chained now; every one at all when undefined
 */
export async function settle(manager: EntityManager, settling: Settling, chainedThrough?: bigint): Promise<void> {
  const { candidate, xmin, xmax } = settling;
  // Restored on another server, whose transactions count from elsewhere: the note means nothing there.
  const isForeign = candidate !== undefined && candidate.xmax > xmax;
  if (candidate && !isForeign) {
    const isChained = chainedThrough === undefined || chainedThrough >= BigInt(candidate.id);
    if (!isChained || xmin < candidate.xmax || candidate.ageMs < settleMsMin) return;
  }
  // Number and transactions are noted in one statement: of two, the second would see lines of transactions that the first did not.
  const settledId = candidate && !isForeign ? candidate.id : settling.settledId;
  await manager.query(
    `UPDATE audit_chain_state SET settled_id = $1, candidate_id = coalesce((SELECT max(id) FROM audit_record), 0),
       candidate_xmax = pg_snapshot_xmax(pg_current_snapshot())::text::numeric, candidate_at = now()
     WHERE settled_id <> $1 OR candidate_id IS DISTINCT FROM (SELECT coalesce(max(id), 0) FROM audit_record)`,
    [settledId],
  );
}

/** The hash at a place; undefined when there is no such line. */
export async function hashAt(manager: EntityManager, sequence: bigint): Promise<Buffer | undefined> {
  const [row] = await manager.query<Row[]>('SELECT hash FROM audit_chain WHERE sequence = $1', [String(sequence)]);
  return row?.hash as Buffer | undefined;
}

/** Chained lines that no seal covers yet. */
export interface OpenPeriod {
  readonly previous: Seal | undefined;
  readonly fromSequence: bigint;
  readonly fromAt: string;
}

export async function openPeriod(
  manager: EntityManager,
  previous: Seal | undefined,
  head: ChainHead,
): Promise<OpenPeriod | undefined> {
  const fromSequence = (previous?.toSequence ?? 0n) + 1n;
  if (head.sequence < fromSequence) return undefined;
  const [row] = await manager.query<Row[]>('SELECT chained_at FROM audit_chain WHERE sequence = $1', [
    String(fromSequence),
  ]);
  return row && { previous, fromSequence, fromAt: isoOf(row.chained_at) };
}

export async function lastSeal(manager: EntityManager): Promise<Seal | undefined> {
  const [row] = await manager.query<Row[]>('SELECT * FROM audit_seal ORDER BY number DESC LIMIT 1');
  return row && sealOfRow(row);
}

export async function appendSeal(manager: EntityManager, seal: Seal): Promise<void> {
  await manager.query(
    `INSERT INTO audit_seal (number, from_sequence, to_sequence, from_at, to_at, head_hash, previous_hash, sealed_at, key_id,
       signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      String(seal.number),
      String(seal.fromSequence),
      String(seal.toSequence),
      seal.fromAt,
      seal.toAt,
      seal.headHash,
      seal.previousHash,
      seal.sealedAt,
      seal.keyId,
      seal.signature,
    ],
  );
}

export async function rememberKey(manager: EntityManager, id: string, publicKeyPem: string): Promise<void> {
  await manager.query('INSERT INTO audit_key (key_id, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    id,
    publicKeyPem,
  ]);
}

export function sealOfRow(row: Row): Seal {
  return {
    number: BigInt(row.number as string),
    fromSequence: BigInt(row.from_sequence as string),
    toSequence: BigInt(row.to_sequence as string),
    fromAt: isoOf(row.from_at),
    toAt: isoOf(row.to_at),
    headHash: row.head_hash as Buffer,
    previousHash: row.previous_hash as Buffer,
    sealedAt: isoOf(row.sealed_at),
    keyId: row.key_id as string,
    signature: row.signature as Buffer,
  };
}

export function anchorOfRow(row: Row): ArchiveAnchor {
  return {
    number: BigInt(row.number as string),
    fromSeal: BigInt(row.from_seal as string),
    toSeal: BigInt(row.to_seal as string),
    fromSequence: BigInt(row.from_sequence as string),
    toSequence: BigInt(row.to_sequence as string),
    headHash: row.head_hash as Buffer,
    fileName: row.file_name as string,
    fileSha256: row.file_sha256 as Buffer,
    archivedAt: isoOf(row.archived_at),
    keyId: row.key_id as string,
    signature: row.signature as Buffer,
  };
}
