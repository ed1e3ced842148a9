import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditActor, AuditTrail } from '../../audit';
import { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { publicationConfig } from './publication.config';
import { publicationErrors } from './publication.errors';
import { searchable } from './search-text';
import { activeStates, mayBecome, PublicationState } from './state/publication-state';
import type { PublicationAction, PublicationKind, PublicationTrigger } from './store/publication';
import { RawRow, rowsOf } from './store/publication.mapper';
import { PublicationRepository } from './store/publication.repository';

export interface PublicationSearch {
  readonly states?: readonly PublicationState[];
  /** Reception, from included, to excluded. */
  readonly from?: Date;
  readonly to?: Date;
  readonly accessionNumber?: string;
  readonly studyInstanceUid?: string;
  /** Words that must all be found: patient, numbers, report, sender. */
  readonly text?: string;
  /** At most 500; 50 unless told. */
  readonly limit?: number;
  readonly offset?: number;
}

/** One publication as it is shown: no identity beside the title of its rows. */
export interface PublicationSummary {
  readonly id: string;
  readonly state: PublicationState;
  readonly kind: PublicationKind;
  readonly trigger: PublicationTrigger;
  readonly action?: PublicationAction;
  readonly studyInstanceUid: string;
  readonly accessionNumbers: readonly string[];
  readonly kosSopInstanceUid?: string;
  readonly instances?: number;
  readonly pacsId?: string;
  readonly messageControlId: string;
  readonly correlationId: string;
  readonly receivedAt: Date;
  readonly changedAt: Date;
  readonly settledAt?: Date;
  /** When the next step is due; only while work is due. */
  readonly nextAttemptAt?: Date;
  readonly attempts: number;
  readonly reasonCode?: string;
  /** What the registry or a check said, for the operator's screen. It may quote what was sent. */
  readonly reasonDetail?: string;
  readonly mayBeRetried: boolean;
}

export interface PublicationHistoryLine {
  readonly at: Date;
  readonly from?: PublicationState;
  readonly to: PublicationState;
  readonly reasonCode?: string;
  readonly reasonDetail?: string;
  /** WS-Addressing identifier of the message to the DMP. */
  readonly messageId?: string;
  readonly attempt: number;
  /** Who asked for it, when somebody did. */
  readonly actor?: string;
}

export interface PublicationDetail extends PublicationSummary {
  /** Row of the message received, and the publication that took its place. */
  readonly intakeMessageId?: string;
  readonly overtakenBy?: string;
  readonly history: readonly PublicationHistoryLine[];
}

export interface DayProgress {
  /** Events received since the beginning of the day, by the state in which they are now. */
  readonly byState: Readonly<Record<string, number>>;
  readonly received: number;
  /** Median time from reception to the end of those that ended well, in seconds. */
  readonly medianSeconds?: number;
}

export interface QueueState {
  readonly byState: Readonly<Record<string, number>>;
  /** How long the most overdue publication has been due, in milliseconds; 0 when none is. */
  readonly overdueMs: number;
}

const limitMax = 500;
const columns = `id, state, kind, trigger, action, study_instance_uid, accession_numbers, kos_sop_instance_uid, instances, pacs_id,
  message_control_id, correlation_id, received_at, changed_at, settled_at, next_attempt_at, attempts, reason_code, reason_detail,
  message_id, overtaken_by`;

/** What the operator's page and tool ask about publications, and the one thing they may do. */
@Injectable()
export class PublicationQueries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly publications: PublicationRepository,
    private readonly trail: AuditTrail,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  /** Newest first. */
  async search(search: PublicationSearch): Promise<{ items: PublicationSummary[]; total: number }> {
    const { where, values } = conditions(search);
    const limit = Math.min(Math.max(search.limit ?? 50, 1), limitMax);
    const found: unknown = await this.dataSource.query(
      `SELECT ${columns} FROM publication ${where} ORDER BY id DESC LIMIT ${limit} OFFSET ${Math.max(search.offset ?? 0, 0)}`,
      values,
    );
    const [counted] = rowsOf<{ total: number }>(
      await this.dataSource.query(`SELECT count(*)::int AS total FROM publication ${where}`, values),
    );
    return { items: rowsOf(found).map(summaryOf), total: counted?.total ?? 0 };
  }

  /** Throws `publication.unknown`. */
  async show(id: string): Promise<PublicationDetail> {
    const [row] = isNumber(id)
      ? rowsOf(await this.dataSource.query(`SELECT ${columns} FROM publication WHERE id = $1`, [id]))
      : [];
    if (!row) throw new GatewayError(publicationErrors.unknown);
    const lines: unknown = await this.dataSource.query(
      'SELECT * FROM publication_history WHERE publication_id = $1 ORDER BY id',
      [id],
    );
    return {
      ...summaryOf(row),
      intakeMessageId: textOrNone(row.message_id),
      overtakenBy: textOrNone(row.overtaken_by),
      history: rowsOf(lines).map(historyLineOf),
    };
  }

  /**
   * Tries a parked publication again: from the start, or, when its manifest may have reached the registry, by asking the
   * registry for that very manifest. Throws `publication.unknown` or `publication.not-parked`.
   */
  async retry(id: string, actor: AuditActor): Promise<PublicationState> {
    if (!isNumber(id)) throw new GatewayError(publicationErrors.unknown);
    return this.dataSource.transaction(async (manager) => {
      const parked = await this.publications.byId(id, manager);
      if (!parked) throw new GatewayError(publicationErrors.unknown);
      const to = parked.mayBeRegistered && parked.submission && parked.draft ? 'publishing' : 'received';
      const isParked = parked.state === 'refused' || parked.state === 'dead';
      if (!isParked || !mayBecome(parked.state, to)) throw new GatewayError(publicationErrors.notParked);
      await this.publications.revive(parked, to, actor.professionalId ?? actor.peer ?? '', manager);
      const facts = { publication: id, state: parked.state };
      const { studyInstanceUid, kosSopInstanceUid: documentUniqueId } = parked;
      await this.trail.record(
        { kind: 'publication.retried', outcome: 'success', actor, studyInstanceUid, documentUniqueId, facts },
        manager,
      );
      return to;
    });
  }

  /** How the day (in the gateway's time zone) is going. */
  async progress(day: Date = new Date()): Promise<DayProgress> {
    const zone = this.config.timeZone;
    const of = `received_at >= date_trunc('day', $1::timestamptz, $2) AND
      received_at < date_trunc('day', $1::timestamptz, $2) + interval '1 day'`;
    const counted: unknown = await this.dataSource.query(
      `SELECT state, count(*)::int AS number FROM publication WHERE ${of} GROUP BY state`,
      [day, zone],
    );
    const [time] = rowsOf<{ median: number | null }>(
      await this.dataSource.query(
        `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - received_at))::float AS median
         FROM publication WHERE ${of} AND settled_at IS NOT NULL AND overtaken_by IS NULL`,
        [day, zone],
      ),
    );
    const byState = countsOf(counted);
    const received = Object.values(byState).reduce((sum, number) => sum + number, 0);
    return { byState, received, medianSeconds: time?.median ?? undefined };
  }

  /** What waits and what is parked: for metrics and health. */
  async queue(): Promise<QueueState> {
    const waiting: unknown = await this.dataSource.query(
      `SELECT state, count(*)::int AS number FROM publication WHERE state = ANY($1) GROUP BY state
       UNION ALL SELECT state, count(*)::int FROM publication WHERE state IN ('refused', 'dead') GROUP BY state`,
      [activeStates],
    );
    const [oldest] = rowsOf<{ ms: number | null }>(
      await this.dataSource.query(
        `SELECT extract(epoch FROM now() - min(CASE WHEN attempts > 0 THEN changed_at ELSE next_attempt_at END))::float * 1000 AS ms
         FROM publication WHERE state = ANY($1) AND (attempts > 0 OR next_attempt_at < now())`,
        [activeStates],
      ),
    );
    return { byState: countsOf(waiting), overdueMs: Math.max(0, oldest?.ms ?? 0) };
  }
}

function conditions(search: PublicationSearch): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (value: unknown, sql: (place: string) => string) => parts.push(sql(`$${values.push(value)}`));
  if (search.states?.length) add(search.states, (at) => `state = ANY(${at})`);
  if (search.from) add(search.from, (at) => `received_at >= ${at}`);
  if (search.to) add(search.to, (at) => `received_at < ${at}`);
  if (search.accessionNumber) add([search.accessionNumber], (at) => `accession_numbers @> ${at}::text[]`);
  if (search.studyInstanceUid) add(search.studyInstanceUid, (at) => `study_instance_uid = ${at}`);
  const words = searchable(search.text ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 10);
  for (const word of words) add(word, (at) => `strpos(search_text || ' ' || study_instance_uid, ${at}) > 0`);
  return { where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', values };
}

const isNumber = (text: string): boolean => /^\d{1,18}$/.test(text);
const orNone = <T>(value: unknown): T | undefined => (value ?? undefined) as T | undefined;
const textOrNone = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

function countsOf(result: unknown): Record<string, number> {
  return Object.fromEntries(
    rowsOf<{ state: string; number: number }>(result).map(({ state, number }) => [state, number]),
  );
}

function summaryOf(row: RawRow): PublicationSummary {
  const state = row.state as PublicationState;
  const isDue = (activeStates as readonly PublicationState[]).includes(state);
  return {
    id: String(row.id),
    state,
    kind: row.kind as PublicationKind,
    trigger: row.trigger as PublicationTrigger,
    action: orNone(row.action),
    studyInstanceUid: row.study_instance_uid as string,
    accessionNumbers: row.accession_numbers as string[],
    kosSopInstanceUid: orNone(row.kos_sop_instance_uid),
    instances: orNone(row.instances),
    pacsId: orNone(row.pacs_id),
    messageControlId: row.message_control_id as string,
    correlationId: row.correlation_id as string,
    receivedAt: row.received_at as Date,
    changedAt: row.changed_at as Date,
    settledAt: orNone(row.settled_at),
    nextAttemptAt: isDue ? (row.next_attempt_at as Date) : undefined,
    attempts: row.attempts as number,
    reasonCode: orNone(row.reason_code),
    reasonDetail: orNone(row.reason_detail),
    mayBeRetried: state === 'refused' || state === 'dead',
  };
}

function historyLineOf(row: RawRow): PublicationHistoryLine {
  return {
    at: row.at as Date,
    from: orNone(row.from_state),
    to: row.to_state as PublicationState,
    reasonCode: orNone(row.reason_code),
    reasonDetail: orNone(row.reason_detail),
    messageId: orNone(row.message_id),
    attempt: row.attempt as number,
    actor: orNone(row.actor),
  };
}
