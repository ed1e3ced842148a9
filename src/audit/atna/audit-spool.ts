import { DataSource, EntityManager } from 'typeorm';
import { readRow, textOf as text, TrailRow } from '../trail/read-row';
import { SpooledRecord } from './spooled-record';

/** Numbers of the trail that were absent when it was read past them: a transaction that ends later, or one undone. */
export interface Gap {
  readonly firstId: bigint;
  readonly lastId: bigint;
  /** Upper end of the snapshot that did not show them (xid8, decimal). */
  readonly seenBy: string;
}

export interface SpoolBatch {
  readonly records: readonly SpooledRecord[];
  /** What the cursor becomes when these have been received. */
  readonly position: bigint;
  readonly gaps: readonly Gap[];
}

/** What one connection has brought to the repository so far. */
export interface Delivered {
  readonly position: bigint;
  readonly gaps: readonly Gap[];
  /** Records found in gaps of earlier readings. */
  readonly late: readonly bigint[];
}

export interface Backlog {
  /** Records not yet received, counted up to 100,000. */
  readonly records: number;
  readonly oldestAt?: Date;
}

const cursorName = 'repository';
const backlogMax = 100_000;
/** A statement takes its number a moment before its transaction has an identifier: no gap is given up within this time. */
const gapMinutesMin = 10;

/**
 * The trail as a queue, without a second copy: a cursor over its numbers. Transactions do not end in the order of their
 * numbers, so that a number not seen is remembered as a gap until no transaction that could still fill it is running.
 * One process at a time sends: it holds the cursor by a lease.
 */
export class AuditSpool {
  constructor(
    private readonly dataSource: DataSource,
    private readonly holder: string,
    private readonly leaseMs = 30_000,
  ) {}

  /** Begins at the end of the trail when nothing was ever sent: what was recorded before is not told. */
  async prepare(): Promise<void> {
    await this.rows(
      `INSERT INTO audit_atna_cursor (name, position) SELECT $1, coalesce(max(id), 0) FROM audit_record
       ON CONFLICT (name) DO NOTHING`,
      [cursorName],
    );
  }

  /** Takes or renews the lease. @returns where to go on; undefined when another process sends */
  async acquire(): Promise<bigint | undefined> {
    const [rows] = await this.dataSource.query<[TrailRow[], number]>(
      `UPDATE audit_atna_cursor SET holder = $2, held_until = now() + $3 * interval '1 millisecond'
       WHERE name = $1 AND (holder IS NULL OR holder = $2 OR held_until < now()) RETURNING position`,
      [cursorName, this.holder, this.leaseMs],
    );
    return rows.length === 0 ? undefined : BigInt(rows[0].position as string);
  }

  async release(): Promise<void> {
    await this.rows('UPDATE audit_atna_cursor SET holder = NULL WHERE name = $1 AND holder = $2', [
      cursorName,
      this.holder,
    ]);
  }

  /** Records that came late into a gap, oldest first; `known` were given already. */
  async readLate(known: readonly bigint[], limit: number): Promise<SpooledRecord[]> {
    const rows = await this.rows(
      `SELECT r.* FROM audit_atna_gap g JOIN audit_record r ON r.id BETWEEN g.first_id AND g.last_id
       WHERE r.id <> ALL($1::bigint[]) ORDER BY r.id LIMIT ${limit}`,
      [known.map(String)],
    );
    return rows.map(recordOf);
  }

  /** The records after a position, in order. */
  async readAfter(position: bigint, limit: number): Promise<SpoolBatch> {
    const rows = await this.rows(
      `SELECT *, pg_snapshot_xmax(pg_current_snapshot())::text AS seen_by FROM audit_record
       WHERE id > $1 ORDER BY id LIMIT ${limit}`,
      [String(position)],
    );
    const records = rows.map(recordOf);
    const seenBy = text(rows[0]?.seen_by) ?? '0';
    return { records, ...gapsOf(position, records, seenBy) };
  }

  /** Moves the cursor past what was received. @throws Error when another process has taken over meanwhile */
  async advance({ position, gaps, late }: Delivered): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const [, moved] = await manager.query<[unknown, number]>(
        `UPDATE audit_atna_cursor SET position = $3, confirmed_at = now(),
           held_until = now() + $4 * interval '1 millisecond' WHERE name = $1 AND holder = $2`,
        [cursorName, this.holder, String(position), this.leaseMs],
      );
      if (moved !== 1) throw new Error('another process sends the audit trail now');
      for (const id of late) await closeGap(manager, id);
      for (const { firstId, lastId, seenBy } of gaps) {
        await manager.query(
          'INSERT INTO audit_atna_gap (first_id, last_id, seen_by) VALUES ($1, $2, $3::xid8) ON CONFLICT DO NOTHING',
          [String(firstId), String(lastId), seenBy],
        );
      }
      // Restored on another server, whose transactions count from elsewhere: none that was running then runs here.
      await manager.query(
        `DELETE FROM audit_atna_gap g WHERE (seen_by <= pg_snapshot_xmin(pg_current_snapshot())
             OR seen_by > pg_snapshot_xmax(pg_current_snapshot()))
           AND seen_at < now() - interval '${gapMinutesMin} minutes'
           AND NOT EXISTS (SELECT 1 FROM audit_record r WHERE r.id BETWEEN g.first_id AND g.last_id)`,
      );
    });
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.rows(
      `SELECT count(*)::int AS records, min(at) AS oldest FROM (
         SELECT at FROM audit_record WHERE id > (SELECT position FROM audit_atna_cursor WHERE name = $1)
         ORDER BY id LIMIT ${backlogMax}) waiting`,
      [cursorName],
    );
    return { records: row.records as number, oldestAt: (row.oldest as Date | null) ?? undefined };
  }

  private rows(sql: string, values: unknown[] = []): Promise<TrailRow[]> {
    return this.dataSource.query<TrailRow[]>(sql, values);
  }
}

/** Ranges that are missing between a position and the last of these records. */
function gapsOf(position: bigint, records: readonly SpooledRecord[], seenBy: string) {
  const gaps: Gap[] = [];
  let last = position;
  for (const { id } of records) {
    const found = BigInt(id);
    if (found > last + 1n) gaps.push({ firstId: last + 1n, lastId: found - 1n, seenBy });
    last = found;
  }
  return { position: last, gaps };
}

/** Takes one number out of its gap: what is left on either side stays open. */
async function closeGap(manager: EntityManager, id: bigint): Promise<void> {
  const [removed] = await manager.query<[TrailRow[], number]>(
    `DELETE FROM audit_atna_gap WHERE $1 BETWEEN first_id AND last_id
     RETURNING first_id, last_id, seen_by::text AS seen_by, seen_at`,
    [String(id)],
  );
  for (const row of removed) {
    const sides = [
      [BigInt(row.first_id as string), id - 1n],
      [id + 1n, BigInt(row.last_id as string)],
    ];
    for (const [first, last] of sides) {
      if (first > last) continue;
      await manager.query(
        'INSERT INTO audit_atna_gap (first_id, last_id, seen_by, seen_at) VALUES ($1, $2, $3::xid8, $4)',
        [String(first), String(last), row.seen_by, row.seen_at],
      );
    }
  }
}

function recordOf(row: TrailRow): SpooledRecord {
  const matricule = text(row.patient_matricule);
  return {
    ...readRow(row),
    patient: matricule === undefined ? undefined : { matricule, oid: text(row.patient_oid) ?? '' },
  };
}
