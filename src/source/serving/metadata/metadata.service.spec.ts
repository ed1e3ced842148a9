import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CountingPacs,
  jsonType,
  kos,
  manifestOf,
  metadataText,
  seriesUids,
  startMetadata,
  written,
  xmlType,
} from '../../../../test/support/metadata-bench';
import { GatewayError } from '../../../platform/errors';
import { configureLogging } from '../../../platform/logging';
import type { ManifestRecord } from '../../archive';
import { servingErrors } from '../serving.errors';

describe('metadata', () => {
  let dataDir: string;
  let pacs: CountingPacs;
  const manifest = manifestOf([5, 3]);
  const fileOf = (series: string) => join(dataDir, 'metadata', kos, series);

  beforeAll(() => configureLogging({ level: 'silent' }));
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'metadata-'));
    pacs = new CountingPacs();
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  /** The study asked for once, so that all of it is on disk. */
  async function kept(config = {}): Promise<string> {
    const { service, keeper } = startMetadata(dataDir, config);
    const told = await metadataText(service, { manifest, pacs });
    await written(keeper);
    pacs.asked.length = 0;
    return told;
  }

  const levels = [
    { name: 'study' },
    { name: 'series', series: seriesUids[1] },
    { name: 'instance', series: seriesUids[0], instance: `${seriesUids[0]}.3` },
  ];

  it.each(levels)(
    'name their pixel data where they are served, whichever level was asked before: $name',
    async (level) => {
      const { service } = startMetadata(dataDir, { isKept: false });
      for (const asked of [level, ...levels]) {
        const instances = JSON.parse(await metadataText(service, { manifest, pacs, ...asked })) as Record<
          string,
          { BulkDataURI: string }
        >[];
        const address = new URL(
          instances[0]['7FE00010'].BulkDataURI,
          'https://pacs.example:8441/rs/studies/1.2.1/metadata',
        );
        expect(address.pathname).toMatch(
          /^\/rs\/studies\/1\.2\.1\/series\/1\.2\.2\.[12]\/instances\/[\d.]+\/frames\/1$/,
        );
      }
    },
  );

  it.each(levels)(
    'are the same bytes from the PACS, from memory and from disk after a restart: $name',
    async (level) => {
      await kept();
      for (const accept of [jsonType, xmlType]) {
        const unkept = startMetadata(dataDir, { isKept: false }).service;
        const fromPacs = await metadataText(unkept, { manifest, pacs, accept, ...level });
        expect(await metadataText(unkept, { manifest, pacs, accept, ...level })).toBe(fromPacs);
        pacs.asked.length = 0;
        const { service } = startMetadata(dataDir);
        expect(await metadataText(service, { manifest, pacs, accept, ...level })).toBe(fromPacs);
        expect(await metadataText(service, { manifest, pacs, accept, ...level })).toBe(fromPacs);
        expect(pacs.asked).toEqual([]);
      }
    },
  );

  it('follow the order of the manifest and hold the INS', async () => {
    const instances = JSON.parse(await kept()) as Record<string, { Value: unknown[] }>[];
    expect(instances.map((one) => one['00204000'].Value[0])).toEqual(
      manifest
        .expected({ studyInstanceUid: manifest.studyInstanceUid })
        .map((one) => `comment of ${one.sopInstanceUid}`),
    );
    expect(JSON.stringify(instances[0]['00101002'])).toContain('279035121518989');
  });

  it('are on disk for the gateway alone, and are not when the operator does not want it', async () => {
    await kept();
    expect(statSync(fileOf(seriesUids[0])).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'metadata', kos)).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dataDir, 'metadata'))).toEqual([kos]);
    expect(readFileSync(fileOf(seriesUids[0])).includes('279035121518989')).toBe(false);
    rmSync(join(dataDir, 'metadata'), { recursive: true });
    await kept({ isKept: false });
    expect(existsSync(join(dataDir, 'metadata'))).toBe(false);
  });

  it('of one instance are not kept: a file is a whole series', async () => {
    const { service, keeper } = startMetadata(dataDir);
    await metadataText(service, { manifest, pacs, series: seriesUids[0], instance: `${seriesUids[0]}.1` });
    await written(keeper);
    expect(existsSync(join(dataDir, 'metadata'))).toBe(false);
    await metadataText(service, { manifest, pacs, series: seriesUids[0] });
    await written(keeper);
    expect(pacs.asked).toHaveLength(5);
    expect(existsSync(fileOf(seriesUids[0]))).toBe(true);
  });

  it.each<[string, Partial<ManifestRecord>, string]>([
    ['another patient', { patientMatricule: '179035121518950' }, '/rs'],
    ['another issuer', { patient: { insIssuer: 'INSEE-NIR' } as ManifestRecord['patient'] }, '/rs'],
    ['another address', {}, '/other'],
  ])('kept for %s are never told, and go', async (_, changes, basePath) => {
    await kept();
    const other = manifestOf([5, 3], changes);
    const { service } = startMetadata(dataDir, {}, basePath);
    const told = await metadataText(service, { manifest: other, pacs, series: seriesUids[0], basePath });
    expect(pacs.asked).toHaveLength(5);
    expect(told).toContain(changes.patientMatricule ?? '279035121518989');
    expect(told).toContain(`"${basePath}/studies/`);
    expect(existsSync(fileOf(seriesUids[1]))).toBe(false);
  });

  it('kept under another list of instances are never told', async () => {
    await kept();
    const { service } = startMetadata(dataDir);
    const told = await metadataText(service, { manifest: manifestOf([4, 3]), pacs, series: seriesUids[0] });
    expect(JSON.parse(told)).toHaveLength(4);
    expect(pacs.asked).toHaveLength(4);
  });

  it('older than the limit, or from the future, are read again', async () => {
    for (const hours of [-25, 2]) {
      await kept();
      const at = Date.now() / 1_000 + hours * 3_600;
      utimesSync(fileOf(seriesUids[0]), at, at);
      pacs.commentOf = () => 'corrected';
      const { service, keeper } = startMetadata(dataDir);
      expect(await metadataText(service, { manifest, pacs, series: seriesUids[0] })).toContain('corrected');
      await written(keeper);
    }
  });

  describe('not compared with the PACS for a while', () => {
    beforeEach(async () => {
      await kept();
      const at = Date.now() / 1_000 - 11 * 60;
      for (const series of seriesUids) utimesSync(fileOf(series), at, at);
    });

    it('are compared by one object, once, and told', async () => {
      const { service } = startMetadata(dataDir);
      for (let asked = 0; asked < 3; asked++) await metadataText(service, { manifest, pacs });
      expect(pacs.asked).toHaveLength(1);
    });

    it('are all read again when the object differs', async () => {
      pacs.commentOf = (uid) => `corrected ${uid}`;
      const { service, keeper } = startMetadata(dataDir);
      const told = await metadataText(service, { manifest, pacs });
      expect(told).not.toContain('comment of');
      expect(JSON.parse(told)).toHaveLength(8);
      await written(keeper);
      pacs.asked.length = 0;
      expect(await metadataText(startMetadata(dataDir).service, { manifest, pacs })).toBe(told);
      expect(pacs.asked).toEqual([]);
    });

    it('are told by nobody when the PACS holds the object no more', async () => {
      for (const { sopInstanceUid } of manifest.expected({ studyInstanceUid: '1.2.1' }))
        pacs.absent.add(sopInstanceUid);
      const { service } = startMetadata(dataDir);
      await expect(metadataText(service, { manifest, pacs })).rejects.toMatchObject({ code: 'serving.gone' });
      expect(existsSync(fileOf(seriesUids[0]))).toBe(false);
    });

    it('wait for a PACS that fails', async () => {
      pacs.failure = new GatewayError(servingErrors.incomplete);
      const { service } = startMetadata(dataDir);
      await expect(metadataText(service, { manifest, pacs })).rejects.toMatchObject({ code: 'serving.incomplete' });
      pacs.failure = undefined;
      await metadataText(service, { manifest, pacs });
      expect(pacs.asked).toHaveLength(1);
    });
  });

  describe('damaged on disk', () => {
    // Several blocks, so that damage can lie behind what has been told.
    const long = manifestOf([600]);
    const series = seriesUids[0];

    it('are read from the PACS, from the damage on', async () => {
      pacs.commentOf = (uid) => `${uid} ${'x'.repeat(1_500)}`;
      const first = startMetadata(dataDir);
      const told = await metadataText(first.service, { manifest: long, pacs, series });
      await written(first.keeper);
      const sound = readFileSync(fileOf(series));
      const spots = [0, 5, 30, 100, 200, Math.floor(sound.length / 2), sound.length - 20];
      for (const damaged of [
        ...spots.map((at) =>
          Buffer.concat([sound.subarray(0, at), Buffer.from([sound[at] ^ 0xff]), sound.subarray(at + 1)]),
        ),
        sound.subarray(0, sound.length - 1),
        sound.subarray(0, 10),
        Buffer.alloc(0),
        Buffer.concat([sound, Buffer.from('more')]),
      ]) {
        writeFileSync(fileOf(series), damaged);
        pacs.asked.length = 0;
        const { service, keeper } = startMetadata(dataDir);
        expect(await metadataText(service, { manifest: long, pacs, series })).toBe(told);
        expect(pacs.asked.length).toBeGreaterThan(0);
        await written(keeper);
        // A cut read is not kept whole: the next request does it.
        await metadataText(service, { manifest: long, pacs, series });
        await written(keeper);
        expect(readFileSync(fileOf(series)).equals(sound)).toBe(true);
      }
    });

    it('or altered for one instance, give that instance from the PACS', async () => {
      const told = await kept();
      const file = fileOf(series);
      const bytes = readFileSync(file);
      bytes[bytes.length - 9] ^= 1;
      writeFileSync(file, bytes);
      const instance = `${series}.2`;
      const one = await metadataText(startMetadata(dataDir).service, { manifest, pacs, series, instance });
      expect(JSON.parse(one)).toEqual([(JSON.parse(told) as unknown[])[1]]);
      expect(pacs.asked).toEqual([instance]);
    });
  });

  it('are told all the same when nothing can be written', async () => {
    writeFileSync(join(dataDir, 'metadata'), 'in the way');
    const { service, keeper } = startMetadata(dataDir);
    expect(JSON.parse(await metadataText(service, { manifest, pacs }))).toHaveLength(8);
    await written(keeper);
    expect(keeper.isWriting).toBe(false);
    expect(JSON.parse(await metadataText(service, { manifest, pacs, series: seriesUids[0] }))).toHaveLength(5);
    await keeper.forget(kos);
  });

  it('forgotten, are forgotten in memory, too', async () => {
    const { service, keeper } = startMetadata(dataDir);
    await metadataText(service, { manifest, pacs });
    await written(keeper);
    await keeper.forget(kos);
    expect(existsSync(join(dataDir, 'metadata', kos))).toBe(false);
    pacs.commentOf = () => 'corrected';
    expect(await metadataText(service, { manifest, pacs })).toContain('corrected');
  });

  it('take no more room than given: the manifest used longest ago goes', async () => {
    await kept();
    const bytes = seriesUids.reduce((sum, uid) => sum + statSync(fileOf(uid)).size, 0);
    const { service, keeper } = startMetadata(dataDir, { bytesMax: bytes + 100 });
    await keeper.store.scan();
    expect(keeper.store.bytes).toBe(bytes);
    const next = manifestOf([5, 3], { kosSopInstanceUid: '1.2.10' });
    await metadataText(service, { manifest: next, pacs });
    await written(keeper);
    expect(readdirSync(join(dataDir, 'metadata'))).toEqual(['1.2.10']);
    expect(keeper.store.bytes).toBeLessThanOrEqual(bytes + 100);
  });

  it('left half written by a process that ended are removed, later', async () => {
    await kept();
    const draft = join(dataDir, 'metadata', '.draft-1');
    const young = join(dataDir, 'metadata', '.draft-2');
    for (const file of [draft, young]) writeFileSync(file, 'half');
    utimesSync(draft, 1, 1);
    const { keeper } = startMetadata(dataDir);
    await keeper.store.scan();
    expect([existsSync(draft), existsSync(young), keeper.store.seriesCount]).toEqual([false, true, 2]);
  });
});
