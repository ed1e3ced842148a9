import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { activeStates, mayBecome, PublicationState, unsentStates } from '../state/publication-state';
import type { Publication, PublicationChange, PublicationTrigger, Reason } from './publication';
import { tell } from './publication-history';
import { assignments, publicationOf, RawRow, rowsOf } from './publication.mapper';
import { activeList, StudyEvents } from './study-events';

export interface NewPublication extends Pick<
  Publication,
  'studyInstanceUid' | 'kind' | 'trigger' | 'request' | 'correlationId' | 'messageControlId' | 'receivedAt'
> {
  readonly messageId?: string;
  readonly accessionNumbers: readonly string[];
  readonly searchText: string;
  readonly delayMs: number;
}

export interface Transition {
  readonly to: PublicationState;
  readonly reason?: Reason;
  readonly change?: PublicationChange;
  /** SOAP message behind it. */
  readonly messageId?: string;
  /** The lease is given back, and the next step is due after this time. */
  readonly laterMs?: number;
}

/** Another worker took the publication over, or a later event took its place: whatever was found is dropped. */
export class LeaseLost extends Error {}

const unsentList = `('${unsentStates.join("', '")}')`;
const settled: readonly PublicationState[] = ['published', 'replaced', 'withdrawn'];

/** Tables `publication` and `publication_history`. Every change of state goes through the state table, and is told. */
@Injectable()
export class PublicationRepository {
  readonly ofStudy: StudyEvents;

  constructor(private readonly dataSource: DataSource) {
    this.ofStudy = new StudyEvents(dataSource);
  }

  /** One event of a study at a time, in all processes: the order of the numbers is the order of the commits. */
  async lockStudy(studyInstanceUid: string, manager: EntityManager): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 11))', [studyInstanceUid]);
  }

  async insert(given: NewPublication, manager: EntityManager): Promise<string> {
    const [row] = rowsOf(
      await manager.query(
        `INSERT INTO publication (study_instance_uid, kind, trigger, state, request, accession_numbers, search_text, message_id,
           message_control_id, correlation_id, received_at, next_attempt_at)
         VALUES ($1, $2, $3, 'received', $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 ms') RETURNING id`,
        [
          given.studyInstanceUid,
          given.kind,
          given.trigger,
          JSON.stringify(given.request),
          given.accessionNumbers,
          given.searchText,
          given.messageId ?? null,
          given.messageControlId,
          given.correlationId,
          given.receivedAt,
          given.delayMs,
        ],
      ),
    );
    const id = String(row?.id);
    await tell(manager, { id, to: 'received' });
    return id;
  }

  /** Events of the study of which nothing has left yet, oldest first; locked until the transaction ends. */
  async unsent(
    studyInstanceUid: string,
    triggers: readonly PublicationTrigger[],
    manager: EntityManager,
  ): Promise<Publication[]> {
    const found: unknown = await manager.query(
      `SELECT * FROM publication WHERE study_instance_uid = $1 AND state IN ${unsentList} AND trigger = ANY($2)
       ORDER BY id FOR UPDATE`,
      [studyInstanceUid, triggers],
    );
    return rowsOf(found).map(publicationOf);
  }

  /** Ends an earlier event in favour of a later one; a worker that holds it finds its lease lost. */
  async overtake(
    { id, state }: Pick<Publication, 'id' | 'state'>,
    by: string,
    to: 'replaced' | 'withdrawn',
    manager: EntityManager,
  ): Promise<void> {
    checked(state, to);
    await manager.query(
      `UPDATE publication SET state = $2, overtaken_by = $3, changed_at = now(), settled_at = now(), lease_token = NULL,
         lease_until = NULL, kos = NULL, draft = NULL, submission = NULL WHERE id = $1`,
      [id, to, by],
    );
    await tell(manager, { id, from: state, to, reason: { code: 'overtaken', detail: by } });
  }

  /**
   * Takes the next due publication, under a lease: its study has no earlier event left, and nobody else holds it. Rows that
   * another process is just taking are passed over.
   */
  async claim(states: readonly PublicationState[], token: string, leaseMs: number): Promise<Publication | undefined> {
    const [row] = rowsOf(
      await this.dataSource.query(
        `UPDATE publication SET lease_token = $2, lease_until = now() + $3 * interval '1 ms' WHERE id = (
           SELECT id FROM publication p WHERE p.state = ANY($1) AND p.state IN ${activeList} AND p.next_attempt_at <= now()
             AND (p.lease_until IS NULL OR p.lease_until < now())
             AND NOT EXISTS (SELECT 1 FROM publication e WHERE e.study_instance_uid = p.study_instance_uid AND e.id < p.id
               AND e.state IN ${activeList})
           ORDER BY p.next_attempt_at, p.id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING *`,
        [states, token, leaseMs],
      ),
    );
    return row && publicationOf(row);
  }

  /** Whether the lease is still ours, for that much longer. */
  async renew(id: string, token: string, leaseMs: number): Promise<boolean> {
    const renewed: unknown = await this.dataSource.query(
      `UPDATE publication SET lease_until = now() + $3 * interval '1 ms' WHERE id = $1 AND lease_token = $2 RETURNING id`,
      [id, token, leaseMs],
    );
    return rowsOf(renewed).length === 1;
  }

  /** Moves a publication that we hold. Throws `LeaseLost` when we hold it no more. */
  async move(held: Publication, transition: Transition, manager?: EntityManager): Promise<Publication> {
    if (!manager) return this.dataSource.transaction((inside) => this.move(held, transition, inside));
    const { to, reason, change = {}, messageId, laterMs } = transition;
    checked(held.state, to);
    const ended = settled.includes(to) ? { kos: null, draft: null, submission: null } : {};
    const { sql, values } = assignments({ attempts: 0, waits: 0, ...change, ...ended }, 6);
    const free = laterMs !== undefined || !(activeStates as readonly PublicationState[]).includes(to);
    const [row] = rowsOf(
      await manager.query(
        `UPDATE publication SET state = $4, reason_code = $5, reason_detail = $6, changed_at = now(),
           next_attempt_at = now() + ${laterMs ?? 0} * interval '1 ms'
           ${settled.includes(to) ? ', settled_at = now()' : ''}${free ? ', lease_token = NULL, lease_until = NULL' : ''}${sql}
         WHERE id = $1 AND lease_token = $2 AND state = $3 RETURNING *`,
        [held.id, held.leaseToken, held.state, to, reason?.code ?? null, reason?.detail ?? null, ...values],
      ),
    );
    if (!row) throw new LeaseLost(`publication ${held.id}`);
    await tell(manager, { id: held.id, from: held.state, to, reason, messageId, attempt: held.attempts });
    return publicationOf(row);
  }

  /** Keeps a publication where it is, for another try later; told in its history when the reason is a new one. */
  async postpone(
    held: Publication,
    later: { inMs: number; reason?: Reason; change?: PublicationChange; messageId?: string },
  ): Promise<void> {
    const { sql, values } = assignments(later.change ?? {}, 6);
    await this.dataSource.transaction(async (manager) => {
      const moved = rowsOf(
        await manager.query(
          `UPDATE publication SET next_attempt_at = now() + $4 * interval '1 ms', reason_code = $5, reason_detail = $6,
             lease_token = NULL, lease_until = NULL${sql} WHERE id = $1 AND lease_token = $2 AND state = $3 RETURNING id`,
          [
            held.id,
            held.leaseToken,
            held.state,
            later.inMs,
            later.reason?.code ?? null,
            later.reason?.detail ?? null,
            ...values,
          ],
        ),
      );
      if (moved.length === 0) throw new LeaseLost(`publication ${held.id}`);
      if (later.reason && later.reason.code !== held.reasonCode) {
        const { reason, messageId } = later;
        await tell(manager, {
          id: held.id,
          from: held.state,
          to: held.state,
          reason,
          messageId,
          attempt: held.attempts,
        });
      }
    });
  }

  /** Takes a parked publication up again, because somebody asked for it. */
  async revive(
    { id, state }: Pick<Publication, 'id' | 'state'>,
    to: 'received' | 'publishing',
    actor: string,
    manager: EntityManager,
  ): Promise<void> {
    checked(state, to);
    const anew =
      to === 'received'
        ? ', kos = NULL, draft = NULL, submission = NULL, kos_sop_instance_uid = NULL, action = NULL'
        : '';
    await manager.query(
      `UPDATE publication SET state = $2, changed_at = now(), next_attempt_at = now(), attempts = 0, waits = 0, counted_at = NULL,
         counted_instances = NULL, lease_token = NULL, lease_until = NULL${anew} WHERE id = $1`,
      [id, to],
    );
    await tell(manager, { id, from: state, to, reason: { code: 'retried' }, actor });
  }

  /** Says, before anything leaves, that the registry may hold it from now on. */
  async markLeaving(held: Publication): Promise<void> {
    const marked: unknown = await this.dataSource.query(
      `UPDATE publication SET may_be_registered = true, sent_at = now() WHERE id = $1 AND lease_token = $2 AND state = 'publishing'
       RETURNING id`,
      [held.id, held.leaseToken],
    );
    if (rowsOf(marked).length === 0) throw new LeaseLost(`publication ${held.id}`);
  }

  /** What was put off for these reasons is due now: the neighbour answers again. */
  async wake(reasonPrefix: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE publication SET next_attempt_at = now() WHERE state IN ${activeList} AND next_attempt_at > now()
         AND lease_token IS NULL AND attempts > 0 AND starts_with(reason_code, $1)`,
      [reasonPrefix],
    );
  }

  /**
   * Events of the study that this one's success makes history: what was published (a change of the images may have been, while
   * this one was parked), and what was parked before it. A change of the
   * images says nothing about what a report asked for: a parked report stays, but for a deletion that is done with.
   */
  async settleEarlier(held: Publication, to: 'replaced' | 'withdrawn', manager: EntityManager): Promise<void> {
    const earlier: unknown = await manager.query(
      `SELECT id, state FROM publication WHERE study_instance_uid = $1 AND (state = 'published' AND id <> $2
         OR id < $2 AND state IN ('refused', 'dead') AND ($3 OR trigger <> 'report' OR ($4 AND kind = 'deletion')))
       ORDER BY id FOR UPDATE`,
      [held.studyInstanceUid, held.id, held.trigger === 'report', to === 'withdrawn'],
    );
    for (const row of rowsOf<{ id: string; state: PublicationState }>(earlier)) {
      await this.overtake(row, held.id, to, manager);
    }
  }

  /** A row by number, locked when part of a transaction that changes it. */
  async byId(id: string, manager: EntityManager): Promise<Publication | undefined> {
    const [row] = rowsOf<RawRow>(await manager.query('SELECT * FROM publication WHERE id = $1 FOR UPDATE', [id]));
    return row && publicationOf(row);
  }
}

function checked(from: PublicationState, to: PublicationState): void {
  if (!mayBecome(from, to)) throw new Error(`no transition from ${from} to ${to}`);
}
