import { ChildProcess, execFile, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataSource } from 'typeorm';
import { createSandboxPki, MemberName, SandboxPki } from '../../sandbox/pki';
import { AuditEvent, auditKinds, AuditOutcome, DatabaseAuditTrail } from '../../src/audit';
import { AtnaSender, AuditSpool, toAuditMessage } from '../../src/audit/atna';
import { writeAuditMessage } from '../../src/standards/atna';
import type { AtnaChildSettings } from '../support/atna-child';
import { configureLogging } from '../../src/platform/logging';
import { startEmbedded, startPostgres, TestDatabase } from '../support/database';
import { Rsyslog } from '../support/rsyslog';
import { pause, until } from '../support/sandbox';

/**
 * Real: PostgreSQL, Debian's rsyslog (GnuTLS, client certificate by name), jing with the schema of PS3.15, processes that
 * are killed. Doubled: nothing; the events are written by the trail itself.
 */
const run = promisify(execFile);
const root = join(__dirname, '..', '..');
const schema = join(root, 'src/standards/atna/audit-message.rnc');
const node = { source: { id: 'DRIMbox', enterpriseSiteId: '750000001' }, hostName: 'db1.test', processId: '4711' };
const doctor = { professionalId: '899900000017', professionalName: 'CAMILLE ESSAI', structureId: '999900000000019' };
const patient = { matricule: '299999999999989', oid: '1.2.250.1.213.1.4.10' };

/** Names the files that the schema refuses. */
async function refusedByJing(dir: string, messages: Readonly<Record<string, string>>): Promise<string[]> {
  mkdirSync(dir, { recursive: true });
  const files = Object.entries(messages).map(([name, xml]) => {
    const file = join(dir, `${name}.xml`);
    writeFileSync(file, xml);
    return file;
  });
  const said = await run('jing', ['-c', schema, ...files], { maxBuffer: 1e8 }).then(
    () => '',
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
  return [...new Set([...said.matchAll(/([^/\s]+)\.xml:\d+:\d+: (?:fatal|error)/g)].map((match) => match[1]))];
}

describe('the trail told to an audit record repository', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-atna-'));
  const senders: AtnaSender[] = [];
  const children: ChildProcess[] = [];
  let pki: SandboxPki;
  let database: TestDatabase;
  let dataSource: DataSource;
  let trail: DatabaseAuditTrail;
  let rsyslog: Rsyslog;

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    [pki, database] = await Promise.all([createSandboxPki({ dir: join(dir, 'pki') }), startPostgres()]);
    [dataSource, rsyslog] = await Promise.all([database.open(), Rsyslog.start(pki)]);
    trail = new DatabaseAuditTrail(dataSource);
    await new AuditSpool(dataSource, randomUUID()).prepare();
  });

  afterEach(async () => {
    for (const sender of senders.splice(0)) await sender.stop();
    for (const child of children.splice(0)) await killed(child);
  });

  afterAll(async () => {
    await rsyslog?.stop();
    await dataSource?.destroy();
    await database?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function repository(more: { port?: number; member?: MemberName; ca?: string; host?: string } = {}) {
    const { cert, key } = pki.members[more.member ?? 'syslogClient'];
    const [certPem, keyPem, ca] = [cert, key, more.ca ?? pki.exchangeCa].map((file) => readFileSync(file, 'utf8'));
    const { host = 'localhost', port = rsyslog.port } = more;
    return () => ({ host, port, timeoutMs: 5_000, tls: { cert: certPem, key: keyPem, ca } });
  }

  function sender(from = repository(), spool = new AuditSpool(dataSource, randomUUID(), 5_000)): AtnaSender {
    const made = new AtnaSender(spool, {
      node,
      appName: 'drimbox',
      msgId: 'IHE+RFC-3881',
      confirmation: 'close',
      pollMs: 50,
      repository: from,
    });
    senders.push(made);
    return made;
  }

  const retrieved = (number: number): AuditEvent => ({
    kind: number % 3 === 0 ? 'serving.delivered' : 'retrieval.series',
    outcome: number % 7 === 0 ? 'failure' : 'success',
    actor: { ...doctor, peer: 'CN=db3.test,O=HÔPITAL D’ESSAI' },
    patient,
    studyInstanceUid: `1.2.3.${number}`,
    instances: number,
    facts: { number },
  });

  async function recordMany(count: number): Promise<string[]> {
    await Promise.all(Array.from({ length: count }, (_, number) => trail.record(retrieved(number + 1))));
    const rows = await dataSource.query<{ id: string }[]>('SELECT id FROM audit_record ORDER BY id DESC LIMIT $1', [
      count,
    ]);
    return rows.map(({ id }) => id).reverse();
  }

  const received = () => rsyslog.lines().map(({ record }) => record);
  const backlog = async () => (await new AuditSpool(dataSource, randomUUID()).backlog()).records;
  const everythingSent = () => until('everything sent', async () => (await backlog()) === 0);
  async function killed(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  it('is valid against the schema of PS3.15 A.5.1 for every kind and outcome, poor, rich and hostile', async () => {
    const hostile = '"><x>]]>&\u0000\u001b\ud800é\r\n';
    const at = new Date('2026-11-21T05:06:07.089Z');
    const messages: Record<string, string> = {};
    for (const kind of [...auditKinds, 'of-a-later-release']) {
      for (const outcome of ['success', 'refused', 'failure'] as AuditOutcome[]) {
        const name = `${kind}-${outcome}`;
        const poor = { id: '1', at, kind, outcome, actor: {}, facts: {} };
        messages[`${name}-poor`] = writeAuditMessage(toAuditMessage(poor, node));
        const rich = {
          ...poor,
          ...{ patient, studyInstanceUid: '1.2.3', documentUniqueId: '1.2.4', instances: 5, bytes: 9, durationMs: 7 },
          ...{
            errorCode: 'psc.token-inactive',
            correlationId: 'c',
            actor: { ...doctor, peer: 'CN=a', address: '::1' },
          },
          facts: { a: 'é', b: 1, c: true },
        };
        messages[`${name}-rich`] = writeAuditMessage(toAuditMessage(rich, node));
      }
      const actor = { peer: hostile, professionalId: hostile, professionalName: hostile, address: hostile };
      const worst = {
        id: '1',
        at,
        kind,
        outcome: 'failure' as const,
        actor,
        errorCode: hostile,
        facts: { [hostile]: hostile },
      };
      const more = {
        studyInstanceUid: hostile,
        documentUniqueId: hostile,
        patient: { matricule: hostile, oid: hostile },
      };
      messages[`${kind}-hostile`] = writeAuditMessage(toAuditMessage({ ...worst, ...more }, node));
    }
    expect(await refusedByJing(join(dir, 'good'), messages)).toEqual([]);
    // The schema bites: each of these lacks or has too much of one thing.
    const good = messages['dmp.stored-query-success-rich'];
    const bad = {
      'no-outcome': good.replace(/ EventOutcomeIndicator="\d"/, ''),
      'no-participant': good.replace(/<ActiveParticipant.*(?=<AuditSourceIdentification )/, ''),
      'no-name': good.replace('<ParticipantObjectName>INS</ParticipantObjectName>', ''),
      'odd-action': good.replace('EventActionCode="E"', 'EventActionCode="X"'),
      'odd-time': good.replace('2026-11-21T', '2026-11-21 '),
      'plain-detail': good.replace(/value="[^"]+"/, 'value="é"'),
    };
    expect((await refusedByJing(join(dir, 'bad'), bad)).sort()).toEqual(Object.keys(bad).sort());
  });

  it('reaches rsyslog in order, once, as RFC 5424 says', async () => {
    const ids = await recordMany(450);
    sender().start();
    await everythingSent();
    const lines = rsyslog.lines();
    expect(lines.map(({ record }) => record)).toEqual(ids);
    const [row] = await dataSource.query<{ at: Date }[]>('SELECT at FROM audit_record WHERE id = $1', [ids[1]]);
    expect(lines[1]).toMatchObject({
      facility: '10',
      severity: '5',
      time: expect.stringContaining(row.at.toISOString().slice(0, 19)) as string,
      host: 'db1.test',
      app: 'drimbox',
      process: '4711',
      id: 'IHE+RFC-3881',
      data: `[meta sequenceId="${ids[1]}"]`,
    });
    expect(lines[6].severity).toBe('4');
    expect(lines[1].xml).toContain('HÔPITAL D’ESSAI');
    const some = Object.fromEntries(lines.slice(0, 40).map(({ xml }, index) => [`received-${index}`, xml]));
    expect(await refusedByJing(join(dir, 'received'), some)).toEqual([]);
  });

  it('tells what a transaction wrote that ended later, and forgets numbers that never came', async () => {
    const before = received().length;
    const one = sender();
    const late = dataSource.createQueryRunner();
    await late.startTransaction();
    await trail.record(retrieved(1), late.manager);
    const undone = dataSource.createQueryRunner();
    await undone.startTransaction();
    await trail.record(retrieved(2), undone.manager);
    const [after] = await recordMany(1);
    await one.sendWaiting();
    expect(received().slice(before)).toEqual([after]);
    await undone.rollbackTransaction();
    await late.commitTransaction();
    await Promise.all([late.release(), undone.release()]);
    expect(await one.sendWaiting()).toBe(false);
    expect(received().slice(before)).toEqual([after, String(BigInt(after) - 2n)]);
    const gaps = () => dataSource.query<object[]>('SELECT first_id, last_id FROM audit_atna_gap');
    const left = String(BigInt(after) - 1n);
    expect(await gaps()).toEqual([{ first_id: left, last_id: left }]);
    await dataSource.query(`UPDATE audit_atna_gap SET seen_at = now() - interval '11 minutes'`);
    const [next] = await recordMany(1);
    await one.sendWaiting();
    expect(await gaps()).toEqual([]);
    expect(received().slice(before)).toEqual([after, String(BigInt(after) - 2n), next]);
  });

  it('goes on after a restore on another server: what gaps of the old one hold is told, empty ones are given up', async () => {
    const before = received().length;
    const one = sender();
    // Numbers of transactions there, far above those of this server.
    const seenThere = (id: string) =>
      dataSource.query(
        `INSERT INTO audit_atna_gap (first_id, last_id, seen_by, seen_at)
         VALUES ($1, $1, '9000000000'::xid8, now() - interval '11 minutes')`,
        [id],
      );
    const [held] = await recordMany(1);
    await one.sendWaiting();
    const undone = dataSource.createQueryRunner();
    await undone.startTransaction();
    await trail.record(retrieved(2), undone.manager);
    await undone.rollbackTransaction();
    await undone.release();
    for (const id of [held, String(BigInt(held) + 1n)]) await seenThere(id);
    const [next] = await recordMany(1);
    await one.sendWaiting();
    expect([...received().slice(before)].sort()).toEqual([held, held, next].sort());
    expect(await dataSource.query('SELECT first_id FROM audit_atna_gap')).toEqual([]);
  });

  it('loses nothing when the repository is killed while it receives, and away for a while', async () => {
    const before = received().length;
    const one = sender();
    const ids = await recordMany(900);
    one.start();
    await until('some arrived', () => received().length > before + 20);
    await rsyslog.kill();
    ids.push(...(await recordMany(50)));
    await until('the absence is known', () => one.lastFailure !== undefined);
    expect(await backlog()).toBeGreaterThanOrEqual(50);
    await rsyslog.start();
    await everythingSent();
    const came = received().slice(before);
    expect([...new Set(came)].sort()).toEqual([...ids].sort());
    // What comes again comes in order, and goes on to the end without a hole.
    expect(came.slice(-50)).toEqual(ids.slice(-50));
    expect(one.lastFailure).toBeUndefined();
  });

  it('is sent by one process at a time; another goes on when that one is killed', async () => {
    const before = received().length;
    const { cert, key } = pki.members.syslogClient;
    const settings: AtnaChildSettings = {
      ...{ databaseUrl: database.address.url, port: rsyslog.port, cert, key, ca: pki.exchangeCa, leaseMs: 5_000 },
    };
    const child = fork(join(root, 'test/support/atna-child.ts'), [JSON.stringify(settings)], {
      cwd: root,
      execArgv: ['-r', join(root, 'scripts', 'register-typescript.cjs')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    await once(child, 'message');
    const ids = await recordMany(20);
    await everythingSent();
    const other = sender();
    expect(await other.sendWaiting()).toBe(false);
    const recorded = recordMany(3_000);
    await until('the first process sends', () => received().length > before + 100);
    await killed(child);
    ids.push(...(await recorded));
    const sentByFirst = new Set(received().slice(before)).size;
    expect(sentByFirst).toBeLessThan(3_020);
    other.start();
    await everythingSent();
    const lines = rsyslog.lines().slice(before);
    expect([...new Set(lines.map(({ record }) => record))].sort()).toEqual([...ids].sort());
    expect([...new Set(lines.map(({ process }) => process))]).toEqual([String(child.pid), '4711']);
  });

  it('waits, and says why, when the repository is not the one it trusts or does not trust us', async () => {
    const before = received().length;
    const ids = await recordMany(3);
    const silent = await listening(createServer(() => undefined));
    const wrong: [string, ReturnType<typeof repository>][] = [
      ['another authority', repository({ ca: pki.portalCa })],
      ['a name that its certificate does not cover', repository({ host: '127.0.0.2' })],
      ['our certificate is not permitted', repository({ member: 'risClient' })],
      ['our certificate comes from elsewhere', repository({ member: 'foreign' })],
      ['nobody there', repository({ port: 1 })],
      ['no answer', repository({ port: silent.port })],
    ];
    for (const [what, from] of wrong) {
      const outcome = await sender(from)
        .sendWaiting()
        .then(
          () => 'sent',
          () => 'refused',
        );
      await senders.at(-1)?.stop();
      expect([what, outcome]).toEqual([what, 'refused']);
    }
    silent.server.close();
    expect(received().length).toBe(before);
    sender().start();
    await everythingSent();
    expect(received().slice(before)).toEqual(ids);
  });

  it('works with the embedded database', async () => {
    const before = received().length;
    const embedded = await startEmbedded();
    const own = await embedded.open();
    const spool = new AuditSpool(own, randomUUID());
    const events = new DatabaseAuditTrail(own);
    await events.record(retrieved(1));
    await spool.prepare();
    await Promise.all([2, 3, 4].map((number) => events.record(retrieved(number))));
    await sender(repository(), spool).sendWaiting();
    await pause(50);
    expect(received().slice(before)).toEqual(['2', '3', '4']);
    expect(await spool.backlog()).toEqual({ records: 0, oldestAt: undefined });
    await senders.pop()?.stop();
    await own.destroy();
    await embedded.stop();
  });

  async function listening(server: Server): Promise<{ server: Server; port: number }> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, port: (server.address() as { port: number }).port };
  }
});
