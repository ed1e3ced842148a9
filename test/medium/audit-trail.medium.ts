import type { DataSource } from 'typeorm';
import { Client } from 'pg';
import { AuditEvent, DatabaseAuditTrail } from '../../src/audit';
import { runWithCorrelation } from '../../src/platform/logging';
import { whileTrailRefuses } from '../support/audit-rows';
import { startEmbedded, startPostgres, TestDatabase } from '../support/database';

/** Real: PostgreSQL, and the embedded database in its process. */

const delivered: AuditEvent = {
  kind: 'serving.delivered',
  outcome: 'success',
  actor: { peer: 'CN=other', professionalId: '899900000017' },
  patient: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
  studyInstanceUid: '1.2.3',
  documentUniqueId: '1.2.4',
  instances: 3,
  bytes: 5_000_000_000,
  durationMs: 12.6,
  facts: { level: 'series', count: 2, whole: true },
};
const numbered = (number: number): AuditEvent => ({ ...delivered, documentUniqueId: `1.2.4.${number}` });

describe.each([
  ['PostgreSQL', () => startPostgres()],
  ['the embedded database', () => startEmbedded()],
])('the audit trail in %s', (_name, start) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let trail: DatabaseAuditTrail;
  const rows = (where = 'true') =>
    dataSource.query<Record<string, unknown>[]>(`SELECT * FROM audit_record WHERE ${where} ORDER BY id`);

  beforeAll(async () => {
    database = await start();
    dataSource = await database.open();
    trail = new DatabaseAuditTrail(dataSource);
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.stop();
  });

  it('writes what has happened as soon as it can, with its time and its correlation id; a record refused for itself holds back none', async () => {
    const own = new DatabaseAuditTrail(dataSource);
    const done = (number: number) =>
      runWithCorrelation(`act-${number}`, () =>
        own.recordDone({ ...delivered, kind: 'retrieval.series', documentUniqueId: `1.2.5.${number}` }),
      );
    const odd = own.recordDone({ ...delivered, kind: 'retrieval.series', instances: 2 ** 40 });
    await whileTrailRefuses(dataSource, 'retrieval.series', () => Promise.all([odd, done(1), done(2)]));
    expect(own.missing).toEqual({ held: 3, lost: 0 });
    const late = new Date();
    await own.onApplicationShutdown();
    await own.onApplicationShutdown();
    expect(own.missing).toEqual({ held: 1, lost: 0 });
    const written = await rows("kind = 'retrieval.series'");
    expect(written.map(({ correlation_id: act }) => act)).toEqual(['act-1', 'act-2']);
    for (const { at } of written) expect(at).toEqual(expect.any(Date));
    expect(written.every(({ at }) => (at as Date) <= late)).toBe(true);
  });

  it('holds every field of an event, and tells what is absent as absent', async () => {
    await trail.record({ ...delivered, kind: 'serving.failed', errorCode: 'serving.failed' });
    await trail.record({ kind: 'gateway.started', outcome: 'success', actor: {} });
    const [full] = await rows("kind = 'serving.failed'");
    expect(full).toMatchObject({
      outcome: 'success',
      actor: delivered.actor,
      patient_matricule: '279035121518989',
      patient_oid: '1.2.250.1.213.1.4.10',
      study_instance_uid: '1.2.3',
      document_unique_id: '1.2.4',
      instances: 3,
      bytes: '5000000000',
      duration_ms: 13,
      error_code: 'serving.failed',
      facts: delivered.facts,
    });
    expect(Math.abs((full.at as Date).getTime() - Date.now())).toBeLessThan(60_000);
    const [bare] = await rows("kind = 'gateway.started'");
    expect(bare).toMatchObject({
      patient_matricule: null,
      instances: null,
      correlation_id: null,
      facts: {},
      actor: {},
    });
  });

  it('keeps the order of a burst, all of it', async () => {
    await Promise.all(Array.from({ length: 1_200 }, (_, number) => trail.record(numbered(number))));
    const found = await rows("document_unique_id LIKE '1.2.4.%'");
    expect(found.map((row) => row.document_unique_id)).toEqual(
      Array.from({ length: 1_200 }, (_, number) => `1.2.4.${number}`),
    );
  });

  it('stands or falls with the transaction it is part of', async () => {
    const lost = dataSource.transaction(async (manager) => {
      await trail.record({ ...delivered, kind: 'publication.published' }, manager);
      throw new Error('given up');
    });
    await expect(lost).rejects.toThrow('given up');
    await dataSource.transaction((manager) => trail.record({ ...delivered, kind: 'publication.withdrawn' }, manager));
    expect(await rows("kind = 'publication.published'")).toEqual([]);
    expect(await rows("kind = 'publication.withdrawn'")).toHaveLength(1);
  });

  it('replaces what no database text can hold, and keeps backslashes as they are', async () => {
    const odd = { peer: 'a\0b', professionalName: 'x\ud800y', address: '\\u0000 \\' };
    await trail.record({ ...delivered, kind: 'serving.refused', actor: odd });
    const [row] = await rows("kind = 'serving.refused'");
    expect(row.actor).toEqual({ peer: 'a\ufffdb', professionalName: 'x\ufffdy', address: '\\u0000 \\' });
  });

  it('loses no record of a group for one that the table refuses', async () => {
    const impossible = { ...delivered, kind: 'viewer.opened' as const, instances: 2 ** 40 };
    const told = await Promise.allSettled([
      trail.record({ ...delivered, kind: 'viewer.refused' }),
      trail.record({ ...delivered, kind: 'viewer.refused' }),
      trail.record(impossible),
      trail.record({ ...delivered, kind: 'viewer.refused' }),
    ]);
    expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await rows("kind = 'viewer.refused'")).toHaveLength(3);
    expect(await rows("kind = 'viewer.opened'")).toHaveLength(0);
  });
});

describe('the embedded database, as its clients meet it', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startEmbedded();
  });
  afterAll(() => database?.stop());

  async function connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: database.address.url });
    // A connection that is cut on purpose says so here.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  it('answers errors and goes on, in and out of transactions', async () => {
    await connected(async (client) => {
      await client.query('CREATE TABLE kept (n int UNIQUE)');
      for (let round = 0; round < 20; round++) {
        await expect(client.query('SELECT $1::int', ['no number'])).rejects.toMatchObject({ code: '22P02' });
        await expect(client.query('SELEC')).rejects.toMatchObject({ code: '42601' });
        await client.query('BEGIN');
        await client.query('INSERT INTO kept VALUES ($1)', [round]);
        await expect(client.query('INSERT INTO kept VALUES ($1)', [round])).rejects.toMatchObject({ code: '23505' });
        await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
        await client.query('ROLLBACK');
        expect((await client.query('SELECT count(*)::int AS n FROM kept')).rows).toEqual([{ n: 0 }]);
      }
    });
  });

  it('forgets what a client that vanished had open: transaction, prepared statements, locks', async () => {
    const named = { name: 'same', text: 'SELECT $1::int AS n', values: [1] };
    for (let round = 0; round < 3; round++) {
      await connected(async (client) => {
        await client.query('CREATE TABLE IF NOT EXISTS half (n int)');
        expect((await client.query(named)).rows).toEqual([{ n: 1 }]);
        await client.query('SELECT pg_advisory_lock(7)');
        await client.query('BEGIN');
        await client.query('INSERT INTO half VALUES (1)');
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      }).catch(() => undefined);
    }
    await connected(async (client) => {
      expect((await client.query('SELECT count(*)::int AS n FROM half')).rows).toEqual([{ n: 0 }]);
      expect((await client.query("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")).rows).toEqual([
        { n: 0 },
      ]);
    });
  });

  it('takes and gives back what is large', async () => {
    await connected(async (client) => {
      const bytes = Buffer.alloc(20 * 1024 * 1024, 'x');
      const { rows } = await client.query<{ given: Buffer }>('SELECT $1::bytea AS given', [bytes]);
      expect(rows[0].given.equals(bytes)).toBe(true);
    });
  });
});
