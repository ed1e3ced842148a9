import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { partTenFile } from '../../sandbox/demo-data/part-ten';
import { GatewayProcess, runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import { ackCode, demoStudy, DemoStudy, makeOru, sendOnce } from '../../sandbox/ris';
import type { Verification } from '../../src/audit';
import { BrowserRobot } from '../support/browser-robot';
import { freePort, startPostgres, TestDatabase } from '../support/database';
import { Nginx, startNginx } from '../support/nginx';
import { OrthancServer } from '../support/orthanc';
import { kosOf } from '../support/publication-bench';
import { pause, until } from '../support/sandbox';
import { anySyntax, splitParts, WadoClient } from '../support/wado-client';

/**
 * Real: two gateway processes, each with a data folder of its own, on one PostgreSQL behind nginx, as
 * docs/runbook/two-processes.md sets them up; Orthanc, HL7 over TCP, WADO-RS over mutual TLS, the portal.
 */
const reports = 70;
const served = 3;

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
    for (const name of ['exchange', 'hl7', 'portal'] as const) fronts[name] = await freePort();
    // The neighbours know the gateways by the common address.
    [neighbours, database, orthanc] = await Promise.all([
      startNeighbours(dir, { ...ports, portal: fronts.portal }),
      startPostgres(),
      OrthancServer.start({ noDelay: true }),
    ]);
    await orthanc.load(Array.from({ length: reports }, (_, number) => imageOf(studyNumber(number))));
    const shared = sharedSecrets();
    for (const name of ['a', 'b']) members.push(await member(name, ports, shared));
    nginx = await startNginx(
      join(dir, 'nginx'),
      (['exchange', 'hl7', 'portal'] as const).map((name) => ({
        port: fronts[name],
        behind: members.map(({ settings }) => Number(settings[`DRIMBOX_${name.toUpperCase()}_PORT`])),
      })),
    );
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

  /** Sends until it is acknowledged, as a RIS does: the same message, the same control id. */
  async function report(number: number): Promise<void> {
    const message = makeOru(studyNumber(number), { controlId: `PAIR${number}` });
    const target = { host: '127.0.0.1', port: fronts.hl7, timeoutMs: 30_000 };
    await retried(async () => ackCode(await sendOnce(target, message)) === 'AA');
  }

  /** @returns how often it was asked */
  async function retried(work: () => Promise<boolean>): Promise<number> {
    for (let attempt = 1; attempt <= 300; attempt++) {
      if (await work().catch(() => false)) return attempt;
      await pause(200);
    }
    throw new Error('a request that may be repeated never succeeded');
  }

  const published = async () =>
    (await db.query<{ n: number }>("SELECT count(*)::int AS n FROM publication WHERE state = 'published'")).rows[0]
      ?.n ?? 0;
  const audited = async (kind: string) =>
    (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_record WHERE kind = $1', [kind])).rows[0]?.n ??
    0;
  const manifestsOf = ({ studyInstanceUid }: DemoStudy) =>
    kosOf(neighbours.dmp.registry.allDocuments()).filter(({ slots }) =>
      (slots['urn:ihe:iti:xds:2013:referenceIdList'] ?? []).some((one) => one.startsWith(`${studyInstanceUid}^`)),
    );

  async function verified({ settings }: Member): Promise<Verification> {
    return JSON.parse(await runOperatorTool(settings, 'audit', 'verify', '--json')) as Verification;
  }

  it('survive a kill -9 of either under mixed load: nothing lost, nothing doubled, no gap in the trail', async () => {
    for (let number = 0; number < served; number++) await report(number);
    await until('the first manifests are published', async () => (await published()) >= served);
    const counts = { images: 0, pages: 0 };
    let isOver = false;
    const browser = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${fronts.portal}` });
    await retried(async () => {
      await browser.login('radiologue');
      return (await browser.page('/journal')).status === 200;
    });
    const { listed } = neighbours.pki.members;
    const images = async (number: number) => {
      const { studyInstanceUid } = studyNumber(number);
      const kos = manifestsOf(studyNumber(number))[0]?.uniqueId;
      while (!isOver) {
        const token = await neighbours.psc.token('radiologue');
        await retried(async () => {
          const url = `https://localhost:${fronts.exchange}${exchangeBasePath}`;
          const client = new WadoClient({ url, ca: neighbours.pki.exchangeCa, cert: listed.cert, key: listed.key });
          const answer = await client.get(`/studies/${studyInstanceUid}`, { accept: anySyntax, kos, token });
          client.close();
          const isWhole = answer.status === 200 && !answer.cut && splitParts(answer).length === 1;
          if (isWhole) counts.images += 1;
          return isWhole;
        });
      }
    };
    const pages = async () => {
      while (!isOver) {
        await retried(async () => (await browser.page('/journal')).status === 200);
        counts.pages += 1;
        await pause(50);
      }
    };
    const load = Promise.all([pages(), ...Array.from({ length: served }, (_, number) => images(number))]);
    const sending = (async () => {
      for (let number = served; number < reports; number++) await report(number);
    })();
    for (const one of members) {
      await pause(1_500);
      one.process.child.kill('SIGKILL');
      await pause(1_500);
      one.process = await startGateway(one.settings, one.log);
    }
    await sending;
    isOver = true;
    await load;
    await until('every report is published', async () => (await published()) >= reports, 120_000);

    expect(await published()).toBe(reports);
    const perStudy = Array.from({ length: reports }, (_, number) => manifestsOf(studyNumber(number)).length);
    expect(perStudy).toEqual(Array<number>(reports).fill(1));
    expect([await audited('publication.published'), await audited('intake.accepted')]).toEqual([reports, reports]);
    expect(await audited('serving.delivered')).toBeGreaterThanOrEqual(counts.images);
    expect(await audited('portal.trail-consulted')).toBeGreaterThanOrEqual(counts.pages);
    expect(Math.min(counts.images, counts.pages)).toBeGreaterThan(5);
    for (const one of members) {
      await until('every line has its place', async () => (await verified(one)).waiting <= 1);
      expect(await verified(one)).toMatchObject({ ok: true, findings: [] });
    }
    expect(await audited('gateway.started')).toBe(4);
  });

  it('are upgraded one after the other: each stops cleanly while the other serves', async () => {
    let isOver = false;
    let refused = 0;
    const browser = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${fronts.portal}` });
    await browser.login('radiologue');
    const pages = (async () => {
      while (!isOver) {
        const attempts = await retried(async () => (await browser.page('/journal')).status === 200);
        refused += attempts - 1;
      }
    })();
    for (const one of members) {
      await one.process.stop();
      one.process = await startGateway(one.settings, one.log);
    }
    isOver = true;
    await pages;
    expect(refused).toBeLessThan(10);
    expect(await audited('gateway.stopped')).toBe(2);
    const [one] = members;
    if (one) expect(await verified(one)).toMatchObject({ ok: true });
  });
});
