import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../../src/connectors/pacs';
import { splitPart10 } from '../../src/standards/dicom';
import { DimseGateway, instancesOf } from '../support/dimse-gateway';
import { BitPreservingReceiver } from '../support/bit-preserving-receiver';
import { OrthancServer } from '../support/orthanc';
import { RecordingSink } from '../support/recording-sink';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: Orthanc (C-FIND, C-MOVE, C-GET, C-STORE), TCP, our client and listener. Doubled: nothing. */
const broken = new Set(['MR_truncated.dcm', 'no_meta.dcm', 'badVR.dcm', 'README.md']);

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !broken.has(name))
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? filesBelow(join(folder, name)) : [join(folder, name)],
    );
}

const isPart10 = (path: string) => readFileSync(path).toString('latin1', 128, 132) === 'DICM';

describeWithShared('DIMSE with Orthanc', () => {
  const folder = sharedPath('data/dicom');
  let orthanc: OrthancServer;
  let gateway: DimseGateway;

  beforeAll(async () => {
    gateway = await DimseGateway.open();
    const modalities = { us: [DimseGateway.aeTitle, '127.0.0.1', gateway.listener.port] as [string, string, number] };
    orthanc = await OrthancServer.start({ noDelay: true, modalities });
  });
  afterAll(async () => {
    await gateway?.close();
    await orthanc?.stop();
  });

  afterEach(() => gateway.closeClients());

  const single = filesBelow(folder).filter(isPart10);
  it('every file comes back as the PACS sends it, by C-MOVE and by C-GET (reference: storescp, bit preserving)', async () => {
    const pacs = gateway.client(orthanc.dicomPort);
    const reference = await BitPreservingReceiver.start();
    try {
      await orthanc.setModality('reference', 'REFERENCE', reference.port);
      for (const path of single) {
        const { meta } = splitPart10(readFileSync(path));
        expect(await orthanc.load([path])).toBe(1);
        // Some files name another instance in their meta group than in their data set.
        const { [0]: uid = '' } = await orthanc.newestInstance();
        const [study] = await studiesWith(uid);
        const sent = await reference.receive(orthanc.url, uid);
        const instances = (await instancesOf(pacs, study)).filter(({ sopInstanceUid }) => sopInstanceUid === uid);
        for (const method of ['move', 'get'] as const) {
          const sink = new RecordingSink({ fullEvery: 2 });
          const outcome = await pacs.retrieve({ studyInstanceUid: study, instances, method }, sink);
          expect(outcome).toMatchObject({ delivered: 1, undelivered: [], method });
          expect(sink.faults).toEqual([]);
          const got = sink.received.get(uid);
          expect([path, got?.header.transferSyntaxUid]).toEqual([path, meta.transferSyntaxUid]);
          expect([path, got?.dataSet.equals(sent)]).toEqual([path, true]);
        }
      }
    } finally {
      await reference.stop();
    }
  });

  async function studiesWith(sopInstanceUid: string): Promise<string[]> {
    const body = JSON.stringify({ Level: 'Instance', Query: { SOPInstanceUID: sopInstanceUid } });
    const found = (await (await fetch(`${orthanc.url}/tools/find`, { method: 'POST', body })).json()) as string[];
    const above = await fetch(`${orthanc.url}/instances/${found[0]}/study`);
    return [((await above.json()) as { MainDicomTags: { StudyInstanceUID: string } }).MainDicomTags.StudyInstanceUID];
  }

  describe('whole studies', () => {
    const studies = ['study-77654033', 'study-98892001'].map((name) => filesBelow(join(folder, name)));
    beforeAll(async () => {
      for (const files of studies) expect(await orthanc.load(files)).toBe(files.length);
    });
    const expectedOf = (files: string[]) =>
      new Map(
        files.map((path) => {
          const { meta, dataSet } = splitPart10(readFileSync(path));
          return [meta.mediaStorageSopInstanceUid ?? '', dataSet];
        }),
      );

    it('keeps parallel retrievals of two patients apart, shared or not, fast or slow reader', async () => {
      const pacs = gateway.client(orthanc.dicomPort, { retrieve: 'move' });
      const runs = Array.from({ length: 40 }, async (_, run) => {
        const files = studies[run % 2];
        const expected = expectedOf(files);
        const [study] = await studiesWith([...expected.keys()][0]);
        const instances = await instancesOf(pacs, study);
        const sink = new RecordingSink(run % 5 === 0 ? { fullEvery: 1, pauseMs: 3 } : {});
        const sharing = run % 3 === 0 ? ('never' as const) : undefined;
        const alone = new RecordingSink();
        await pacs.retrieve({ studyInstanceUid: study, instances, sharing: 'never' }, alone);
        const outcome = await pacs.retrieve({ studyInstanceUid: study, instances, sharing }, sink);
        expect(sink.faults).toEqual([]);
        const uids = instances.map(({ sopInstanceUid }) => sopInstanceUid).sort();
        expect(outcome).toMatchObject({ delivered: instances.length, undelivered: [] });
        expect([...sink.received.keys()].sort()).toEqual(uids);
        expect([...alone.received.keys()].sort()).toEqual(uids);
        for (const [uid, { dataSet }] of alone.received) {
          expect(sink.received.get(uid)?.dataSet.equals(dataSet)).toBe(true);
        }
      });
      await Promise.all(runs);
    });

    it('names an instance that the PACS does not hold, and delivers the others', async () => {
      const pacs = gateway.client(orthanc.dicomPort);
      const [study] = await studiesWith([...expectedOf(studies[0]).keys()][0]);
      const held = await instancesOf(pacs, study);
      const absent = { ...held[0], sopInstanceUid: '2.25.404' };
      const outcome = await pacs.retrieve(
        { studyInstanceUid: study, instances: [...held, absent] },
        new RecordingSink(),
      );
      expect(outcome.delivered).toBe(held.length);
      expect(outcome.undelivered).toEqual([expect.objectContaining({ ...absent, reason: 'not-in-pacs' })]);
    });

    it('delivers only what is expected of a series', async () => {
      const pacs = gateway.client(orthanc.dicomPort);
      const [study] = await studiesWith([...expectedOf(studies[1]).keys()][0]);
      const some = (await instancesOf(pacs, study)).slice(0, 2);
      const sink = new RecordingSink();
      await pacs.retrieve({ studyInstanceUid: study, instances: some }, sink);
      expect([...sink.received.keys()].sort()).toEqual(some.map(({ sopInstanceUid }) => sopInstanceUid).sort());
    });

    it('stops when the reader leaves', async () => {
      const pacs = gateway.client(orthanc.dicomPort);
      const [study] = await studiesWith([...expectedOf(studies[1]).keys()][0]);
      const instances = await instancesOf(pacs, study);
      const left = new AbortController();
      const sink = new RecordingSink();
      const begin = sink.begin.bind(sink);
      sink.begin = (header) => {
        begin(header);
        left.abort(new Error('the reader left'));
      };
      await expect(pacs.retrieve({ studyInstanceUid: study, instances }, sink, left.signal)).rejects.toThrow('left');
      expect(sink.received.size).toBeLessThan(instances.length);
      await expect(pacs.echo()).resolves.toBeGreaterThan(0);
    });

    it('falls back to C-GET when the PACS does not know our listener', async () => {
      const pacs = gateway.client(orthanc.dicomPort, { ourAeTitle: 'NOBODY' });
      const [study] = await studiesWith([...expectedOf(studies[0]).keys()][0]);
      const instances = await instancesOf(pacs, study);
      const outcome = await pacs.retrieve({ studyInstanceUid: study, instances }, new RecordingSink());
      expect(outcome).toMatchObject({ method: 'get', delivered: instances.length, undelivered: [] });
    });

    it('is asked by C-MOVE as soon as it knows our listener, after it had refused C-MOVE and C-GET', async () => {
      const strict = await OrthancServer.start({ noDelay: true, more: { DicomAlwaysAllowGet: false } });
      try {
        expect(await strict.load(studies[0])).toBe(studies[0].length);
        const pacs = gateway.client(strict.dicomPort);
        const study = textOf((await pacs.findStudies({}))[0], 'StudyInstanceUID');
        const instances = await instancesOf(pacs, study);
        const retrieve = () => pacs.retrieve({ studyInstanceUid: study, instances }, new RecordingSink());
        // Orthanc answers the C-MOVE by a failure and ends the association of the C-GET.
        await expect(retrieve()).rejects.toMatchObject({ code: 'pacs.lost' });
        await strict.setModality('us', DimseGateway.aeTitle, gateway.listener.port);
        await expect(retrieve()).resolves.toMatchObject({ method: 'move', delivered: instances.length });
      } finally {
        await strict.stop();
      }
    });

    it('queries all levels, limits matches, and echoes', async () => {
      const pacs = gateway.client(orthanc.dicomPort);
      const all = await pacs.findStudies({ PatientID: '', ModalitiesInStudy: '' });
      expect(all.length).toBeGreaterThan(2);
      expect(textOf(all[0], 'StudyInstanceUID')).toMatch(/^[0-9.]+$/);
      await expect(pacs.findStudies({}, { limit: 1 })).rejects.toMatchObject({ code: 'pacs.too-many-matches' });
      await expect(pacs.echo()).resolves.toBeGreaterThan(0);
    });

    it('stores a data set untouched', async () => {
      const pacs = gateway.client(orthanc.dicomPort);
      const paths = ['CT_small.dcm', 'MR_small_RLE.dcm', 'JPEG2000.dcm'].map((name) => join(folder, name));
      const files = paths.map((path) => splitPart10(readFileSync(path)));
      const outcomes = await pacs.store(
        files.map(({ meta, dataSet }) => ({
          sopClassUid: meta.mediaStorageSopClassUid ?? '',
          sopInstanceUid: meta.mediaStorageSopInstanceUid ?? '',
          transferSyntaxUid: meta.transferSyntaxUid,
          open: async function* () {
            for (let at = 0; at < dataSet.length; at += 777) yield dataSet.subarray(at, at + 777);
          },
        })),
      );
      expect(outcomes.map(({ stored }) => stored)).toEqual([true, true, true]);
    });
  });
});
