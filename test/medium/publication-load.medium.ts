import { once } from 'node:events';
import { partTenFile } from '../../sandbox/demo-data/part-ten';
import { demoStudy, makeOru, type DemoStudy } from '../../sandbox/ris';
import { startPostgres, type TestDatabase } from '../support/database';
import { OrthancServer } from '../support/orthanc';
import { PublicationBench, until, type RunningGateway } from '../support/publication-bench';

/**
 * Many publications, several processes. Real: PostgreSQL, Orthanc with one study for each report, mutual TLS, gateway
 * processes stopped, resumed and killed. Doubled: the DMP (sandbox, in this process), the RIS.
 */

const queued = 2_000;
const shared = 60;

let bench: PublicationBench;
let orthanc: OrthancServer;
let database: TestDatabase;
let gateway: RunningGateway;

function studyNumber(number: number): DemoStudy {
  const { patient } = demoStudy;
  return {
    ...demoStudy,
    studyInstanceUid: `1.2.250.1.213.4.5.2.77.${number}`,
    accessionNumber: `LOAD${number}`,
    orderNumber: `ORDER${number}`,
    patient: { ...patient, patientId: 'LOAD' },
  };
}

function imageOf(study: DemoStudy): Buffer {
  const series = `${study.studyInstanceUid}.1`;
  const file = {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: `${series}.1`,
    StudyInstanceUID: study.studyInstanceUid,
    SeriesInstanceUID: series,
    AccessionNumber: study.accessionNumber,
    PatientID: study.patient.patientId,
    PatientName: 'LOAD^TEST',
    StudyDate: '20210108',
    StudyTime: '102500',
    StudyDescription: 'Charge',
    Modality: 'OT',
    SeriesNumber: 1,
    InstanceNumber: 1,
  };
  return partTenFile(file, '1.2.840.10008.1.2.1');
}

async function loadStudies(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) await orthanc.load([imageOf(studyNumber(number))]);
}
async function sendReports(from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const lane = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      expect(await gateway.send(makeOru(studyNumber(number)))).toBe('AA');
    }
  };
  await Promise.all(Array.from({ length: 6 }, lane));
}
const settings = (more: Record<string, string> = {}) =>
  bench.settings(
    database,
    [
      {
        id: 'pacs',
        kind: 'dimse',
        host: '127.0.0.1',
        port: orthanc.dicomPort,
        aeTitle: orthanc.aeTitle,
        retrieve: 'get',
      },
    ],
    { DRIMBOX_PUBLICATION_CONCURRENCY: '8', DRIMBOX_PUBLICATION_LEASE_MS: '2000', ...more },
  );
const inState = async (): Promise<Record<string, number>> => (await gateway.queries.progress()).byState;
const publishedAudits = async (): Promise<number> => {
  const rows: unknown = await gateway.dataSource.query(
    `SELECT count(*)::int AS n FROM audit_record WHERE kind = 'publication.published'`,
  );
  return (rows as { n: number }[])[0].n;
};

beforeAll(async () => {
  [bench, orthanc, database] = await Promise.all([PublicationBench.start(), OrthancServer.start(), startPostgres(30)]);
  gateway = await bench.gateway(settings({ DRIMBOX_PUBLICATION_ENABLED: 'false' }));
});
afterAll(async () => {
  await bench?.close();
  await database?.stop();
  await orthanc?.stop();
});

it('two processes on one database, one of them stopped, resumed and then killed, publish each report once', async () => {
  await loadStudies(0, shared);
  bench.dmp.faults.set({ kind: 'slow', transaction: 'iti41', delayMs: 60 });
  const one = await bench.child(settings());
  const other = await bench.child(settings());
  await sendReports(0, shared);
  await until('some to be published', () => bench.manifests.length > 10);
  one.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  one.kill('SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
  bench.dmp.faults.clear();
  await until('all to be published', async () => (await inState()).published === shared, 120_000);
  expect(bench.manifests.map(({ status }) => status)).toEqual(Array<string>(shared).fill('Approved'));
  expect(await publishedAudits()).toBe(shared);
  one.kill('SIGKILL');
});

it(`${queued} reports queued while the DMP is down are all published once it is up`, async () => {
  const before = bench.manifests.length;
  await loadStudies(1_000, 1_000 + queued);
  const port = await bench.stopDmp();
  const publisher = await bench.child(settings({ DRIMBOX_PUBLICATION_ATTEMPTS_MAX: '1000' }));
  const startedMs = performance.now();
  await sendReports(1_000, 1_000 + queued);
  const sentMs = performance.now();
  await until('all manifests to be made', async () => (await inState()).received === undefined, 240_000);
  expect((await inState()).published).toBe(before);
  await bench.restartDmp(port);
  const upMs = performance.now();
  await until('all to be published', async () => (await inState()).published === before + queued, 400_000);
  const doneMs = performance.now();
  expect(bench.manifests.filter(({ status }) => status === 'Approved')).toHaveLength(before + queued);
  expect(await publishedAudits()).toBe(before + queued);
  const { items } = await gateway.queries.search({ states: ['refused', 'dead', 'publishing', 'to-publish'] });
  expect(items).toEqual([]);
  const rate = (count: number, ms: number) => (count / (ms / 1_000)).toFixed(1);
  process.stdout.write(
    `\n${queued} reports: taken at ${rate(queued, sentMs - startedMs)} a second, ` +
      `published at ${rate(queued, doneMs - upMs)} a second once the DMP was up (DMP and gateway on this machine)\n`,
  );
  publisher.kill('SIGKILL');
}, 900_000);
