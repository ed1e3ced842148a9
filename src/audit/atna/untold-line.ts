import { EntityManager } from 'typeorm';

/**
 * Place in the chain of the first line that the audit record repository has not received, or undefined when it has them all:
 * after the cursor, or come late into a gap before it. One statement, so that cursor and gaps are of one moment.
 */
export async function firstUntoldLine(manager: EntityManager): Promise<bigint | undefined> {
  const [{ place }] = await manager.query<[{ place: string | null }]>(
    `SELECT least(
       (SELECT min(c.sequence) FROM audit_atna_cursor a JOIN audit_chain c ON c.record_id > a.position),
       (SELECT min(c.sequence) FROM audit_atna_gap g JOIN audit_chain c ON c.record_id BETWEEN g.first_id AND g.last_id)
     ) AS place`,
  );
  return place === null ? undefined : BigInt(place);
}
