import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { demoPatients } from '../../sandbox/demo-data';
import { partTenFile } from '../../sandbox/demo-data/part-ten';
import { GatewayProcess, runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import { demoStudy, DemoStudy } from '../../sandbox/ris';
import type { Verification } from '../../src/audit';
import { freePort, startPostgres, TestDatabase } from '../support/database';
import { LoadPart, manifestsOf, MixedLoad } from '../support/mixed-load';
import { Front, Nginx, startNginx } from '../support/nginx';
import { OrthancServer } from '../support/orthanc';
import { pause, until } from '../support/sandbox';

/**
 * Real: two gateway processes, each with a data folder of its own, on one PostgreSQL behind nginx, as
 * docs/runbook/two-processes.md sets them up; Orthanc, HL7 over TCP, WADO-RS over mutual TLS, the portal.
 */
const served = 3;
/** How long nginx leaves out a process that did not answer (`fail_timeout`), and a little more: as the recipe says. */
const leftOutMs = 1_500;
/** An answer that says otherwise than "later"; a viewer may have lived in the process that died. */
const isWrongAnswer = (reason: string) =>
  /answered|instead of|holds no/.test(reason) && !/50[234]/.test(reason) && !reason.startsWith('viewers: ');
const doors = ['exchange', 'hl7', 'portal'] as const;

interface Member {
  readonly settings: Record<string, string>;
  readonly log: string;
  process: GatewayProcess;
}

function studyNumber(number: number): DemoStudy {
  return {
    ...demoStudy,
    studyInstanceUid: `1.2.250.1.213.4.5.2.78.${number}`,
    accessionNumber: `PAIR${number}`,
    orderNumber: `ORDER${number}`,
    // The patient whom the physician looks at has few exams.
    patient: number < served ? demoStudy.patient : demoPatients.head,
  };
}

function imageOf({ studyInstanceUid, accessionNumber, patient }: DemoStudy): Buffer {
  const series = `${studyInstanceUid}.1`;
  const file = {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: `${series}.1`,
    StudyInstanceUID: studyInstanceUid,
    SeriesInstanceUID: series,
    AccessionNumber: accessionNumber,
    PatientID: patient.patientId,
    PatientName: 'PAIR^TEST',
    StudyDate: '20210108',
    StudyTime: '102500',
    StudyDescription: 'Deux processus',
    Modality: 'OT',
    SeriesNumber: 1,
    InstanceNumber: 1,
  };
  return partTenFile(file, '1.2.840.10008.1.2.1');
}

describe('two processes behind one address', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-pair-'));
  const fronts = { exchange: 0, hl7: 0, portal: 0 };
  const members: Member[] = [];
  let neighbours: Neighbours;
  let database: TestDatabase;
  let orthanc: OrthancServer;
  let nginx: Nginx;
  let db: Client;

  beforeAll(async () => {
    const ports = await sandboxPorts(0);
    for (const name of doors) fronts[name] = await freePort();
    // The neighbours know the gateways by the common address.
    [neighbours, database, orthanc] = await Promise.all([
      startNeighbours(dir, { ...ports, portal: fronts.portal }),
      startPostgres(),
      OrthancServer.start({ noDelay: true }),
    ]);
    const shared = sharedSecrets();
    members.push(...(await Promise.all(['a', 'b'].map((name) => member(name, ports, shared)))));
    nginx = await startNginx(join(dir, 'nginx'), Object.fromEntries(doors.map((name) => [name, front(name)])));
    db = new Client({ connectionString: database.address.url });
    await db.connect();
  });

  afterAll(async () => {
    await nginx?.stop();
    await Promise.all(members.map(({ process }) => process.stop()));
    await db?.end();
    await Promise.all([neighbours?.stop(), orthanc?.stop()]);
    await database?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function front(name: (typeof doors)[number]): Front {
    const [one = 0, other = 0] = members.map(({ settings }) => Number(settings[`DRIMBOX_${name.toUpperCase()}_PORT`]));
    return { port: fronts[name], behind: [one, other] };
  }

  /** What every process of a gateway has in common besides the database. */
  function sharedSecrets(): Record<string, string> {
    const file = (name: string) => join(dir, name);
    for (const name of ['session', 'consumer']) writeFileSync(file(name), `${name}-`.repeat(6), { mode: 0o600 });
    spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file('audit.pem')]);
    return {
      DRIMBOX_AUDIT_KEY_FILE: file('audit.pem'),
      DRIMBOX_PORTAL_SESSION_SECRET_FILE: file('session'),
      DRIMBOX_CONSUMER_SECRET_FILE: file('consumer'),
    };
  }

  async function member(name: string, common: SandboxPorts, shared: Record<string, string>): Promise<Member> {
    const own = await sandboxPorts(0);
    const { exchange, hl7, hl7Tls, portal, internal, dicom } = own;
    const ports = { ...common, exchange, hl7, hl7Tls, portal, internal, dicom };
    const pacs = { kind: 'orthanc', host: '127.0.0.1', port: 1, aeTitle: 'PACS' } as const;
    const settings: Record<string, string> = {
      ...gatewaySettings({ dataDir: join(dir, name), database: database.address.url, ports, neighbours, pacs }),
      ...shared,
      DRIMBOX_PACS: JSON.stringify([{ id: 'pacs', kind: 'dicomweb', url: orthanc.dicomWebUrl }]),
      DRIMBOX_DICOM_LISTEN: 'off',
      DRIMBOX_EXCHANGE_PUBLIC_URL: `https://localhost:${fronts.exchange}${exchangeBasePath}`,
      DRIMBOX_PORTAL_PUBLIC_URL: `https://localhost:${fronts.portal}`,
      DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '1000',
      DRIMBOX_PUBLICATION_LEASE_MS: '2000',
      DRIMBOX_PUBLICATION_RETRY_SECONDS: '1',
      DRIMBOX_AUDIT_CHAIN_MS: '200',
      DRIMBOX_AUDIT_PERIOD_LINES_MAX: '100',
    };
    const log = join(dir, `${name}.log`);
    return { settings, log, process: await startGateway(settings, log) };
  }

  /** The images are there before the report is. */
  async function examined(number: number): Promise<DemoStudy> {
    const study = studyNumber(number);
    await orthanc.load([imageOf(study)]);
    return study;
  }

  const published = async () =>
    (await db.query<{ n: number }>("SELECT count(*)::int AS n FROM publication WHERE state = 'published'")).rows[0]
      ?.n ?? 0;
  const audited = async (kind: string) =>
    (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_record WHERE kind = $1', [kind])).rows[0]?.n ??
    0;
  async function verified({ settings }: Member): Promise<Verification> {
    return JSON.parse(await runOperatorTool(settings, 'audit', 'verify', '--json')) as Verification;
  }

  /** What the load must have left, whatever happened to the processes. */
  async function expectNothingLost(sent: number, done: Readonly<Record<LoadPart, number>>) {
    await until('every report is published', async () => (await published()) >= sent, 120_000);
    expect(await published()).toBe(sent);
    const perStudy = Array.from({ length: sent }, (_, number) => {
      return manifestsOf(neighbours, studyNumber(number).studyInstanceUid).length;
    });
    expect(perStudy).toEqual(Array<number>(sent).fill(1));
    expect([await audited('publication.published'), await audited('intake.accepted')]).toEqual([sent, sent]);
    const told: [string, LoadPart][] = [
      ['serving.delivered', 'images'],
      ['portal.trail-consulted', 'pages'],
      ['context.called', 'lists'],
      ['context.opened', 'lists'],
      ['exams.listed', 'lists'],
      ['context.closed', 'lists'],
      ['viewer.opened', 'viewers'],
    ];
    for (const [kind, part] of told) expect([kind, (await audited(kind)) >= done[part]]).toEqual([kind, true]);
  }

  /** By the settings of either: they have the key and the database in common. */
  async function expectWholeTrail() {
    for (const one of members) {
      let found = await verified(one);
      await until('every line has its place', async () => {
        if (found.waiting > 1) found = await verified(one);
        return found.waiting <= 1;
      });
      expect(found).toMatchObject({ ok: true, findings: [] });
    }
  }

  it('survive a kill -9 of either and an upgrade of both under one load: nothing lost, doubled or untold', async () => {
    const load = new MixedLoad({ neighbours, ports: fronts, studyNumber: examined });
    for (let number = 0; number < served; number++) await load.report(number);
    await until('the first manifests are published', async () => (await published()) >= served);
    await load.start(Array.from({ length: served }, (_, number) => studyNumber(number)));

    const endings = [
      async ({ process }: Member) => void process.child.kill('SIGKILL'),
      // As the recipe of an upgrade says.
      ({ process }: Member) => process.stop(),
    ];
    await load.goesOn();
    let repeatedBefore = 0;
    for (const end of endings) {
      repeatedBefore = load.repeated.length;
      for (const one of members) {
        await end(one);
        await load.goesOn();
        one.process = await startGateway(one.settings, one.log);
        await Promise.all([load.goesOn(), pause(leftOutMs)]);
      }
    }
    await load.end();

    await expectNothingLost(served + load.done.reports, load.done);
    await expectWholeTrail();
    expect([await audited('gateway.started'), await audited('gateway.stopped')]).toEqual([6, 2]);
    // Connections end, answers are never wrong; an upgrade costs only what was under way.
    expect(load.repeated.filter(isWrongAnswer)).toEqual([]);
    expect(load.repeated.length - repeatedBefore).toBeLessThan(10);
  }, 480_000);
});
