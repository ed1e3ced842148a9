import { once } from 'node:events';
import { generateDemoStudies, type DemoStudy as DemoImages } from '../../sandbox/demo-data';
import type { Fault } from '../../sandbox/dmp';
import { makeMdm, makeOmi, makeOru } from '../../sandbox/ris';
import { ManifestArchive } from '../../src/source/archive';
import { startPostgres, type TestDatabase } from '../support/database';
import { OrthancServer } from '../support/orthanc';
import { emptyTables, PublicationBench, risStudyOf, until, type RunningGateway } from '../support/publication-bench';

/**
 * The fault table of publication: each step refused, killed, repeated, delayed. Nothing is lost, nothing is there twice.
 * Real: PostgreSQL, Orthanc, mutual TLS, gateway processes ended by SIGKILL. Doubled: the DMP (sandbox), the RIS.
 */

let bench: PublicationBench;
let orthanc: OrthancServer;
let database: TestDatabase;
let gateway: RunningGateway;
let study: DemoImages;
let studyFiles: Buffer[];

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
    more,
  );
/** Takes messages and answers questions, but publishes nothing itself. */
const idle = { DRIMBOX_PUBLICATION_ENABLED: 'false' };

beforeAll(async () => {
  [bench, orthanc, database] = await Promise.all([PublicationBench.start(), OrthancServer.start(), startPostgres()]);
  study = generateDemoStudies({ instances: 4, columns: 32 })[0];
  studyFiles = [];
  for await (const { bytes } of study.files()) studyFiles.push(bytes);
  await orthanc.load(studyFiles);
  gateway = await bench.gateway(settings(idle));
});
afterAll(async () => {
  await bench?.close();
  await database?.stop();
  await orthanc?.stop();
});
beforeEach(async () => {
  await emptyTables(gateway.dataSource);
  for (const document of bench.manifests) bench.dmp.registry.changeStatus(document.entryUuid, 'Deleted');
});
afterEach(() => bench.dmp.faults.clear());

const uid = () => study.studyInstanceUid;
const ris = () => risStudyOf(study);
const approved = () => bench.manifestsOf(uid()).filter(({ status }) => status === 'Approved');
const registered = () => bench.manifestsOf(uid()).filter(({ status }) => status !== 'Deleted');
const current = async (): Promise<string[]> => {
  const sql = `SELECT kos_sop_instance_uid AS uid FROM source_manifest WHERE status = 'current'`;
  return (await gateway.dataSource.query<{ uid: string }[]>(sql)).map(({ uid: kos }) => kos);
};
const audits = async (kind: string): Promise<number> => {
  const sql = 'SELECT count(*)::int AS n FROM audit_record WHERE kind = $1';
  return (await gateway.dataSource.query<{ n: number }[]>(sql, [kind]))[0].n;
};
/** The registry, the archive and the state agree about one manifest, and all of it happened once. */
async function expectPublishedOnce(documents = 1): Promise<void> {
  expect(approved()).toHaveLength(1);
  expect(registered()).toHaveLength(documents);
  expect(await current()).toEqual([approved()[0].uniqueId]);
  const published = (await gateway.queries.search({ studyInstanceUid: uid(), states: ['published'] })).items;
  expect(published.map(({ kosSopInstanceUid }) => kosSopInstanceUid)).toEqual(await current());
}

describe('a process killed', () => {
  it.each([
    'before the study is read',
    'after the study is read',
    'before the manifest is kept',
    'after the manifest is kept',
    'before it is publishing',
    'after it is publishing',
    'before it is marked as leaving',
    'before it is sent',
    'after the DMP accepted',
    'inside the recording transaction',
    'after it is recorded',
  ])('%s: another one publishes, once', async (killAt) => {
    const doomed = await bench.child(settings(), killAt);
    const gone = once(doomed, 'exit');
    await gateway.send(makeOru(ris()));
    expect(await gone).toEqual([null, 'SIGKILL']);
    const next = await bench.gateway(settings({ DRIMBOX_DICOM_LISTEN: 'off' }));
    await next.reach(uid(), 'published');
    await next.close();
    await expectPublishedOnce();
    expect(await audits('publication.published')).toBe(1);
  });

  it.each(['before it is sent', 'after the DMP accepted', 'inside the recording transaction'])(
    '%s, while it replaces: the old manifest goes, the new one is there once',
    async (killAt) => {
      const first = await bench.gateway(settings());
      await gateway.send(makeOru(ris()));
      await first.reach(uid(), 'published');
      await first.close();
      const doomed = await bench.child(settings(), killAt);
      const gone = once(doomed, 'exit');
      await gateway.send(makeMdm(ris(), { request: 'replace', version: 2 }));
      await gone;
      const next = await bench.gateway(settings());
      await until('the replacement', async () => (await next.reach(uid(), 'published')).kind === 'replacement');
      await next.close();
      await expectPublishedOnce(2);
    },
  );

  it.each(['before the deletion is sent', 'after the DMP deleted', 'inside the withdrawing transaction'])(
    '%s: another one deletes',
    async (killAt) => {
      const first = await bench.gateway(settings());
      await gateway.send(makeOru(ris()));
      await first.reach(uid(), 'published');
      await first.close();
      const doomed = await bench.child(settings(), killAt);
      const gone = once(doomed, 'exit');
      await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }));
      await gone;
      const next = await bench.gateway(settings());
      await next.reach(uid(), 'withdrawn');
      await next.close();
      expect(approved()).toEqual([]);
      expect(await current()).toEqual([]);
      expect(await audits('publication.withdrawn')).toBe(1);
    },
  );
});

describe('a DMP in trouble', () => {
  let publisher: RunningGateway;
  beforeAll(async () => {
    publisher = await bench.gateway(settings());
  });
  afterAll(() => publisher.close());

  const passing: [string, Fault][] = [
    ['accepts, then drops the connection', { kind: 'drop-after-accept', transaction: 'iti41', times: 1 }],
    ['accepts, and cuts its answer', { kind: 'half-answer', transaction: 'iti41', times: 1 }],
    ['accepts, and answers nonsense', { kind: 'malformed', transaction: 'iti41', times: 1 }],
    ['accepts, and says that it was a part', { kind: 'partial', transaction: 'iti41', times: 1 }],
    ['accepts with a warning', { kind: 'warn', transaction: 'iti41', times: 1 }],
    ['closes before reading', { kind: 'vanish', times: 2 }],
    ['is busy', { kind: 'refuse', transaction: 'iti41', code: 'XDSRepositoryBusy', times: 2 }],
    ['answers a SOAP fault of its own', { kind: 'soap-fault', transaction: 'iti41', times: 1 }],
    ['answers 503', { kind: 'http', transaction: 'iti41', status: 503, times: 2 }],
    ['answers 500', { kind: 'http', transaction: 'iti41', status: 500, times: 1 }],
  ];
  it.each(passing)('%s: the manifest is there once', async (_what, fault) => {
    bench.dmp.faults.set(fault);
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'published');
    await expectPublishedOnce();
  });

  it('accepts after our patience is over: the manifest is there once', async () => {
    await publisher.close();
    const impatient = await bench.gateway(settings({ DRIMBOX_DMP_TIMEOUT_MS: '3000' }));
    bench.dmp.faults.set({ kind: 'slow', transaction: 'iti41', delayMs: 12_000, times: 1 });
    await gateway.send(makeOru(ris()));
    await impatient.reach(uid(), 'published');
    await impatient.close();
    publisher = await bench.gateway(settings());
    await expectPublishedOnce();
  });

  it('does not answer whether it holds the manifest: it is asked again, and nothing is sent meanwhile', async () => {
    bench.dmp.faults.set({ kind: 'drop-after-accept', transaction: 'iti41', times: 1 });
    bench.dmp.faults.set({ kind: 'http', transaction: 'iti18', status: 503, times: 2 });
    await gateway.send(makeOru(ris()));
    const done = await publisher.reach(uid(), 'published');
    expect(done.reasonCode).toBe('found-in-registry');
    await expectPublishedOnce();
  });

  it('drops the connection after a deletion: it is deleted once, and recorded', async () => {
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'published');
    bench.dmp.faults.set({ kind: 'drop-after-accept', transaction: 'iti57', times: 1 });
    await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }));
    await publisher.reach(uid(), 'withdrawn');
    expect(approved()).toEqual([]);
    expect(await current()).toEqual([]);
  });

  it('refuses for good: parked with its reason, shown, published when it is retried', async () => {
    bench.dmp.faults.set({ kind: 'refuse', transaction: 'iti41', code: 'XDSRepositoryMetadataError', times: 1 });
    await gateway.send(makeOru(ris()));
    const refused = await publisher.reach(uid(), 'refused');
    expect(refused).toMatchObject({ reasonCode: 'XDSRepositoryMetadataError', mayBeRetried: true });
    expect(refused.reasonDetail).toContain('told to refuse');
    expect(await audits('publication.refused')).toBe(1);
    expect(await gateway.queries.retry(refused.id, { professionalId: '899900000017' })).toBe('received');
    await publisher.reach(uid(), 'published');
    await expectPublishedOnce();
    expect(await audits('publication.retried')).toBe(1);
    await expect(gateway.queries.retry(refused.id, {})).rejects.toMatchObject({ code: 'publication.not-parked' });
    await expect(gateway.queries.retry('999999999', {})).rejects.toMatchObject({ code: 'publication.unknown' });
  });

  it('refuses a replacement: the old manifest stays, a later report passes', async () => {
    await gateway.send(makeOru(ris()));
    const first = await publisher.reach(uid(), 'published');
    bench.dmp.faults.set({ kind: 'refuse', transaction: 'iti41', code: 'XDSRepositoryMetadataError', times: 1 });
    await gateway.send(makeMdm(ris(), { request: 'replace', version: 2 }));
    await publisher.reach(uid(), 'refused');
    expect(await current()).toEqual([first.kosSopInstanceUid]);
    await gateway.send(makeMdm(ris(), { request: 'replace', version: 3 }));
    await publisher.reach(uid(), 'published');
    await expectPublishedOnce(2);
    const { items } = await gateway.queries.search({ studyInstanceUid: uid() });
    expect(items.map(({ state }) => state)).toEqual(['published', 'replaced', 'replaced']);
  });

  it('keeps the order of a study: a deletion behind a delayed publication comes after it', async () => {
    bench.dmp.faults.set({ kind: 'slow', transaction: 'iti41', delayMs: 1_000, times: 1 });
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'publishing');
    await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }));
    await publisher.reach(uid(), 'withdrawn');
    expect(approved()).toEqual([]);
    expect(registered()).toEqual([]);
    expect(await current()).toEqual([]);
    expect(await audits('publication.published')).toBe(1);
  });
});

describe('what is served meanwhile', () => {
  let publisher: RunningGateway;
  const isServed = async (kosSopInstanceUid = ''): Promise<boolean> => {
    const archive = gateway.app.get(ManifestArchive, { strict: false });
    return (await archive.admit({ studyInstanceUid: uid(), kosSopInstanceUid })).ok;
  };
  const removeOneInstance = async (): Promise<void> => {
    const [id] = (await (await fetch(`${orthanc.url}/instances`)).json()) as string[];
    await fetch(`${orthanc.url}/instances/${id}`, { method: 'DELETE' });
  };
  const retrying = { DRIMBOX_PUBLICATION_RETRY_SECONDS: '1', DRIMBOX_PUBLICATION_RETRY_SECONDS_MAX: '1' };

  beforeEach(async () => void (publisher = await bench.gateway(settings(retrying))));
  afterEach(() => publisher.close());

  it('a manifest to be deleted is not, from the acknowledgement on, while the DMP is away', async () => {
    await gateway.send(makeOru(ris()));
    const { kosSopInstanceUid } = await publisher.reach(uid(), 'published');
    expect(await isServed(kosSopInstanceUid)).toBe(true);
    const port = await bench.stopDmp();
    expect(await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }))).toBe('AA');
    expect(await isServed(kosSopInstanceUid)).toBe(false);
    expect(await current()).toEqual([kosSopInstanceUid]);
    await bench.restartDmp(port);
    await publisher.reach(uid(), 'withdrawn');
    expect(registered()).toEqual([]);
    expect(await current()).toEqual([]);
    await gateway.send(makeOru(ris(), { version: 3, controlId: 'AGAIN' }));
    expect(await isServed((await publisher.reach(uid(), 'published')).kosSopInstanceUid)).toBe(true);
  });

  it('a manifest that was on its way when its deletion came is never', async () => {
    bench.dmp.faults.set({ kind: 'slow', transaction: 'iti41', delayMs: 1_000, times: 1 });
    bench.dmp.faults.set({ kind: 'refuse', transaction: 'iti57', code: 'XDSRegistryError', times: 5 });
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'publishing');
    await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }));
    await publisher.reach(uid(), 'refused');
    const [kos] = await current();
    expect(approved().map(({ uniqueId }) => uniqueId)).toEqual([kos]);
    expect(await isServed(kos)).toBe(false);
  });

  it('a refused deletion outlives a change of the images, and what it is about is not served', async () => {
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'published');
    bench.dmp.faults.set({ kind: 'refuse', transaction: 'iti57', code: 'XDSRegistryError', times: 1 });
    await gateway.send(makeMdm(ris(), { request: 'unpublish', version: 2 }));
    const deletion = await publisher.reach(uid(), 'refused');
    await removeOneInstance();
    try {
      await gateway.send(makeOmi(ris()));
      await publisher.reach(uid(), 'published');
      const [kos] = await current();
      expect(approved().map(({ uniqueId }) => uniqueId)).toEqual([kos]);
      expect(await isServed(kos)).toBe(false);
      expect((await gateway.queries.show(deletion.id)).state).toBe('refused');
      await gateway.queries.retry(deletion.id, {});
      await until('the deletion', async () => (await gateway.queries.show(deletion.id)).state === 'withdrawn');
      expect(approved()).toEqual([]);
      const { items } = await gateway.queries.search({ studyInstanceUid: uid() });
      expect(items.map(({ state }) => state)).toEqual(['withdrawn', 'withdrawn', 'replaced']);
    } finally {
      await orthanc.load(studyFiles);
    }
  });

  it('an older report is not taken up again while a later one is under way', async () => {
    bench.dmp.faults.set({ kind: 'refuse', transaction: 'iti41', code: 'XDSRepositoryMetadataError', times: 1 });
    await gateway.send(makeOru(ris()));
    const older = await publisher.reach(uid(), 'refused');
    await publisher.close();
    await gateway.send(makeMdm(ris(), { request: 'replace', version: 2 }));
    await expect(gateway.queries.retry(older.id, {})).rejects.toMatchObject({ code: 'publication.not-parked' });
  });
});

describe('a ceiling of tries', () => {
  it('gives up, and takes up the very manifest that may have been registered', async () => {
    const publisher = await bench.gateway(settings({ DRIMBOX_PUBLICATION_ATTEMPTS_MAX: '2' }));
    bench.dmp.faults.set({ kind: 'drop-after-accept', transaction: 'iti41', times: 1 });
    bench.dmp.faults.set({ kind: 'http', transaction: 'iti18', status: 500 });
    await gateway.send(makeOru(ris()));
    const dead = await publisher.reach(uid(), 'dead');
    expect(dead).toMatchObject({ reasonCode: 'dmp.unavailable', mayBeRetried: true });
    expect(await audits('publication.given-up')).toBe(1);
    bench.dmp.faults.clear();
    expect(await gateway.queries.retry(dead.id, {})).toBe('publishing');
    const done = await publisher.reach(uid(), 'published');
    expect(done).toMatchObject({
      id: dead.id,
      reasonCode: 'found-in-registry',
      kosSopInstanceUid: dead.kosSopInstanceUid,
    });
    await publisher.close();
    await expectPublishedOnce();
  });

  it('gives up, and a later report replaces what had been registered all the same', async () => {
    const publisher = await bench.gateway(settings({ DRIMBOX_PUBLICATION_ATTEMPTS_MAX: '2' }));
    bench.dmp.faults.set({ kind: 'drop-after-accept', transaction: 'iti41', times: 1 });
    bench.dmp.faults.set({ kind: 'http', transaction: 'iti18', status: 500 });
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'dead');
    bench.dmp.faults.clear();
    await gateway.send(makeMdm(ris(), { request: 'replace', version: 2 }));
    await publisher.reach(uid(), 'published');
    await publisher.close();
    await expectPublishedOnce(2);
  });
});

describe('a PACS in trouble', () => {
  it('does not answer: the publication waits for it, and is not taken for an empty study', async () => {
    const publisher = await bench.gateway(settings());
    await gateway.send(makeOru(ris()));
    await publisher.reach(uid(), 'published');
    orthanc.kill('SIGSTOP');
    await gateway.send(makeMdm(ris(), { request: 'replace', version: 2 }));
    await publisher.close();
    const away = [{ id: 'pacs', kind: 'dimse', host: '127.0.0.1', port: 1, aeTitle: 'PACS', retrieve: 'get' }];
    const blind = await bench.gateway(bench.settings(database, away));
    expect(
      await until('the failure to be told', async () => {
        const [newest] = (await blind.queries.search({ studyInstanceUid: uid(), limit: 1 })).items;
        return newest.reasonCode ? newest : undefined;
      }),
    ).toMatchObject({ state: 'received', reasonCode: 'pacs.unreachable' });
    await blind.close();
    orthanc.kill('SIGCONT');
    const again = await bench.gateway(settings());
    await again.reach(uid(), 'published');
    await again.close();
    await expectPublishedOnce(2);
  });
});
