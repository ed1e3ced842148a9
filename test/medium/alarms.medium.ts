import { DataSource } from 'typeorm';
import { AlarmRepository, AlarmWatch, alarmsConfig } from '../../src/audit/alarms';
import { DatabaseAuditTrail } from '../../src/audit';
import { ConfigOf, loadConfig } from '../../src/platform/config';
import { HealthLevel, HealthRegistry } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import { expositionText } from '../../src/platform/metrics';
import { startPostgres, TestDatabase } from '../support/database';

const settings = {
  DRIMBOX_ALARM_CHECK_SECONDS: '1',
  DRIMBOX_ALARM_RAISE_CHECKS: '2',
  DRIMBOX_ALARM_RAISE_SECONDS: '0',
  DRIMBOX_ALARM_CLEAR_CHECKS: '2',
  DRIMBOX_ALARM_RULES: '{"viewer":{"off":true},"pacs":{"raiseChecks":1}}',
};

/** One process of the gateway: its own checks and memory, the database of all. */
class Process {
  readonly levels = new Map<string, HealthLevel>();
  readonly watch: AlarmWatch;
  readonly trail: DatabaseAuditTrail;

  constructor(dataSource: DataSource, checks: readonly string[]) {
    const health = new HealthRegistry();
    for (const name of checks)
      health.register({
        name,
        critical: false,
        check: async () => ({ level: this.levels.get(name) ?? 'up', summary: `état de ${name}` }),
      });
    const config = loadConfig([alarmsConfig as never], settings, { production: true }).values.get(alarmsConfig.token);
    this.trail = new DatabaseAuditTrail(dataSource);
    const repository = new AlarmRepository(dataSource, this.trail);
    this.watch = new AlarmWatch(config as ConfigOf<typeof alarmsConfig>, health, repository);
  }

  async see(level: HealthLevel, rounds: number, name = 'dmp'): Promise<void> {
    this.levels.set(name, level);
    for (let i = 0; i < rounds; i++) await this.watch.tick();
  }

  names = () => this.watch.active().map(({ name, severity }) => `${name} ${severity}`);
}

/** Real: PostgreSQL, the trail. Doubled: the checks, whose findings the test decides. */
describe('alarms of a gateway of two processes', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const log: Record<string, unknown>[] = [];
  const processes: Process[] = [];
  /** The trail is append-only: each test reads what comes after the one before. */
  let last = '0';

  const start = async (...checks: string[]): Promise<Process> => {
    const one = new Process(dataSource, checks);
    processes.push(one);
    await one.watch.onApplicationBootstrap();
    return one;
  };
  /** What the trail says, oldest first. */
  const told = () =>
    dataSource.query<{ kind: string; facts: Record<string, unknown>; actor: object; duration_ms: number | null }[]>(
      "SELECT kind, facts, actor, duration_ms FROM audit_record WHERE kind LIKE 'alarm.%' AND id > $1 ORDER BY id",
      [last],
    );
  const kinds = async () => (await told()).map(({ kind, facts }) => `${kind} ${String(facts.alarm)}`);

  beforeAll(async () => {
    configureLogging({
      level: 'info',
      destination: { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    });
    database = await startPostgres();
    dataSource = await database.open();
  });
  afterEach(async () => {
    for (const one of processes.splice(0)) await one.watch.onApplicationShutdown();
    await dataSource.query('TRUNCATE audit_alarm CASCADE');
    [{ last }] = await dataSource.query<[{ last: string }]>('SELECT max(id)::text AS last FROM audit_record');
    log.length = 0;
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.stop();
  });

  it('are raised, told in log, metrics and trail, and end, each once for both processes', async () => {
    const [one, two] = [await start('dmp'), await start('dmp')];
    await one.see('down', 1);
    expect(one.names()).toEqual([]);
    await Promise.all([one.see('down', 2), two.see('down', 3)]);
    expect([one.names(), two.names()]).toEqual([['dmp critical'], ['dmp critical']]);
    expect(await kinds()).toEqual(['alarm.raised dmp']);
    expect(await expositionText()).toContain('drimbox_alarm_active{alarm="dmp",severity="critical"} 1');
    expect(log.filter(({ msg }) => msg === 'alarm raised')).toMatchObject([
      { alarm: 'dmp', severity: 'critical', runbook: 'docs/runbook/dmp.md' },
      { alarm: 'dmp' },
    ]);
    await one.see('up', 3);
    expect([one.names(), await kinds()]).toEqual([['dmp critical'], ['alarm.raised dmp']]);
    await two.see('up', 2);
    expect([two.names(), await kinds()]).toEqual([[], ['alarm.raised dmp', 'alarm.cleared dmp']]);
    await one.see('up', 1);
    expect(one.names()).toEqual([]);
    expect(await expositionText()).toContain('drimbox_alarm_active{alarm="dmp",severity="critical"} 0');
  });

  it('are not raised again after a restart, and end when the new process finds nothing', async () => {
    const one = await start('dmp');
    await one.see('down', 2);
    await one.watch.onApplicationShutdown();
    const again = await start('dmp');
    expect(again.names()).toEqual(['dmp critical']);
    await again.see('down', 3);
    expect(await kinds()).toEqual(['alarm.raised dmp']);
    await again.see('up', 2);
    // The process of before may still be alive: it is waited for.
    expect(again.names()).toEqual(['dmp critical']);
    await dataSource.query("UPDATE audit_alarm_observer SET seen_at = now() - interval '1 minute'");
    await again.see('up', 1);
    expect([again.names(), await kinds()]).toEqual([[], ['alarm.raised dmp', 'alarm.cleared dmp']]);
  });

  it('worsen and ease; worse is told again and has to be acknowledged again', async () => {
    const one = await start('dmp');
    await one.see('warning', 2);
    expect(one.names()).toEqual(['dmp warning']);
    const actor = { professionalId: '899900000017', professionalName: 'CAMILLE ESSAI' };
    const id = one.watch.active()[0]?.id ?? '';
    expect(await Promise.all([one.watch.acknowledge(id, actor), one.watch.acknowledge(id, actor)])).toContain(true);
    expect(one.watch.active()).toMatchObject([{ acknowledgedBy: 'CAMILLE ESSAI' }]);
    await expect(one.watch.acknowledge(id, actor)).resolves.toBe(false);
    await expect(one.watch.acknowledge('9999999', actor)).resolves.toBe(false);
    await one.see('down', 2);
    expect(one.watch.active()).toMatchObject([{ severity: 'critical', acknowledgedBy: undefined }]);
    await one.see('warning', 2);
    expect(one.names()).toEqual(['dmp warning']);
    expect(await told()).toMatchObject([
      { kind: 'alarm.raised', facts: { severity: 'warning', worsened: false } },
      { kind: 'alarm.acknowledged', actor },
      { kind: 'alarm.raised', facts: { severity: 'critical', worsened: true } },
    ]);
  });

  it('follow their own rules, and end when their check is no longer there', async () => {
    const one = await start('viewer', 'pacs-salle', 'dmp');
    await one.see('down', 1, 'pacs-salle');
    await one.see('down', 3, 'viewer');
    expect(one.names()).toEqual(['pacs-salle critical']);
    await one.watch.onApplicationShutdown();
    await dataSource.query("UPDATE audit_alarm_observer SET seen_at = now() - interval '1 minute'");
    const other = await start('dmp');
    await other.watch.tick();
    expect([other.names(), (await kinds()).at(-1)]).toEqual([[], 'alarm.cleared pacs-salle']);
  });

  it('that came while the database was away are told when it is back, also those that ended meanwhile', async () => {
    const one = await start('dmp', 'psc');
    await database.kill?.();
    await one.see('down', 3, 'psc');
    await one.see('up', 2, 'psc');
    await one.see('down', 2);
    expect(await expositionText()).toContain('drimbox_alarm_active{alarm="dmp",severity="critical"} 1');
    expect(log.filter(({ msg }) => String(msg).startsWith('alarms cannot be kept'))).toHaveLength(1);
    await database.restart?.();
    await one.watch.tick();
    expect(one.names()).toEqual(['dmp critical']);
    expect(await kinds()).toEqual(['alarm.raised psc', 'alarm.cleared psc', 'alarm.raised dmp']);
    expect((await told())[1]?.duration_ms).toBeGreaterThan(0);
  });
});
