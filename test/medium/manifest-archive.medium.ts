import { connect, createServer, Socket } from 'node:net';
import { DataSource } from 'typeorm';
import { importManifest, ManifestArchive, ManifestRecord } from '../../src/source/archive';
import { Manifest, writeManifest } from '../../src/standards/manifest';
import { startEmbedded, startPostgres, TestDatabase } from '../support/database';
import { aManifest, ctSeries, manifestContent } from '../support/manifest/builders';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: PostgreSQL and the embedded database. Two gateway processes are two archives with their own connections. */
let nextStudy = 0;
const waitMsMax = 90_000;

function bytesOf(manifest: Manifest): Buffer {
  const written = writeManifest(manifest);
  if (!written.ok) throw new Error(written.reason);
  return written.bytes;
}

/** Versions of the manifest of one study, each with its own UID. */
function versions(count: number): { study: string; kos: string[]; files: Buffer[] } {
  const study = `1.2.250.1.999.50.${++nextStudy}`;
  const content = manifestContent().studies[0];
  const manifests = Array.from({ length: count }, (_, index) =>
    aManifest(
      { studies: [{ ...content, studyInstanceUid: study, series: [ctSeries(study, 1, 2)] }] },
      `2.${nextStudy}.${index}`,
    ),
  );
  return { study, kos: manifests.map((m) => m.sopInstanceUid), files: manifests.map(bytesOf) };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + waitMsMax;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function open(
  database: TestDatabase,
): Promise<{ archive: ManifestArchive; dataSource: DataSource; close(): Promise<void> }> {
  const dataSource = await database.open([ManifestRecord]);
  const archive = new ManifestArchive(dataSource, database.address);
  await archive.onModuleInit();
  const close = async () => {
    await archive.onApplicationShutdown();
    await dataSource.destroy();
  };
  return { archive, dataSource, close };
}

const databases: [string, () => Promise<TestDatabase>][] = [
  ['PostgreSQL', () => startPostgres()],
  ['the embedded database', () => startEmbedded()],
];

describe.each(databases)('the archive on %s', (_name, start) => {
  let database: TestDatabase;
  let opened: Awaited<ReturnType<typeof open>>;
  let archive: ManifestArchive;
  beforeAll(async () => {
    database = await start();
    opened = await open(database);
    ({ archive } = opened);
  });
  afterAll(async () => {
    await opened.close();
    await database.stop();
  });

  it('stores a manifest, gives it back whole, and serves what it lists', async () => {
    const { study, kos, files } = versions(1);
    const put = await archive.put(files[0], {
      cdaIds: ['1.2.3_4'],
      pacsId: 'main',
      publicationContext: { author: 'x' },
    });
    expect(put.outcome).toBe('stored');
    const current = await archive.current(study);
    expect(current?.manifest).toEqual(put.manifest);
    expect(current).toMatchObject({
      kosSopInstanceUid: kos[0],
      status: 'current',
      accessionNumbers: ['ACN101'],
      cdaIds: ['1.2.3_4'],
      pacsId: 'main',
      publicationContext: { author: 'x' },
    });
    expect(await archive.raw(kos[0])).toEqual(files[0]);
    const wanted = { studyInstanceUid: study, kosSopInstanceUid: kos[0] };
    const admitted = await archive.admit(wanted);
    expect(admitted).toMatchObject({
      ok: true,
      manifest: { patient: { matricule: '279035121518989' }, pacsId: 'main' },
    });
    expect(
      await archive.admit({ ...wanted, seriesInstanceUid: `${study}.1`, sopInstanceUid: `${study}.1.2` }),
    ).toMatchObject({ ok: true });
    expect(await archive.admit({ ...wanted, seriesInstanceUid: `${study}.9` })).toEqual({
      ok: false,
      reason: 'series-not-listed',
    });
    expect(await archive.admit({ ...wanted, seriesInstanceUid: `${study}.1`, sopInstanceUid: '1.2' })).toEqual({
      ok: false,
      reason: 'instance-not-listed',
    });
  });

  it('keeps the patient out of the content column', async () => {
    const { kos, files } = versions(1);
    await archive.put(files[0]);
    const sql =
      'SELECT content::text AS content, patient_matricule FROM source_manifest WHERE kos_sop_instance_uid = $1';
    const [row] = await opened.dataSource.query<{ content: string; patient_matricule: string }[]>(sql, [kos[0]]);
    expect(row.content).not.toMatch(/279035121518989|PAT-TROIS/);
    expect(row.patient_matricule).toBe('279035121518989');
  });

  it('serves the replacing manifest and refuses the replaced one at once, then the withdrawn one', async () => {
    const { study, kos, files } = versions(2);
    await archive.put(files[0]);
    expect(await archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).toMatchObject({ ok: true });
    expect(await archive.put(files[1], { replaces: kos[0] })).toMatchObject({
      outcome: 'replaced',
      replacedKosSopInstanceUid: kos[0],
    });
    expect(await archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).toEqual({
      ok: false,
      reason: 'replaced',
    });
    expect(await archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[1] })).toMatchObject({ ok: true });
    expect(await archive.withdraw(study)).toBe(kos[1]);
    expect(await archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[1] })).toEqual({
      ok: false,
      reason: 'withdrawn',
    });
    expect(await archive.withdraw(study)).toBeUndefined();
    expect((await archive.byKos(kos[1]))?.withdrawnAt).toBeInstanceOf(Date);
  });

  it('refuses unknown manifests and those of another study', async () => {
    const { study, kos, files } = versions(1);
    await archive.put(files[0]);
    expect(await archive.admit({ studyInstanceUid: study, kosSopInstanceUid: '1.2.3' })).toEqual({
      ok: false,
      reason: 'unknown',
    });
    expect(await archive.admit({ studyInstanceUid: '1.2.3', kosSopInstanceUid: kos[0] })).toEqual({
      ok: false,
      reason: 'of-another-study',
    });
  });

  it('keeps the same file as it is, refuses another file under its UID, and a second current manifest', async () => {
    const { files } = versions(2);
    await archive.put(files[0]);
    expect(await archive.put(files[0])).toMatchObject({ outcome: 'kept' });
    const altered = Buffer.from(files[0].toString('latin1').replaceAll('DOMINIQUE', 'DOMINIQUA'), 'latin1');
    await expect(archive.put(altered)).rejects.toMatchObject({ code: 'archive.same-uid-other-content' });
    await expect(archive.put(files[1])).rejects.toMatchObject({ code: 'archive.other-current-manifest' });
    await expect(archive.put(files[1], { replaces: '1.2.3' })).rejects.toMatchObject({
      code: 'archive.other-current-manifest',
    });
    await expect(archive.put(Buffer.from('not DICOM'))).rejects.toMatchObject({ code: 'archive.not-a-manifest' });
  });

  it('takes a withdrawn manifest back', async () => {
    const { study, kos, files } = versions(1);
    await archive.put(files[0]);
    await archive.withdraw(study);
    expect(await archive.put(files[0])).toMatchObject({ outcome: 'stored' });
    expect(await archive.byKos(kos[0])).toMatchObject({ status: 'current', withdrawnAt: undefined });
  });

  it('lets one of many simultaneous first manifests through, and has one current one', async () => {
    const { study, files } = versions(6);
    const puts = await Promise.allSettled(files.map((file) => archive.put(file)));
    expect(puts.filter((put) => put.status === 'fulfilled')).toHaveLength(1);
    const count = await opened.dataSource.manager.countBy(ManifestRecord, {
      studyInstanceUid: study,
      status: 'current',
    });
    expect(count).toBe(1);
  });

  it('is part of the transaction of its caller: nothing changes on a rollback, all at the commit', async () => {
    const { study, kos, files } = versions(2);
    await archive.put(files[0]);
    const old = { studyInstanceUid: study, kosSopInstanceUid: kos[0] };
    await archive.admit(old);
    const rolledBack = opened.dataSource.transaction(async (manager) => {
      await archive.put(files[1], { replaces: kos[0] }, manager);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await archive.admit(old)).toMatchObject({ ok: true });
    await opened.dataSource.transaction((manager) => archive.put(files[1], { replaces: kos[0] }, manager));
    expect(await archive.admit(old)).toEqual({ ok: false, reason: 'replaced' });
  });

  it('answers from memory once it knows', async () => {
    const { study, kos, files } = versions(1);
    await archive.put(files[0]);
    const wanted = { studyInstanceUid: study, kosSopInstanceUid: kos[0] };
    const queries = jest.spyOn(opened.dataSource.manager, 'findOne');
    // The notification of our own change may still be on its way and make it forget once more.
    await until('an answer without a query', async () => {
      queries.mockClear();
      return (await archive.admit(wanted)).ok && queries.mock.calls.length === 0;
    });
    queries.mockRestore();
  });

  describeWithShared('the KOS of the national samples', () => {
    it('is imported', async () => {
      const file = sharedPath('reference/ans-samples/KOS/ko.dcm');
      expect(await importManifest(archive, file)).toMatchObject({
        outcome: 'stored',
        kosSopInstanceUid: '1.3.2.751468943.3.1234.56838.231114144457.1.1.1',
        instances: 20,
        series: [{ instances: 10 }, { instances: 10 }],
      });
      expect(await importManifest(archive, file)).toMatchObject({ outcome: 'kept' });
    });
  });
});

describe('two gateway processes on one PostgreSQL', () => {
  let database: TestDatabase;
  let writer: Awaited<ReturnType<typeof open>>;
  let reader: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    database = await startPostgres();
    writer = await open(database);
    reader = await open(database);
  });
  afterAll(async () => {
    await writer.close();
    await reader.close();
    await database.stop();
  });

  const dropListeners = () =>
    writer.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drimbox-archive-listener'`,
    );

  async function remembered(study: string, kos: string): Promise<void> {
    await until('trust', () => reader.archive.cache.trusted);
    for (let i = 0; i < 2; i++) {
      expect(await reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos })).toMatchObject({
        ok: true,
      });
    }
  }

  it('the other process stops serving a replaced manifest within a moment', async () => {
    const { study, kos, files } = versions(2);
    await writer.archive.put(files[0]);
    await remembered(study, kos[0]);
    await writer.archive.put(files[1], { replaces: kos[0] });
    const at = performance.now();
    await until(
      'the refusal of the replaced manifest',
      async () => !(await reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).ok,
    );
    expect(performance.now() - at).toBeLessThan(3_000);
  });

  it('and a withdrawn one, also when its transaction was the caller’s', async () => {
    const { study, kos, files } = versions(1);
    await writer.archive.put(files[0]);
    await remembered(study, kos[0]);
    await writer.dataSource.transaction((manager) => writer.archive.withdraw(study, manager));
    await until(
      'the refusal of the withdrawn manifest',
      async () => !(await reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).ok,
    );
  });

  it('believes nothing it remembers while its listener is down, and recovers', async () => {
    const { study, kos, files } = versions(2);
    await writer.archive.put(files[0]);
    await remembered(study, kos[0]);
    await dropListeners();
    await until('distrust', () => !reader.archive.cache.trusted);
    // Nobody hears of this change: the answer must come from the database.
    await writer.archive.put(files[1], { replaces: kos[0] });
    expect(await reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).toEqual({
      ok: false,
      reason: 'replaced',
    });
    expect(await reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[1] })).toMatchObject({
      ok: true,
    });
    await remembered(study, kos[1]);
  });

  it('stops believing a listener whose connection died without a word', async () => {
    const { study, kos, files } = versions(2);
    const link = await silencableLink(Number(new URL(database.address.url).port));
    const url = database.address.url.replace(/:\d+\//, `:${link.port}/`);
    const archive = new ManifestArchive(reader.dataSource, { ...database.address, url });
    try {
      await archive.onModuleInit();
      await writer.archive.put(files[0]);
      const old = { studyInstanceUid: study, kosSopInstanceUid: kos[0] };
      await archive.admit(old);
      link.silence();
      await writer.archive.put(files[1], { replaces: kos[0] });
      await until('distrust', () => !archive.cache.trusted);
      expect(await archive.admit(old)).toEqual({ ok: false, reason: 'replaced' });
    } finally {
      await archive.onApplicationShutdown();
      link.close();
    }
  });

  it('comes back after the database was stopped and started', async () => {
    const { study, kos, files } = versions(1);
    await writer.archive.put(files[0]);
    await remembered(study, kos[0]);
    await database.kill?.();
    await until('distrust', () => !reader.archive.cache.trusted);
    await expect(reader.archive.admit({ studyInstanceUid: study, kosSopInstanceUid: kos[0] })).rejects.toThrow();
    await database.restart?.();
    await until('trust', () => reader.archive.cache.trusted);
    await remembered(study, kos[0]);
  });
});

/** A TCP link to PostgreSQL that can be made to swallow everything while its connections stay open. */
async function silencableLink(target: number): Promise<{ port: number; silence(): void; close(): void }> {
  const sockets: Socket[] = [];
  let silent = false;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on('data', (bytes: Buffer) => silent || to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as { port: number }).port, silence: () => void (silent = true), close };
}
