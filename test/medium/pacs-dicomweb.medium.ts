import { readFileSync } from 'node:fs';
import { DicomWebPacs, ExpectedInstance, Pacs, textOf } from '../../src/connectors/pacs';
import { readAttributes, splitPart10 } from '../../src/standards/dicom';
import { dicomFilesBelow } from '../support/dicom-files';
import { instancesOf } from '../support/dimse-gateway';
import { OrthancServer } from '../support/orthanc';
import { RecordingSink } from '../support/recording-sink';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: Orthanc with its DICOMweb plugin (QIDO-RS, WADO-RS, STOW-RS), TCP, our client. Doubled: nothing. */
const broken = new Set(['MR_truncated.dcm', 'no_meta.dcm', 'badVR.dcm']);
const isDicom = ([name, path]: [string, string]): boolean =>
  !broken.has(name) && !/DICOMDIR$/i.test(name) && readFileSync(path).toString('latin1', 128, 132) === 'DICM';

describeWithShared('DICOMweb with Orthanc', () => {
  const folder = sharedPath('data/dicom');
  const files = dicomFilesBelow(folder)
    .filter(isDicom)
    .map(([name, path]) => {
      const { meta, dataSet } = splitPart10(readFileSync(path));
      const { transferSyntaxUid } = meta;
      const read = readAttributes(dataSet, { transferSyntaxUid, tags: [0x00080016, 0x00080018, 0x0020000d] });
      const uid = (tag: number): string => String(read.get(tag)?.[0]);
      const study = uid(0x0020000d);
      return { path, name, transferSyntaxUid, dataSet, sopClass: uid(0x00080016), uid: uid(0x00080018), study };
    });
  let orthanc: OrthancServer;
  let pacs: Pacs;
  beforeAll(async () => {
    orthanc = await OrthancServer.start();
    pacs = new DicomWebPacs({ id: 'web', kind: 'dicomweb', url: `${orthanc.dicomWebUrl}/`, maxConnections: 8 });
  });
  afterAll(async () => {
    await pacs?.close();
    await orthanc?.stop();
  });

  it('has files to try', () => expect(files.length).toBeGreaterThan(20));

  it.each(files.map((file) => [file.name, file] as const))('%s comes back byte for byte', async (_name, file) => {
    expect(await orthanc.load([file.path])).toBe(1);
    const { uid, study } = file;
    const instances = (await instancesOf(pacs, study)).filter(({ sopInstanceUid }) => sopInstanceUid === uid);
    expect(instances).toHaveLength(1);
    expect(instances[0].sopClassUid).toBe(file.sopClass);
    const sink = new RecordingSink({ fullEvery: 2 });
    const outcome = await pacs.retrieve({ studyInstanceUid: study, instances }, sink);
    expect(outcome).toMatchObject({ delivered: 1, undelivered: [], method: 'dicomweb', bytes: file.dataSet.length });
    expect(sink.faults).toEqual([]);
    const got = sink.received.get(uid);
    expect(got?.header.transferSyntaxUid).toBe(file.transferSyntaxUid);
    expect(got?.dataSet.equals(file.dataSet)).toBe(true);
  });

  describe('whole studies', () => {
    /** The two largest studies of the subfolders, whose files are all different instances. */
    const inFolders = files.filter(({ name }) => name.startsWith('study-'));
    const studies = [...new Set(inFolders.map(({ study }) => study))]
      .map((uid) => inFolders.filter(({ study }) => study === uid))
      .sort((a, b) => b.length - a.length)
      .slice(0, 2);
    let expected: ExpectedInstance[][];

    beforeAll(async () => {
      for (const study of studies) await orthanc.load(study.map(({ path }) => path));
      expected = await Promise.all(studies.map((study) => instancesOf(pacs, study[0].study)));
    });

    it('lists every instance, page by page', async () => {
      const small = new DicomWebPacs(
        { id: 'web', kind: 'dicomweb', url: orthanc.dicomWebUrl, maxConnections: 2 },
        { pageSize: 3 },
      );
      for (const [at, study] of studies.entries()) {
        const uids = study.map(({ uid }) => uid).sort();
        expect(expected[at].map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(uids);
        const listed = await instancesOf(small, study[0].study);
        expect(listed.map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(uids);
      }
      await small.close();
    });

    it('keeps parallel retrievals of two patients apart, shared or not, fast or slow reader', async () => {
      const runs = Array.from({ length: 40 }, async (_, run) => {
        const study = studies[run % 2];
        const studyInstanceUid = study[0].study;
        const sink = new RecordingSink(run % 5 === 0 ? { fullEvery: 1, pauseMs: 3 } : {});
        const sharing = run % 3 === 0 ? ('never' as const) : undefined;
        const outcome = await pacs.retrieve({ studyInstanceUid, instances: expected[run % 2], sharing }, sink);
        expect(sink.faults).toEqual([]);
        expect(outcome).toMatchObject({ delivered: study.length, undelivered: [] });
        expect([...sink.received.keys()].sort()).toEqual(study.map(({ uid }) => uid).sort());
        for (const file of study) expect(sink.received.get(file.uid)?.dataSet.equals(file.dataSet)).toBe(true);
      });
      await Promise.all(runs);
    });

    it('names an instance that the PACS does not hold, and delivers the others', async () => {
      const studyInstanceUid = studies[0][0].study;
      const absent = Array.from({ length: 20 }, (_, i) => ({ ...expected[0][0], sopInstanceUid: `2.25.404${i}` }));
      const request = { studyInstanceUid, instances: [...absent, ...expected[0]] };
      const outcome = await pacs.retrieve(request, new RecordingSink());
      expect(outcome.delivered).toBe(expected[0].length);
      expect(outcome.undelivered).toEqual(absent.map((one) => ({ ...one, reason: 'not-in-pacs', status: 404 })));
    });

    it('delivers only what is expected of a series', async () => {
      const studyInstanceUid = studies[1][0].study;
      const some = expected[1].slice(0, 2);
      const sink = new RecordingSink();
      await pacs.retrieve({ studyInstanceUid, instances: some }, sink);
      expect([...sink.received.keys()].sort()).toEqual(some.map(({ sopInstanceUid }) => sopInstanceUid).sort());
    });

    it('stops when the reader leaves', async () => {
      const studyInstanceUid = studies[1][0].study;
      const left = new AbortController();
      const sink = new RecordingSink();
      const begin = sink.begin.bind(sink);
      sink.begin = (header) => {
        begin(header);
        left.abort(new Error('the reader left'));
      };
      const retrieved = pacs.retrieve({ studyInstanceUid, instances: expected[1] }, sink, left.signal);
      await expect(retrieved).rejects.toThrow('left');
      expect(sink.received.size).toBeLessThan(expected[1].length);
      await expect(pacs.echo()).resolves.toBeGreaterThan(0);
    });

    it('fetches a long series as a whole beside its first image, for three readers at once', async () => {
      const model = files.find(({ name }) => name === 'CT_small.dcm');
      if (!model) throw new Error('CT_small.dcm is absent');
      const bytes = readFileSync(model.path).toString('latin1');
      const copies = Array.from({ length: 60 }, (_, i) => {
        const uid = `${model.uid.slice(0, -3)}9${String(i).padStart(2, '0')}`;
        return { uid, file: Buffer.from(bytes.replaceAll(model.uid, uid), 'latin1') };
      });
      await orthanc.load(copies.map(({ file }) => file));
      const uids = new Set(copies.map(({ uid }) => uid));
      const held = await instancesOf(pacs, model.study);
      const instances = held.filter(({ sopInstanceUid }) => uids.has(sopInstanceUid));
      expect(instances).toHaveLength(60);
      const { seriesInstanceUid } = instances[0];
      const paces = [{}, { fullEvery: 1, pauseMs: 2 }, { fullEvery: 7 }];
      await Promise.all(
        paces.map(async (pace) => {
          const sink = new RecordingSink(pace);
          const outcome = await pacs.retrieve({ studyInstanceUid: model.study, seriesInstanceUid, instances }, sink);
          expect(sink.faults).toEqual([]);
          expect(outcome).toMatchObject({ delivered: 60, undelivered: [] });
          for (const { uid, file } of copies) {
            expect(sink.received.get(uid)?.dataSet.equals(splitPart10(file).dataSet)).toBe(true);
          }
        }),
      );
    });

    it('queries all levels, limits matches, matches lists of UIDs, and echoes', async () => {
      const all = await pacs.findStudies({ PatientID: '', ModalitiesInStudy: '' });
      expect(all.length).toBeGreaterThan(2);
      const uids = all.map((one) => textOf(one, 'StudyInstanceUID'));
      expect(new Set(uids).size).toBe(all.length);
      expect(await pacs.findStudies({ StudyInstanceUID: uids[0] })).toHaveLength(1);
      const two = await pacs.findStudies({ StudyInstanceUID: uids.slice(0, 2) });
      expect(two.map((one) => textOf(one, 'StudyInstanceUID')).sort()).toEqual(uids.slice(0, 2).sort());
      expect(await pacs.findStudies({ StudyInstanceUID: '2.25.404' })).toEqual([]);
      expect(await pacs.findSeries('2.25.404', {})).toEqual([]);
      await expect(pacs.findStudies({}, { limit: 1 })).rejects.toMatchObject({ code: 'pacs.too-many-matches' });
      await expect(pacs.echo()).resolves.toBeGreaterThan(0);
    });

    it('stores a data set untouched', async () => {
      const other = await OrthancServer.start();
      const target = new DicomWebPacs({ id: 'to', kind: 'dicomweb', url: other.dicomWebUrl, maxConnections: 2 });
      try {
        const some = studies[1];
        const outcomes = await target.store(
          some.map((file) => ({
            sopClassUid: file.sopClass,
            sopInstanceUid: file.uid,
            transferSyntaxUid: file.transferSyntaxUid,
            open: async function* () {
              for (let at = 0; at < file.dataSet.length; at += 7_777) yield file.dataSet.subarray(at, at + 7_777);
            },
          })),
        );
        expect(outcomes).toEqual(some.map((file) => ({ sopInstanceUid: file.uid, status: 0, stored: true })));
        const sink = new RecordingSink();
        const studyInstanceUid = some[0].study;
        expect(await target.retrieve({ studyInstanceUid, instances: expected[1] }, sink)).toMatchObject({
          undelivered: [],
        });
        for (const file of some) expect(sink.received.get(file.uid)?.dataSet.equals(file.dataSet)).toBe(true);
      } finally {
        await target.close();
        await other.stop();
      }
    });
  });
});
