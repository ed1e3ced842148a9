import type { DataSource, EntityManager } from 'typeorm';
import type { AuditEvent } from './audit-event';
import { DatabaseAuditTrail } from './database-audit-trail';

interface Written {
  readonly kinds: readonly string[];
  readonly facts: readonly Record<string, unknown>[];
}

/** A database reduced to its statement; the test says when a write ends, and how. */
class OneStatement {
  readonly written: Written[] = [];
  private ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly dataSource = {
    driver: { master: { query: ({ values }: { values: [string] }) => this.write(values[0]) } },
  } as unknown as DataSource;

  end(error?: Error): void {
    const end = this.ends.shift();
    if (error) end?.reject(error);
    else end?.resolve();
  }

  private write(json: string): Promise<void> {
    const rows = JSON.parse(json) as { kind: string; facts: Record<string, unknown> }[];
    this.written.push({ kinds: rows.map(({ kind }) => kind), facts: rows.map(({ facts }) => facts) });
    return new Promise((resolve, reject) => this.ends.push({ resolve, reject }));
  }
}

describe('records of the trail that wait for the disk', () => {
  const event = (number: number): AuditEvent => ({
    kind: 'serving.delivered',
    outcome: 'success',
    actor: {},
    facts: { number },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const numbers = (written: readonly Written[]) => written.map(({ facts }) => facts.map(({ number }) => number));

  /** A group of three is in the database, after a write that took some milliseconds. */
  async function afterAGroup() {
    const database = new OneStatement();
    const trail = new DatabaseAuditTrail(database.dataSource);
    const group = [1, 2, 3].map((number) => trail.record(event(number)));
    await turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    database.end();
    await Promise.all(group);
    return { database, trail };
  }

  it('are written by one statement in their order, each answered only after it', async () => {
    const { database } = await afterAGroup();
    expect(numbers(database.written)).toEqual([[1, 2, 3]]);
  });

  it('wait for their companions when they come back one after the other', async () => {
    const { database, trail } = await afterAGroup();
    const answered: number[] = [];
    const again = [4, 5, 6].map(async (number) => {
      for (let i = 4; i < number; i++) await turn();
      await trail.record(event(number));
      answered.push(number);
    });
    for (let i = 0; i < 4; i++) await turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(numbers(database.written.slice(1))).toEqual([[4, 5, 6]]);
    expect(answered).toEqual([]);
    database.end();
    await Promise.all(again);
    expect(answered).toEqual([4, 5, 6]);
  });

  it('do not wait for companions that do not come, and a record alone does not wait at all', async () => {
    const { database, trail } = await afterAGroup();
    const alone = trail.record(event(4));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(numbers(database.written.slice(1))).toEqual([[4]]);
    database.end();
    await alone;
    const next = trail.record(event(5));
    await Promise.resolve().then(() => Promise.resolve());
    await Promise.resolve();
    expect(numbers(database.written.slice(2))).toEqual([[5]]);
    database.end();
    await next;
  });

  it('fail together when their transaction fails, and the next ones are written', async () => {
    const { database, trail } = await afterAGroup();
    const lost = [4, 5].map((number) => trail.record(event(number)));
    const outcomes = Promise.allSettled(lost);
    await new Promise((resolve) => setTimeout(resolve, 20));
    database.end(new Error('the connection is gone'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const kept = trail.record(event(6));
    await new Promise((resolve) => setTimeout(resolve, 20));
    database.end();
    await kept;
    expect(numbers(database.written.slice(1))).toEqual([[4, 5], [6]]);
  });

  it('of an act with a transaction of its own are written there, at once', async () => {
    const { database, trail } = await afterAGroup();
    const query = jest.fn().mockResolvedValue(undefined);
    await trail.record(event(4), { query } as unknown as EntityManager);
    expect(query).toHaveBeenCalledTimes(1);
    expect(database.written).toHaveLength(1);
  });

  it('bear what the process was started by', async () => {
    const database = new OneStatement();
    const trail = new DatabaseAuditTrail(database.dataSource, { operator: 'exploitant' });
    const recorded = trail.record(event(1));
    await turn();
    database.end();
    await recorded;
    expect(database.written[0]?.facts).toEqual([{ number: 1, operator: 'exploitant' }]);
  });
});
