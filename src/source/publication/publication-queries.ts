import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditActor, AuditTrail } from '../../audit';
import { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { publicationConfig } from './publication.config';
import { publicationErrors } from './publication.errors';
import { searchable } from './search-text';
import { activeStates, mayBecome, PublicationState } from './state/publication-state';
import {
  DayProgress,
  historyLineOf,
  PublicationDetail,
  PublicationSearch,
  PublicationSummary,
  QueueState,
  summaryOf,
  textOrNone,
} from './publication-summary';
import { rowsOf } from './store/publication.mapper';
import { PublicationRepository } from './store/publication.repository';

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

  /** Newest first. A search by words looks for a patient: it is recorded, without the words. */
  async search(
    search: PublicationSearch,
    actor: AuditActor = {},
  ): Promise<{ items: PublicationSummary[]; total: number }> {
    if (search.text) await this.trail.record({ kind: 'publication.searched', outcome: 'success', actor });
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
      await this.publications.lockStudy(parked.studyInstanceUid, manager);
      // Both at once could end with the older report over the newer one.
      const isPast = parked.trigger === 'report' && (await this.publications.ofStudy.hasLaterReport(parked, manager));
      if (isPast) throw new GatewayError(publicationErrors.notParked);
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
function countsOf(result: unknown): Record<string, number> {
  return Object.fromEntries(
    rowsOf<{ state: string; number: number }>(result).map(({ state, number }) => [state, number]),
  );
}
