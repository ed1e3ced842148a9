import { Client } from 'pg';
import type { ReceivedMessage } from '../../sandbox/syslog';
import { pause, until } from './sandbox';

/** Events or messages, each with how often it came: a doubled one, or one that is missing, is seen. */
export function countsOf(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of [...lines].sort()) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

/** What each journey left in the trail of one gateway, and what the audit record repository received of it. */
export class JourneyTrail {
  /** Records by journey. */
  private readonly records = new Map<string, Set<string>>();

  constructor(
    public db: Client,
    private readonly received: () => readonly ReceivedMessage[],
  ) {}

  get journeys(): string[] {
    return [...this.records.keys()];
  }

  /** What an act left, in the order of names: what goes on side by side has no other. */
  async left(work: () => Promise<unknown>, count: number, journey?: string): Promise<string[]> {
    const newest = 'SELECT coalesce(max(id), 0) AS last FROM audit_record';
    const [{ last }] = (await this.db.query<{ last: string }>(newest)).rows;
    await work();
    const events = async () =>
      (
        await this.db.query<{ id: string; event: string }>(
          `SELECT id, kind || ' ' || outcome || coalesce(' ' || error_code, '') AS event FROM audit_record
           WHERE id > $1 ORDER BY 2`,
          [last],
        )
      ).rows;
    await until(`${count} events`, async () => (await events()).length >= count, 60_000).catch(() => undefined);
    // One more than expected would come just after.
    await pause(300);
    const found = await events();
    if (journey !== undefined) this.records.set(journey, new Set(found.map(({ id }) => id)));
    return found.map(({ event }) => event);
  }

  /** What the repository received from this gateway of a journey. */
  async receivedOf(journey: string): Promise<ReceivedMessage[]> {
    const ids = this.records.get(journey) ?? new Set();
    const ours = () => this.received().filter(({ record }) => ids.has(record.id));
    await until(`messages of ${journey}`, () => ours().length >= ids.size, 60_000).catch(() => undefined);
    return ours();
  }

  /** The same as event, type, action and outcome, in the order of names. */
  async toldOf(journey: string): Promise<string[]> {
    const lines = (await this.receivedOf(journey)).map(({ event: { id, types, action, outcome } }) =>
      [id, types[0] ?? '-', action, outcome].join(' '),
    );
    return lines.sort();
  }
}
