import { DataSource, EntityManager } from 'typeorm';
import type { TrustedKeys } from '../audit-key';
import { chainableColumns, ChainableRecord, genesis } from '../canonical';
import { anchorOfRow, ArchiveAnchor, isoOf, sealOfRow } from '../chain-store';
import { anchorFault } from '../archive/anchor';
import type { Seal } from '../seal';
import { Findings, Verification } from './findings';
import { LineVerifier, PlacedLine } from './line-verifier';
import { describeKeyFault, verifySeals } from './verify-seals';
import { Witnessed, verifyWitness } from './verify-witness';

const batch = 5_000;
const unchainedMax = 1_000;
type Row = Readonly<Record<string, unknown>>;

export interface VerificationNeeds {
  readonly keys: TrustedKeys;
  /** What this machine saw of the chain outside the database. */
  readonly witnessed?: Witnessed;
}

/**
 * Computes the whole chain anew, in one snapshot of the database, and compares it with the signed periods, the archives and
 * the witness. Reads only.
 */
export function verifyTrail(dataSource: DataSource, needs: VerificationNeeds): Promise<Verification> {
  return dataSource.transaction('REPEATABLE READ', async (manager) => {
    await manager.query('SET TRANSACTION READ ONLY');
    await manager.query('SET LOCAL statement_timeout = 0');
    return verify(manager, needs);
  });
}

async function verify(manager: EntityManager, { keys, witnessed }: VerificationNeeds): Promise<Verification> {
  const findings = new Findings();
  const seals = (await manager.query<Row[]>('SELECT * FROM audit_seal ORDER BY number')).map(sealOfRow);
  const anchors = (await manager.query<Row[]>('SELECT * FROM audit_archive ORDER BY number')).map(anchorOfRow);
  verifySeals(seals, keys, findings);
  verifyAnchors(anchors, seals, keys, findings);
  const last = anchors.at(-1);
  const start = { sequence: last?.toSequence ?? 0n, hash: last?.headHash ?? genesis };
  const open = seals.filter(({ toSequence }) => toSequence > start.sequence);
  const lines = new LineVerifier(start, open, findings);
  for await (const line of placedLines(manager, start.sequence)) lines.take(line);
  lines.end();
  const waiting = await verifyUnchained(manager, findings);
  if (witnessed) await verifyWitness(manager, witnessed, { seals, anchors, keys, findings });
  else findings.notices.push('this machine has seen nothing of the chain: its end cannot be compared with a witness');
  if (last) await noteLeftovers(manager, last, findings);
  if (lines.late > 0)
    findings.notices.push(
      `${lines.late} line(s) took their place more than an hour after the time they tell: the gateway was stopped, or they were written by hand`,
    );
  return findings.report({
    lines: lines.lines,
    waiting,
    periods: seals.length,
    firstSequence: lines.firstSequence?.toString(),
    lastSequence: lines.lastSequence > 0n ? String(lines.lastSequence) : undefined,
    lastHash: lines.lastHash?.toString('hex'),
  });
}

/** Every place behind `after`, in order, with its line; read by portions. */
export async function* placedLines(
  manager: EntityManager,
  after: bigint,
  through?: bigint,
): AsyncGenerator<PlacedLine> {
  let from = after;
  for (;;) {
    const rows = await manager.query<Row[]>(
      `SELECT c.sequence::text AS sequence, c.record_id::text AS record_id, c.hash, c.chained_at, ${chainableColumns}
       FROM audit_chain c LEFT JOIN audit_record r ON r.id = c.record_id
       WHERE c.sequence > $1 AND c.sequence <= $2 ORDER BY c.sequence LIMIT ${batch}`,
      [String(from), String(through ?? 2n ** 62n)],
    );
    for (const row of rows) yield placedLineOf(row);
    if (rows.length < batch) return;
    from = BigInt(rows.at(-1)?.sequence as string);
  }
}

function placedLineOf(row: Row): PlacedLine {
  const { sequence, record_id: recordId, hash, chained_at: chainedAt, ...record } = row;
  return {
    sequence: BigInt(sequence as string),
    recordId: recordId as string,
    chainedAt: isoOf(chainedAt),
    hash: hash as Buffer,
    record: record.id === null ? undefined : (record as unknown as ChainableRecord),
  };
}

/** Lines without a place: those that come late are waiting, those below the mark were put there by somebody. */
async function verifyUnchained(manager: EntityManager, findings: Findings): Promise<number> {
  const rows = await manager.query<{ id: string; settled: boolean }[]>(
    `SELECT r.id::text AS id, r.id <= s.settled_id AS settled FROM audit_record r, audit_chain_state s
     WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.record_id = r.id) ORDER BY r.id LIMIT ${unchainedMax}`,
  );
  for (const { id } of rows.filter(({ settled }) => settled))
    findings.add({
      kind: 'inserted',
      recordId: id,
      message: `line ${id} has no place in the chain: it was put in later`,
    });
  const [{ waiting }] = await manager.query<[{ waiting: number }]>(
    `SELECT count(*)::int AS waiting FROM audit_record r, audit_chain_state s WHERE r.id > s.settled_id
       AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.record_id = r.id AND c.record_id > s.settled_id)`,
  );
  return waiting;
}

/** Each archive carries on where the one before ended, ends as a signed period ends, and is signed itself. */
function verifyAnchors(
  anchors: readonly ArchiveAnchor[],
  seals: readonly Seal[],
  keys: TrustedKeys,
  findings: Findings,
): void {
  let through = 0n;
  let number = 0n;
  for (const anchor of anchors) {
    const name = `archive ${anchor.number} (${anchor.fileName})`;
    const add = (message: string) =>
      findings.add({ kind: 'archive', file: anchor.fileName, message: `${name} ${message}` });
    const fault = anchorFault(anchor, keys);
    if (fault) add(describeKeyFault(fault, anchor.keyId));
    if (anchor.number !== number + 1n || anchor.fromSequence !== through + 1n) add('does not follow the one before it');
    const end = seals.find((seal) => seal.number === anchor.toSeal);
    if (!end?.headHash.equals(anchor.headHash) || end.toSequence !== anchor.toSequence)
      add('does not end as its last period was signed');
    through = anchor.toSequence;
    number = anchor.number;
  }
}

async function noteLeftovers(manager: EntityManager, last: ArchiveAnchor, findings: Findings): Promise<void> {
  const [{ left }] = await manager.query<[{ left: number }]>(
    'SELECT count(*)::int AS left FROM audit_chain WHERE sequence <= $1',
    [String(last.toSequence)],
  );
  if (left > 0) findings.notices.push(`${left} archived line(s) are still to be removed from the database`);
}
