import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DataSource } from 'typeorm';
import { TrustedKeys, verifyArchive } from '../../src/audit';
import { ChainHealth } from '../../src/audit/chain/chain.health';
import { whyHeldBack } from '../../src/cli/commands/audit-archive';
import { HealthRegistry } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import { dataSourceOptions, migrate } from '../../src/platform/persistence';
import { auditProcess, AuditProcess, auditSettings, eventOf, tamper } from '../support/audit-bench';
import { emptyTrailSql, whileTrailRefuses } from '../support/audit-rows';
import { startEmbedded, startPostgres, TestDatabase } from '../support/database';

/** Real: PostgreSQL and the embedded database, the trail, its chain, files. The clock is the test's where periods end. */

configureLogging({ level: 'silent' });
const hour = 3_600_000;
const now = Date.now();
const at = (hours: number) => () => new Date(now + hours * hour);

describe('the chain over the trail, on PostgreSQL', () => {
  let database: TestDatabase;
  let one: AuditProcess;

  beforeAll(async () => {
    database = await startPostgres();
  });
  beforeEach(async () => {
    one = await auditProcess(database);
    await one.dataSource.query(emptyTrailSql);
  });
  afterEach(() => one.close());
  afterAll(() => database.stop());

  /** Three signed periods of five lines, and three lines after them. */
  async function threePeriods(): Promise<void> {
    for (const period of [0, 1, 2]) {
      for (let line = 0; line < 5; line++) await one.trail.record(eventOf(line));
      await one.chain.advance(at(period));
    }
    await one.chain.advance(at(3));
    for (let line = 0; line < 3; line++) await one.trail.record(eventOf(line));
    await one.chain.advance(at(3));
  }
  const found = async (options?: Parameters<AuditProcess['verify']>[0]) => {
    const { ok, findings } = await one.verify(options);
    expect(ok).toBe(findings.length === 0);
    return findings.map(({ kind, recordId, sequence, period }) => [kind, recordId ?? '', sequence ?? '', period ?? '']);
  };
  const idAt = async (sequence: number) => {
    const [{ record_id: id }] = await one.dataSource.query<[{ record_id: string }]>(
      'SELECT record_id FROM audit_chain WHERE sequence = $1',
      [sequence],
    );
    return id;
  };

  it('is whole when nobody touched it', async () => {
    await threePeriods();
    const verification = await one.verify();
    expect(verification).toMatchObject({
      ok: true,
      lines: 18,
      waiting: 0,
      periods: 3,
      firstSequence: '1',
      lastSequence: '18',
      findings: [],
    });
  });

  it.each([
    ['facts', `facts = '{"z": 0, "a": "autre", "ratio": 0.1, "flag": true}'`],
    ['patient', `patient_matricule = '199999999999999'`],
    ['actor', `actor = actor || '{"professionalId": "899900000025"}'`],
    ['time', `at = at + interval '1 microsecond'`],
    ['volume', 'bytes = bytes + 1'],
    ['outcome', `outcome = 'refused'`],
    ['an absent value', `error_code = 'x'`],
  ])('names a line whose %s was changed', async (_, change) => {
    await threePeriods();
    const id = await idAt(8);
    await tamper(one.dataSource, `UPDATE audit_record SET ${change} WHERE id = ${id}`);
    expect(await found()).toEqual([['changed', id, '8', '']]);
  });

  it('names a changed place once, and a period whose chain was written anew without the key', async () => {
    await threePeriods();
    const id = await idAt(7);
    await tamper(one.dataSource, `UPDATE audit_chain SET hash = sha256(hash) WHERE sequence = 7`);
    expect(await found()).toEqual([['changed', id, '7', '']]);
    await tamper(
      one.dataSource,
      `DELETE FROM audit_seal; DELETE FROM audit_chain; UPDATE audit_chain_state SET settled_id = 0`,
    );
    const forger = await auditProcess(database);
    for (const period of [0, 1, 2, 3]) await forger.chain.advance(at(period));
    await forger.chain.advance(at(4));
    const kinds = (await found()).map(([kind]) => kind);
    expect(kinds).toContain('signature');
    expect(kinds).toContain('changed');
    expect(await found({ witness: false })).toContainEqual(['signature', '', '', '1']);
    await forger.close();
  });

  it('names a removed line, with or without its place, and a removed period', async () => {
    await threePeriods();
    const id = await idAt(3);
    await tamper(one.dataSource, `DELETE FROM audit_record WHERE id = ${id}`);
    expect(await found()).toEqual([['removed', id, '3', '']]);
    await tamper(one.dataSource, 'DELETE FROM audit_chain WHERE sequence = 3');
    expect(await found()).toEqual([['removed', '', '3', '']]);
    await tamper(
      one.dataSource,
      `DELETE FROM audit_record WHERE id IN (SELECT record_id FROM audit_chain WHERE sequence BETWEEN 6 AND 10);
       DELETE FROM audit_chain WHERE sequence BETWEEN 6 AND 10; DELETE FROM audit_seal WHERE number = 2`,
    );
    expect(await found({ witness: false })).toEqual([
      ['removed', '', '', '2'],
      ['removed', '', '3', ''],
      ['removed', '', '6', ''],
    ]);
  });

  it('names what was cut off at the end, be it lines or whole periods, when the machine has seen it', async () => {
    await threePeriods();
    const cut = (after: number) =>
      `DELETE FROM audit_record WHERE id IN (SELECT record_id FROM audit_chain WHERE sequence > ${after});
       DELETE FROM audit_chain WHERE sequence > ${after}; DELETE FROM audit_seal WHERE to_sequence > ${after}`;
    await tamper(one.dataSource, cut(16));
    expect(await found()).toEqual([['removed', '', '17', '']]);
    await tamper(one.dataSource, cut(10));
    expect(await found()).toEqual([
      ['removed', '', '11', '3'],
      ['removed', '', '11', ''],
    ]);
    await tamper(one.dataSource, cut(0));
    expect((await found()).map(([kind, , , period]) => kind + period)).toEqual([
      'removed1',
      'removed2',
      'removed3',
      'removed',
    ]);
  });

  it('tells at once when the end is gone, goes on, and does not forget it', async () => {
    await threePeriods();
    await tamper(
      one.dataSource,
      `DELETE FROM audit_record WHERE id IN (SELECT record_id FROM audit_chain WHERE sequence > 16);
       DELETE FROM audit_chain WHERE sequence > 16`,
    );
    const restarted = await auditProcess(database, {}, one.dataDir);
    await restarted.write(4);
    await restarted.chain.advance();
    const [broken] = await one.dataSource.query<{ facts: object }[]>(
      "SELECT facts FROM audit_record WHERE kind = 'audit.chain-broken'",
    );
    expect(broken?.facts).toEqual({ expected: '18', found: '20' });
    const { findings } = await restarted.verify();
    expect(findings.map(({ kind, sequence }) => [kind, sequence])).toEqual([['removed', '18']]);
    await restarted.close();
  });

  it.each([
    ['empty, as a power cut may leave it', ''],
    ['garbage', '\0\0\0 not JSON'],
    ['JSON of something else', '{"sequence":"12"}'],
  ])('takes a witness that is %s for a break: tells it once, goes on, and does not forget it', async (_, content) => {
    await threePeriods();
    const head = join(one.dataDir, 'audit', 'head.json');
    writeFileSync(head, content);
    expect((await one.verify()).findings.map(({ kind }) => kind)).toEqual(['witness']);
    const restarted = await auditProcess(database, {}, one.dataDir);
    const persistence = { dataDir: one.dataDir };
    const registry = new HealthRegistry();
    const health = new ChainHealth(restarted.dataSource, registry, restarted.trail, auditSettings(), persistence);
    for (let turn = 0; turn < 3; turn++) await restarted.write(2);
    const broken = await one.dataSource.query<{ facts: object; outcome: string }[]>(
      "SELECT facts, outcome FROM audit_record WHERE kind = 'audit.chain-broken'",
    );
    expect(broken).toEqual([{ facts: { expected: '0', found: '20', cause: 'unreadable' }, outcome: 'failure' }]);
    expect(JSON.parse(readFileSync(head, 'utf8'))).toMatchObject({ sequence: '25' });
    const { findings, waiting } = await restarted.verify();
    expect([findings.map(({ kind }) => kind), waiting]).toEqual([['witness'], 0]);
    expect(await health.check()).toMatchObject({ level: 'down', facts: { breaks: 1 } });
    // Moved away by whoever explained it.
    rmSync(join(one.dataDir, 'audit', 'broken.jsonl'));
    expect([(await restarted.verify()).ok, (await health.check()).level]).toEqual([true, 'up']);
    await whileTrailRefuses(restarted.dataSource, 'retrieval.series', async () => {
      await restarted.trail.recordDone({ kind: 'retrieval.series', outcome: 'success', actor: {} });
      expect(await health.check()).toMatchObject({ level: 'down', facts: { held: 1, lost: 0 } });
    });
    await restarted.trail.onApplicationShutdown();
    expect((await health.check()).level).toBe('up');
    await restarted.close();
  });

  it('names an inserted line, wherever it was put', async () => {
    await threePeriods();
    await one.dataSource.query('UPDATE audit_chain_state SET settled_id = (SELECT max(id) FROM audit_record)');
    await tamper(
      one.dataSource,
      `INSERT INTO audit_record (id, at, kind, outcome, actor) OVERRIDING SYSTEM VALUE VALUES (-5, now(), 'viewer.opened', 'success', '{}')`,
    );
    await one.chain.advance(at(3));
    expect(await found()).toEqual([['inserted', '-5', '', '']]);
    await tamper(
      one.dataSource,
      `UPDATE audit_chain SET sequence = sequence + 100 WHERE sequence > 5;
       UPDATE audit_chain SET sequence = sequence - 99 WHERE sequence > 100;
       INSERT INTO audit_chain SELECT 6, -5, now(), sha256('x')`,
    );
    const findings = await found();
    expect(findings).toContainEqual(['changed', '-5', '6', '']);
    expect(findings).toContainEqual(['changed', '', '6', '2']);
  });

  it('refuses to change, remove or empty anything of it', async () => {
    await threePeriods();
    for (const table of ['audit_record', 'audit_chain', 'audit_seal']) {
      const [column] = { audit_record: ['kind'], audit_chain: ['hash'], audit_seal: ['signature'] }[table] ?? [];
      for (const sql of [`UPDATE ${table} SET ${column} = ${column}`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
        await expect(one.dataSource.query(sql)).rejects.toThrow('append-only');
    }
    expect(await found()).toEqual([]);
  });

  it('works for a database user that may only add lines, and may not set the guards aside', async () => {
    await threePeriods();
    const grants = readFileSync(join(__dirname, '..', '..', 'docs', 'runbook', 'audit-trail.md'), 'utf8');
    const sql = /```sql\n([^]*?)```/.exec(grants)?.[1] ?? '';
    await one.dataSource.query(`DROP OWNED BY drimbox_run`).catch(() => undefined);
    await one.dataSource.query(`DROP ROLE IF EXISTS drimbox_run; CREATE ROLE drimbox_run LOGIN`);
    await one.dataSource.query(sql);
    const url = new URL(database.address.url);
    url.username = 'drimbox_run';
    const limited: TestDatabase = {
      ...database,
      address: { ...database.address, url: url.href },
      open: async () => {
        const source = await new DataSource(dataSourceOptions({ ...database.address, url: url.href })).initialize();
        expect(await migrate(source, false)).toBe(0);
        return source;
      },
    };
    const two = await auditProcess(limited, { DRIMBOX_AUDIT_KEEP_DAYS: '1' }, one.dataDir);
    await two.write(3);
    for (const forbidden of [
      'UPDATE audit_record SET kind = kind',
      'DELETE FROM audit_record',
      'TRUNCATE audit_record',
      'ALTER TABLE audit_record DISABLE TRIGGER ALL',
      'SET session_replication_role = replica',
      'DROP TRIGGER audit_record_no_delete ON audit_record',
    ])
      await expect(two.dataSource.query(forbidden)).rejects.toThrow(/permission denied|must be owner/);
    const { removed } = await two.retention.archive(new Date(now + 100 * hour));
    expect(removed).toBe(15);
    expect((await two.verify()).findings).toEqual([]);
    await two.close();
  });

  it('takes lines that commit late, in any order, from two processes at once, and loses none', async () => {
    const two = await auditProcess(database, {}, undefined);
    let isOver = false;
    const sealers = [one, two].map(async ({ chain }) => {
      while (!isOver) await chain.advance();
    });
    const slow = one.dataSource.transaction(async (manager) => {
      await one.trail.record(eventOf(1), manager);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await one.trail.record(eventOf(2), manager);
    });
    const undone = two.dataSource
      .transaction(async (manager) => {
        await two.trail.record(eventOf(3), manager);
        throw new Error('undone');
      })
      .catch(() => undefined);
    const writers = Array.from({ length: 20 }, (_, writer) =>
      (async () => {
        for (let line = 0; line < 40; line++) await [one, two][writer % 2]?.trail.record(eventOf(line));
      })(),
    );
    await Promise.all([slow, undone, ...writers]);
    isOver = true;
    await Promise.all(sealers);
    await one.chain.advance();
    expect(await one.verify()).toMatchObject({ ok: true, lines: 802, waiting: 0, lastSequence: '802' });
    // Each machine is a witness of its own.
    expect((await two.verify({ keys: keysOf(one, two) })).ok).toBe(true);
    await two.close();
  });

  it('never passes by a transaction that is still open, however far its neighbours are', async () => {
    const { manager } = one.dataSource;
    const runner = one.dataSource.createQueryRunner();
    await runner.startTransaction();
    await one.trail.record(eventOf(0), runner.manager);
    await one.write(5);
    for (let turn = 0; turn < 3; turn++) {
      await manager.query("UPDATE audit_chain_state SET candidate_at = candidate_at - interval '1 hour'");
      await one.chain.advance();
    }
    const [{ settled_id: settled }] = await manager.query<[{ settled_id: string }]>(
      'SELECT settled_id FROM audit_chain_state',
    );
    await runner.commitTransaction();
    await runner.release();
    const [{ first }] = await manager.query<[{ first: string }]>('SELECT min(id) AS first FROM audit_record');
    expect(Number(settled)).toBeLessThan(Number(first));
    await one.chain.advance();
    expect(await one.verify()).toMatchObject({ ok: true, lines: 6, waiting: 0 });
    for (let turn = 0; turn < 3; turn++) {
      await manager.query("UPDATE audit_chain_state SET candidate_at = candidate_at - interval '1 hour'");
      await one.chain.advance();
    }
    const [{ ahead }] = await manager.query<[{ ahead: boolean }]>(
      'SELECT settled_id = (SELECT max(id) FROM audit_record) AS ahead FROM audit_chain_state',
    );
    expect(ahead).toBe(true);
  });

  it('signs a period that is full before its time, and needs every key that ever signed', async () => {
    const full = await auditProcess(database, { DRIMBOX_AUDIT_PERIOD_LINES_MAX: '10' }, one.dataDir);
    await full.write(10);
    await full.write(25);
    expect(await full.verify()).toMatchObject({ ok: true, periods: 2, lines: 35 });
    const other = await auditProcess(database, { DRIMBOX_AUDIT_PERIOD_LINES_MAX: '10' });
    await other.write(10);
    expect((await other.verify({ witness: false })).findings.map(({ period }) => period)).toEqual(['1', '2']);
    expect((await other.verify({ keys: keysOf(full, other) })).ok).toBe(true);
    await other.close();
    await full.close();
  });

  describe('archives', () => {
    const archiveDir = join(tmpdir(), `drimbox-archive-${process.pid}`);
    let keeper: AuditProcess;
    let keys: TrustedKeys;
    beforeEach(async () => {
      keeper = await auditProcess(
        database,
        { DRIMBOX_AUDIT_KEEP_DAYS: '1', DRIMBOX_AUDIT_ARCHIVE_DIR: archiveDir, DRIMBOX_AUDIT_ARCHIVE_LINES_MAX: '10' },
        one.dataDir,
      );
      keys = keysOf(one);
      await threePeriods();
    });
    afterEach(async () => {
      await keeper.close();
      rmSync(archiveDir, { recursive: true, force: true });
    });
    const later = new Date(now + 27 * hour);
    const files = () =>
      readdirSync(archiveDir)
        .sort()
        .map((name) => join(archiveDir, name));
    const linesLeft = async () =>
      (await one.dataSource.query<[{ n: number }]>('SELECT count(*)::int AS n FROM audit_chain'))[0].n;

    it('take old periods away in a way the chain knows, file by file', async () => {
      const done = await keeper.retention.archive(later);
      expect(done).toEqual({
        files: [
          { name: 'audit-00000001-00000002.jsonl.gz', lines: 10 },
          { name: 'audit-00000003-00000003.jsonl.gz', lines: 5 },
        ],
        heldBack: [],
        removed: 15,
      });
      await one.chain.advance(at(3));
      expect(await one.verify()).toMatchObject({ ok: true, lines: 5, firstSequence: '16', lastSequence: '20' });
      for (const file of files()) expect((await verifyArchive(file, keys)).findings).toEqual([]);
      expect(await verifyArchive(files()[0] ?? '', keys)).toMatchObject({ ok: true, lines: 10, periods: 2 });
      expect(await keeper.retention.archive(later)).toEqual({ files: [], removed: 0, heldBack: [] });
    });

    it('go on after a failure at any step', async () => {
      const name = join(archiveDir, 'audit-00000001-00000002.jsonl.gz');
      await keeper.dataSource.query('ALTER TABLE audit_archive ADD CONSTRAINT no CHECK (number < 1)');
      await expect(keeper.retention.archive(later)).rejects.toThrow();
      await keeper.dataSource.query('ALTER TABLE audit_archive DROP CONSTRAINT no');
      expect([existsSync(name), await linesLeft()]).toEqual([true, 18]);
      await keeper.dataSource.query('ALTER FUNCTION audit_remove_archived(integer) RENAME TO away');
      await expect(keeper.retention.archive(later)).rejects.toThrow();
      await keeper.dataSource.query('ALTER FUNCTION away(integer) RENAME TO audit_remove_archived');
      expect(await linesLeft()).toBe(18);
      const halfway = await one.verify();
      expect(halfway).toMatchObject({ ok: true });
      expect(halfway.notices.join()).toContain('still to be removed');
      expect(await keeper.retention.archive(later)).toMatchObject({ removed: 15 });
      expect(await one.verify()).toMatchObject({ ok: true });
    });

    it('remove nothing whose file is gone, until it is back', async () => {
      const file = 'audit-00000003-00000003.jsonl.gz';
      await keeper.dataSource.query('ALTER FUNCTION audit_remove_archived(integer) RENAME TO away');
      await expect(keeper.retention.archive(later)).rejects.toThrow();
      await keeper.dataSource.query('ALTER FUNCTION away(integer) RENAME TO audit_remove_archived');
      const [first = ''] = files();
      renameSync(first, `${first}.away`);
      const held = { why: 'archive-file', file: 'audit-00000001-00000002.jsonl.gz' } as const;
      const { removed, heldBack } = await keeper.retention.archive(new Date(now - hour));
      expect([removed, heldBack, await linesLeft()]).toEqual([0, [held], 18]);
      expect(whyHeldBack(held)).toContain(held.file);
      renameSync(`${first}.away`, first);
      const done = await keeper.retention.archive(later);
      expect(done).toMatchObject({ files: [{ name: file }], removed: 15, heldBack: [] });
    });

    it('leave the work to the process that is at it', async () => {
      const runner = one.dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.query('SELECT pg_advisory_xact_lock($1)', [0x41524348]);
      const held = [{ why: 'other-process' }];
      expect(await keeper.retention.archive(later)).toEqual({ files: [], removed: 0, heldBack: held });
      expect(whyHeldBack({ why: 'other-process' })).toContain('another process');
      await runner.commitTransaction();
      await runner.release();
      expect(await keeper.retention.archive(later)).toMatchObject({ removed: 15, heldBack: [] });
    });

    it('tell each file in the trail', async () => {
      await keeper.retention.archive(later);
      const told = await keeper.dataSource.query<object[]>(
        "SELECT kind, outcome, facts FROM audit_record WHERE kind = 'audit.archived' ORDER BY id",
      );
      const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(told).toMatchObject([
        { kind: 'audit.archived', outcome: 'success', facts: { file: 'audit-00000001-00000002.jsonl.gz', sha256 } },
        { kind: 'audit.archived', outcome: 'success', facts: { file: 'audit-00000003-00000003.jsonl.gz', sha256 } },
      ]);
    });

    it('take away nothing that is not whole', async () => {
      await tamper(one.dataSource, `UPDATE audit_record SET outcome = 'refused' WHERE id = ${await idAt(4)}`);
      await expect(keeper.retention.archive(later)).rejects.toMatchObject({ code: 'audit.not-whole' });
      expect(await linesLeft()).toBe(18);
    });

    it('leave what the audit record repository has not received, and what follows it', async () => {
      const { dataSource } = one;
      await dataSource.query('DELETE FROM audit_atna_gap');
      await dataSource.query('DELETE FROM audit_atna_cursor');
      const settings = { DRIMBOX_AUDIT_KEEP_DAYS: '1', DRIMBOX_AUDIT_ARCHIVE_DIR: archiveDir };
      const telling = await auditProcess(database, settings, one.dataDir, { enabled: true });
      const files = async () => (await telling.retention.archive(later)).files.map(({ lines }) => lines);
      const moveCursor = async (place: number) =>
        dataSource.query(
          `INSERT INTO audit_atna_cursor (name, position) VALUES ('repository', $1)
           ON CONFLICT (name) DO UPDATE SET position = $1`,
          [await idAt(place)],
        );
      // Line 10 is the last of the second period.
      await moveCursor(9);
      expect(await files()).toEqual([5]);
      // A line that came late into a gap, before the cursor.
      await moveCursor(18);
      await dataSource.query(
        `INSERT INTO audit_atna_gap (first_id, last_id, seen_by) VALUES ($1, $1, pg_current_xact_id())`,
        [await idAt(8)],
      );
      const late = await telling.retention.archive(later);
      const { heldBack } = late;
      expect(late).toMatchObject({ files: [], heldBack: [{ why: 'audit-repository', firstPlace: '8' }] });
      expect(heldBack.map(whyHeldBack).join()).toMatch(/^held back: \d+ period\(s\) from place 8 stay/);
      await dataSource.query('DELETE FROM audit_atna_gap');
      await moveCursor(14);
      expect(await files()).toEqual([5]);
      // Nobody is told any more: nothing waits for it.
      expect((await keeper.retention.archive(later)).files.map(({ lines }) => lines)).toEqual([5]);
      await one.chain.advance(at(3));
      expect(await one.verify()).toMatchObject({ ok: true });
      await dataSource.query('DELETE FROM audit_atna_cursor');
      await telling.close();
    });

    it('tell what was changed, cut, or signed by somebody else', async () => {
      await keeper.retention.archive(later);
      const [file = '', second = ''] = files();
      const text = gunzipSync(readFileSync(file)).toString();
      const lines = text.trimEnd().split('\n');
      const rewrite = (changed: string) => writeFileSync(file, gzipSync(changed));
      const kinds = async () =>
        (await verifyArchive(file, keys)).findings.map(({ kind, recordId }) => [kind, recordId]);
      rewrite(text.replace('"outcome":"success"', '"outcome":"refused"'));
      expect(await kinds()).toEqual([
        ['changed', recordIdOf(lines[1])],
        ['archive', undefined],
      ]);
      rewrite(`${lines.filter((_, index) => index !== 3).join('\n')}\n`);
      expect((await kinds()).map(([kind]) => kind)).toEqual(['removed', 'archive']);
      rewrite(`${lines.slice(0, -1).join('\n')}\n`);
      expect((await verifyArchive(file, keys)).findings[0]?.message).toContain('cut off');
      writeFileSync(file, readFileSync(second).subarray(0, 200));
      expect((await verifyArchive(file, keys)).ok).toBe(false);
      writeFileSync(file, 'no archive');
      expect((await verifyArchive(file, keys)).ok).toBe(false);
      expect((await verifyArchive(second, new TrustedKeys())).findings.map(({ kind }) => kind)).toContain('signature');
      // Removed from the database without an anchor that is signed.
      await tamper(one.dataSource, `UPDATE audit_archive SET to_sequence = 12 WHERE number = 2`);
      expect((await one.verify()).findings.map(({ kind }) => kind)).toContain('archive');
    });
  });
});

function recordIdOf(line: string | undefined): string {
  return (JSON.parse(line ?? '{}') as { record: { id: string } }).record.id;
}

function keysOf(...processes: AuditProcess[]): TrustedKeys {
  const keys = new TrustedKeys();
  for (const { chain } of processes) keys.add(chain.signingKey().publicKeyPem);
  return keys;
}

describe('the chain over the trail, on the embedded database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startEmbedded();
  });
  afterAll(() => database?.stop());

  it('grows, is signed, archived and verified', async () => {
    const one = await auditProcess(database, { DRIMBOX_AUDIT_PERIOD_LINES_MAX: '10', DRIMBOX_AUDIT_KEEP_DAYS: '1' });
    await one.write(12);
    await one.write(12);
    expect(await one.verify()).toMatchObject({ ok: true, lines: 24, periods: 2 });
    const { removed } = await one.retention.archive(new Date(now + 48 * hour));
    await one.chain.advance();
    expect([removed, (await one.verify()).findings]).toEqual([24, []]);
    await tamper(one.dataSource, `UPDATE audit_record SET outcome = 'refused'`);
    expect((await one.verify()).findings.map(({ kind }) => kind)).toEqual(['changed']);
    await one.close();
  });

  it('comes back from a copy of the data folder made while stopped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drimbox-copy-'));
    const before = await startEmbedded(join(folder, 'data', 'database'));
    const one = await auditProcess(before, {}, join(folder, 'data'));
    await one.write(5);
    await one.close();
    await before.stop();
    cpSync(join(folder, 'data'), join(folder, 'copy'), { recursive: true });
    rmSync(join(folder, 'data'), { recursive: true });
    const again = await startEmbedded(join(folder, 'copy', 'database'));
    const restored = await auditProcess(again, {}, join(folder, 'copy'));
    expect(await restored.verify()).toMatchObject({ ok: true, lines: 5 });
    await restored.write(1);
    expect(await restored.verify()).toMatchObject({ ok: true, lines: 6 });
    await restored.close();
    await again.stop();
    rmSync(folder, { recursive: true });
  });

  it('keeps its generated key to itself', async () => {
    const one = await auditProcess(database);
    one.chain.signingKey();
    const mode = execFileSync('stat', ['-c', '%a', join(one.dataDir, 'audit', 'audit-key.pem')])
      .toString()
      .trim();
    expect(mode).toBe('600');
    expect(readdirSync(join(one.dataDir, 'audit'))).toEqual(['audit-key.pem']);
    await one.close();
  });
});
