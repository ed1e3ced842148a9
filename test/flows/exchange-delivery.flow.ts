import { DOMParser } from '@xmldom/xmldom';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoPatients } from '../../sandbox/demo-data';
import { SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import {
  dcmdump,
  decodedPixels,
  insertion,
  plainDataSet,
  storedFragments,
  withOtherPatientId,
} from '../support/dicom-tools';
import { FileOrigin } from '../support/file-origin';
import { OrthancServer } from '../support/orthanc';
import { SentByOrthanc } from '../support/sent-by-orthanc';
import { brokenFiles, RealObject, realObject, realObjects, studiesOf } from '../support/real-objects';
import { ConfiguredPacs, PublishedStudy, TestSandbox } from '../support/sandbox';
import { describeWithShared, sharedPath } from '../support/shared-data';
import { anySyntax, PartTen, readPartTen, splitParts, WadoAnswer } from '../support/wado-client';

/** Real: the gateway process, PostgreSQL, Orthanc and the embedded PACS, dcmtk and gdcm as witnesses. */

const ins = demoPatients.head;
const implicit = '1.2.840.10008.1.2';
const explicit = '1.2.840.10008.1.2.1';
const accept = (syntax: string) => `multipart/related; type="application/dicom"; transfer-syntax=${syntax}`;

describeWithShared('what leaves is what the PACS holds', () => {
  const folder = sharedPath('data/dicom');
  const objects = realObjects(folder);
  let sandbox: TestSandbox;
  let orthanc: OrthancServer;
  let embedded: SandboxPacs;
  let files: FileOrigin;
  let witness: SentByOrthanc;
  let published: PublishedStudy[];

  /** The UIDs under which the PACS is to hold an object, written over its own and padded to their length. */
  const renamed = (bytes: Buffer, sopInstanceUid: string): Buffer => {
    const copy = Buffer.from(bytes);
    for (const [tag, uid] of [
      ['08001800', sopInstanceUid],
      ['20000d00', '2.25.662'],
    ] as const) {
      const at = copy.indexOf(Buffer.from(`${tag}5549`, 'hex'));
      const value = copy.subarray(at + 8, at + 8 + copy.readUInt16LE(at + 6));
      value.fill(0).write(uid, 'latin1');
    }
    return copy;
  };
  const brokenOf = (name: string, at: number): RealObject => ({
    name,
    bytes: renamed(readFileSync(join(folder, name)), `2.25.660${at}`),
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    sopInstanceUid: `2.25.660${at}`,
    seriesInstanceUid: '2.25.661',
    studyInstanceUid: '2.25.662',
    transferSyntaxUid: explicit,
  });
  /** The broken ones in one series with a sound object: a PACS that checks nothing holds them all. */
  const small = realObject('MR_small.dcm', join(folder, 'MR_small.dcm'));
  const sound = {
    ...small,
    bytes: renamed(small.bytes, '2.25.6609'),
    seriesInstanceUid: '2.25.661',
    studyInstanceUid: '2.25.662',
    sopInstanceUid: '2.25.6609',
  };
  const broken = brokenFiles.map(brokenOf);

  /** Sound objects that name a patient of their own in (0010,1002): another INS, and a number of another authority. */
  const naming = (at: number, identity: { ins: string; oid: string }): RealObject => {
    const sopInstanceUid = `2.25.663${at}`;
    const bytes = withOtherPatientId(renamed(small.bytes, sopInstanceUid), identity);
    return { ...sound, name: identity.oid, seriesInstanceUid: '2.25.663', sopInstanceUid, bytes };
  };
  const another = naming(1, { ins: demoPatients.thorax.ins, oid: ins.oid });
  const elsewhere = naming(2, { ins: demoPatients.thorax.ins, oid: '1.2.250.1.999.7' });

  /** Puts files into the embedded PACS behind its back, without its reading them. */
  function smuggle(dataDir: string, list: readonly RealObject[]): void {
    mkdirSync(join(dataDir, 'objects'), { recursive: true });
    const lines = list.map((object) => {
      const hasMeta = object.bytes.toString('latin1', 128, 132) === 'DICM';
      const datasetOffset = hasMeta ? object.bytes.length - readPartTen(object.bytes).dataSet.length : 0;
      writeFileSync(join(dataDir, 'objects', `${object.sopInstanceUid}.dcm`), object.bytes);
      const { sopClassUid, sopInstanceUid, seriesInstanceUid, studyInstanceUid, transferSyntaxUid } = object;
      const values = {
        SOPClassUID: sopClassUid,
        SOPInstanceUID: sopInstanceUid,
        SeriesInstanceUID: seriesInstanceUid,
        StudyInstanceUID: studyInstanceUid,
      };
      return JSON.stringify({
        sopClassUid,
        sopInstanceUid,
        seriesInstanceUid,
        studyInstanceUid,
        transferSyntaxUid,
        datasetOffset,
        values,
      });
    });
    writeFileSync(join(dataDir, 'index.jsonl'), `${lines.join('\n')}\n`);
  }

  beforeAll(async () => {
    sandbox = await TestSandbox.open();
    const dicom = sandbox.ports.dicom;
    orthanc = await OrthancServer.start({ noDelay: true, modalities: { us: ['DRIMBOX', '127.0.0.1', dicom] } });
    witness = await SentByOrthanc.start(orthanc);
    const dataDir = join(sandbox.dir, 'embedded');
    smuggle(dataDir, [sound, another, elsewhere, ...broken]);
    const peers = [{ aet: 'DRIMBOX', host: '127.0.0.1', port: dicom }];
    embedded = await startSandboxPacs({ kind: 'embedded', dataDir, port: 0, aeTitle: 'PACS', peers });
    files = await FileOrigin.start([sound, ...broken]);
    await sandbox.startGateway([]);
    published = await sandbox.publish(studiesOf([...objects, sound, another, elsewhere, ...broken]));
  });
  afterAll(async () => {
    await sandbox?.stop();
    witness?.stop();
    await Promise.all([orthanc?.stop(), embedded?.stop(), files?.stop()]);
  });

  async function ask(object: RealObject, wanted: string, tail = ''): Promise<WadoAnswer> {
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = object;
    const kos = published.find((study) => study.studyInstanceUid === studyInstanceUid)?.kosSopInstanceUid;
    const path = `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}${tail}`;
    return sandbox.client().get(path, { accept: wanted, kos, token: await sandbox.token() });
  }

  async function delivered(object: RealObject, wanted = anySyntax): Promise<{ bytes: Buffer; partTen: PartTen }> {
    const answer = await ask(object, wanted);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString()}`);
    const parts = splitParts(answer);
    expect(parts).toHaveLength(1);
    const bytes = parts[0].body;
    const partTen = readPartTen(bytes);
    expect(partTen).toMatchObject({ sopClassUid: object.sopClassUid, sopInstanceUid: object.sopInstanceUid });
    expect(parts[0].headers['content-type']).toBe(`application/dicom; transfer-syntax=${partTen.transferSyntaxUid}`);
    return { bytes, partTen };
  }

  /** Only (0010,1002) was added; dcmtk reads the object and finds the INS where it belongs. */
  function expectOnlyIns(stored: PartTen, { bytes, partTen }: { bytes: Buffer; partTen: PartTen }): void {
    expect(partTen.transferSyntaxUid).toBe(stored.transferSyntaxUid);
    const [before, after] = [plainDataSet(stored), plainDataSet(partTen)];
    const { inserted, replaced } = insertion(before, after);
    // Of an earlier (0010,1002), the length alone changes: what it held is still there.
    if (replaced.length > 0) expect(inserted.includes(replaced.subarray(4))).toBe(true);
    expect(inserted.includes(ins.ins)).toBe(true);
    expect(inserted.length - replaced.length).toBeLessThan(200);
    expect(after.length - before.length).toBe(inserted.length - replaced.length);
    const dump = dcmdump(bytes, '+P', '0010,1002', '+P', '0010,0020');
    expect(dump).toContain(`[${ins.ins}]`);
  }

  type Load = (object: RealObject) => Promise<Buffer>;
  /** Orthanc keeps files as they came, and writes lengths of sequences its own way when it sends by DIMSE: dcmtk's receiver says how. */
  const intoOrthanc: Load = async ({ bytes }) => {
    expect(await orthanc.load([bytes])).toBe(1);
    return bytes;
  };
  const intoOrthancAsSent: Load = async (object) => {
    await intoOrthanc(object);
    return witness.asSent(object.sopInstanceUid);
  };
  const intoEmbedded: Load = async ({ bytes }) => {
    await embedded.storeFiles([bytes]);
    return bytes;
  };
  const paths: [string, () => ConfiguredPacs, Load][] = [
    ['Orthanc by C-MOVE', () => dimse(orthanc.dicomPort, 'move'), intoOrthancAsSent],
    ['Orthanc by C-GET', () => dimse(orthanc.dicomPort, 'get'), intoOrthancAsSent],
    ['Orthanc by DICOMweb', () => ({ id: 'pacs', kind: 'dicomweb', url: orthanc.dicomWebUrl }), intoOrthanc],
    ['the embedded PACS by C-MOVE', () => dimse(embedded.port, 'move'), intoEmbedded],
    ['the embedded PACS by C-GET', () => dimse(embedded.port, 'get'), intoEmbedded],
  ];
  const dimse = (port: number, retrieve: 'move' | 'get'): ConfiguredPacs => ({
    id: 'pacs',
    kind: 'dimse',
    host: '127.0.0.1',
    port,
    aeTitle: 'PACS',
    retrieve,
  });

  describe.each(paths)('%s', (_path, pacs, load) => {
    beforeAll(() => sandbox.startGateway([pacs()]));

    it.each(objects.map((object) => [object.name, object] as const))('%s, byte for byte', async (_name, object) => {
      const held = await load(object);
      expectOnlyIns(readPartTen(held), await delivered(object));
    });
  });

  describe.each<[string, () => ConfiguredPacs]>([
    ['C-MOVE', () => dimse(embedded.port, 'move')],
    ['C-GET', () => dimse(embedded.port, 'get')],
    ['DICOMweb', () => files.asPacs],
  ])('objects that are broken in the PACS, by %s', (path, pacs) => {
    beforeAll(() => sandbox.startGateway([pacs()]));

    it.each([
      ['MR_truncated.dcm', 502, 'serving.object-unreadable'],
      ['no_meta.dcm', 502, 'serving.object-unreadable'],
    ])('%s alone: %i %s', async (name, status, code) => {
      const answer = await ask(
        broken.find((one) => one.name === name)!,
        anySyntax,
      );
      expect(answer).toMatchObject({ status, cut: false });
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code });
    });

    it('badVR.dcm: what precedes the invalid VR is sound and the rest is not looked at, so it leaves as it is held', async () => {
      const object = broken.find(({ name }) => name === 'badVR.dcm')!;
      const { sopClassUid } = readPartTen(object.bytes);
      // By DIMSE the PACS says what it is, by DICOMweb the file does.
      const expected = path === 'DICOMweb' ? { ...object, sopClassUid } : object;
      expectOnlyIns(readPartTen(object.bytes), await delivered(expected));
    });

    it('the sound object beside them is not concerned', async () => {
      expectOnlyIns(readPartTen(sound.bytes), await delivered(sound));
    });

    it('their series as a whole never looks complete', async () => {
      const kos = published.find(({ studyInstanceUid }) => studyInstanceUid === '2.25.662')?.kosSopInstanceUid;
      const series = '/studies/2.25.662/series/2.25.661';
      const answer = await sandbox.client().get(series, { accept: anySyntax, kos, token: await sandbox.token() });
      expect(answer.status === 502 || answer.cut).toBe(true);
      expect(sandbox.isRunning).toBe(true);
    });
  });

  describe('an object that names another patient than its manifest', () => {
    beforeAll(() => sandbox.startGateway([dimse(embedded.port, 'get')]));

    const octets = (syntax: string) => `multipart/related; type="application/octet-stream"; transfer-syntax=${syntax}`;
    const forms: [string, string, string][] = [
      ['as it is stored', anySyntax, ''],
      ['converted', accept('1.2.840.10008.1.2.4.80'), ''],
      ['its frame', octets('*'), '/frames/1'],
      [
        'its frame, converted',
        'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80',
        '/frames/1',
      ],
      ['its metadata', 'application/dicom+json', '/metadata'],
      ['its metadata in XML', 'multipart/related; type="application/dicom+xml"', '/metadata'],
    ];
    it.each(forms)('%s: 502, and nothing of it leaves', async (_what, wanted, tail) => {
      const answer = await ask(another, wanted, tail);
      expect(answer).toMatchObject({ status: 502, cut: false });
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'serving.patient-contradicted' });
      expect(answer.body.includes(demoPatients.thorax.ins)).toBe(false);
    });

    it.each(forms)('%s: served when the other number is of another authority', async (_what, wanted, tail) => {
      expect(await ask(elsewhere, wanted, tail)).toMatchObject({ status: 200, cut: false });
    });
  });

  describe('conversions asked by Accept', () => {
    beforeAll(() => sandbox.startGateway([dimse(embedded.port, 'move')]));

    const lossless: [string, string][] = [
      ['MR_small.dcm', '1.2.840.10008.1.2.4.70'],
      ['MR_small.dcm', '1.2.840.10008.1.2.4.57'],
      ['MR_small.dcm', '1.2.840.10008.1.2.4.80'],
      ['MR_small.dcm', '1.2.840.10008.1.2.4.90'],
      ['MR_small.dcm', '1.2.840.10008.1.2.5'],
      ['MR_small.dcm', implicit],
      ['MR_small_RLE.dcm', explicit],
      ['MR_small_jpeg_ls_lossless.dcm', explicit],
      ['MR_small_jp2klossless.dcm', explicit],
      ['MR_small_bigendian.dcm', explicit],
      ['MR_small_implicit.dcm', '1.2.840.10008.1.2.4.80'],
      ['ExplVR_BigEnd.dcm', explicit],
      ['MR_small.dcm', '1.2.840.10008.1.2.2'],
      ['MR_small_RLE.dcm', '1.2.840.10008.1.2.2'],
      ['CT_small.dcm', '1.2.840.10008.1.2.1.99'],
      ['examples_rgb_color.dcm', '1.2.840.10008.1.2.1.99'],
      ['image_dfl.dcm', explicit],
      ['CT_small.dcm', '1.2.840.10008.1.2.4.80'],
      ['examples_rgb_color.dcm', '1.2.840.10008.1.2.4.80'],
      ['examples_palette.dcm', '1.2.840.10008.1.2.4.70'],
      ['rtdose.dcm', '1.2.840.10008.1.2.5'],
    ];
    it.each(lossless)('%s to %s: the same pixels, and the INS', async (name, to) => {
      const object = objects.find((one) => one.name === name)!;
      await embedded.storeFiles([object.bytes]);
      const got = await delivered(object, accept(to));
      expect(got.partTen.transferSyntaxUid).toBe(to);
      expect(decodedPixels(got.bytes).equals(decodedPixels(object.bytes))).toBe(true);
      expect(dcmdump(got.bytes, '+P', '0010,0020')).toContain(`[${ins.ins}]`);
    });

    it('prefers what is stored, then a lossless one, and a lossy one only when it is ranked first', async () => {
      const object = objects.find(({ name }) => name === 'CT_small.dcm')!;
      await embedded.storeFiles([object.bytes]);
      const syntaxFor = async (...ranked: [string, number][]) =>
        (await delivered(object, ranked.map(([uid, q]) => `${accept(uid)}; q=${q}`).join(','))).partTen
          .transferSyntaxUid;
      expect(await syntaxFor(['1.2.840.10008.1.2.4.80', 0.5], [explicit, 0.5])).toBe(explicit);
      expect(await syntaxFor(['1.2.840.10008.1.2.4.50', 0.5], ['1.2.840.10008.1.2.4.80', 0.5])).toBe(
        '1.2.840.10008.1.2.4.80',
      );
      expect(await syntaxFor(['1.2.840.10008.1.2.4.80', 0], [implicit, 0.1])).toBe(implicit);
    });
  });

  describe('frames and metadata', () => {
    beforeAll(() => sandbox.startGateway([dimse(embedded.port, 'get')]));
    const octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

    it.each(['MR_small.dcm', 'MR_small_bigendian.dcm', 'CT_small.dcm'])('the frame of %s', async (name) => {
      const object = objects.find((one) => one.name === name)!;
      await embedded.storeFiles([object.bytes]);
      const answer = await ask(object, octets, '/frames/1');
      expect(answer.status).toBe(200);
      const [frame, ...others] = splitParts(answer);
      expect(others).toEqual([]);
      expect(frame?.body.equals(decodedPixels(object.bytes))).toBe(true);
    });

    const inType = (type: string, syntax: string) => `multipart/related; type="${type}"; transfer-syntax=${syntax}`;
    const encapsulated: [string, string, string][] = [
      ['MR_small_jpeg_ls_lossless.dcm', 'image/jls', '1.2.840.10008.1.2.4.80'],
      ['MR_small_RLE.dcm', 'image/dicom-rle', '1.2.840.10008.1.2.5'],
      ['MR_small_jp2klossless.dcm', 'image/jp2', '1.2.840.10008.1.2.4.90'],
    ];
    it.each(encapsulated)('the frame of %s as %s: the stored fragments', async (name, type, syntax) => {
      const object = objects.find((one) => one.name === name)!;
      await embedded.storeFiles([object.bytes]);
      const stored = Buffer.concat(storedFragments(object.bytes));
      expect(stored.length).toBeGreaterThan(1_000);
      for (const wanted of [inType(type, syntax), inType(type, '*'), '*/*']) {
        const answer = await ask(object, wanted, '/frames/1');
        expect([wanted, answer.status]).toEqual([wanted, 200]);
        expect(answer.headers['content-type']).toContain(`type="${type}"`);
        const [frame, ...others] = splitParts(answer);
        expect(others).toEqual([]);
        expect(frame.headers['content-type']).toBe(`${type}; transfer-syntax=${syntax}`);
        expect(frame.body.equals(stored)).toBe(true);
      }
    });

    it.each(encapsulated)('the frame of %s as pixels: those that dcmtk or gdcm decodes', async (name) => {
      const object = objects.find((one) => one.name === name)!;
      await embedded.storeFiles([object.bytes]);
      const answer = await ask(object, inType('application/octet-stream', explicit), '/frames/1');
      expect(answer.status).toBe(200);
      const [frame, ...others] = splitParts(answer);
      expect(others).toEqual([]);
      expect(frame.headers['content-type']).toBe(`application/octet-stream; transfer-syntax=${explicit}`);
      expect(frame.body.equals(decodedPixels(object.bytes))).toBe(true);
    });

    it('several encapsulated frames, each its own fragment, in the order asked for', async () => {
      const object = objects.find(({ name }) => name === 'examples_ybr_color.dcm')!;
      await embedded.storeFiles([object.bytes]);
      const stored = storedFragments(object.bytes);
      expect(stored).toHaveLength(30);
      const answer = await ask(object, inType('image/jpeg', '1.2.840.10008.1.2.4.50'), '/frames/30,1,7');
      expect(answer.status).toBe(200);
      const frames = splitParts(answer);
      for (const { headers } of frames)
        expect(headers['content-type']).toBe('image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50');
      expect(frames.map(({ body }) => stored.findIndex((one) => one.equals(body)) + 1)).toEqual([30, 1, 7]);
    });

    it('several frames in the order asked for', async () => {
      const object = objects.find(({ name }) => name === 'rtdose.dcm')!;
      await embedded.storeFiles([object.bytes]);
      const pixels = decodedPixels(object.bytes);
      const answer = await ask(object, octets, '/frames/3,1');
      expect(answer.status).toBe(200);
      const frames = splitParts(answer);
      const size = frames[0].body.length;
      expect(pixels.length % size).toBe(0);
      expect(frames.map(({ body }) => pixels.indexOf(body) / size)).toEqual([2, 0]);
    });

    it('metadata of the three levels: one entry an instance, the INS in it, no pixel data', async () => {
      const study = studiesOf(objects).find(({ objects: listed }) => listed.length === 7)!;
      const held = objects.filter(({ studyInstanceUid }) => studyInstanceUid === study.studyInstanceUid);
      await embedded.storeFiles(held.map(({ bytes }) => bytes));
      const kos = published.find(
        ({ studyInstanceUid }) => studyInstanceUid === study.studyInstanceUid,
      )?.kosSopInstanceUid;
      const { seriesInstanceUid, sopInstanceUid } = held[0];
      const levels: [string, string[]][] = [
        ['', held.map((one) => one.sopInstanceUid)],
        [
          `/series/${seriesInstanceUid}`,
          held.filter((one) => one.seriesInstanceUid === seriesInstanceUid).map((one) => one.sopInstanceUid),
        ],
        [`/series/${seriesInstanceUid}/instances/${sopInstanceUid}`, [sopInstanceUid]],
      ];
      for (const [path, uids] of levels) {
        const answer = await sandbox.client().get(`/studies/${study.studyInstanceUid}${path}/metadata`, {
          accept: 'application/dicom+json',
          kos,
          token: await sandbox.token(),
        });
        expect(answer.status).toBe(200);
        expect(answer.headers['content-type']).toContain('application/dicom+json');
        type Json = Record<string, { Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string }>;
        const list = JSON.parse(answer.body.toString()) as Json[];
        expect(list.map((one) => one['00080018']?.Value?.[0]).sort()).toEqual([...uids].sort());
        for (const one of list) {
          expect(JSON.stringify(one['00101002'])).toContain(ins.ins);
          expect(one['7FE00010']).not.toHaveProperty('InlineBinary');
        }
        const asXml = await sandbox.client().get(`/studies/${study.studyInstanceUid}${path}/metadata`, {
          accept: 'multipart/related; type="application/dicom+xml"',
          kos,
          token: await sandbox.token(),
        });
        expect(asXml.status).toBe(200);
        const documents = splitParts(asXml).map((part) => part.body.toString());
        expect(documents.map(sopInstanceUidOf).sort()).toEqual([...uids].sort());
        for (const xml of documents) expect(xml).toContain(ins.ins);
      }
    });
  });
});

/** SOPInstanceUID of a Native DICOM Model document. */
function sopInstanceUidOf(xml: string): string {
  const attribute = new DOMParser()
    .parseFromString(xml, 'text/xml')
    .documentElement?.getElementsByTagName('DicomAttribute');
  const found = [...(attribute ?? [])].find((one) => one.getAttribute('tag') === '00080018');
  return found?.textContent ?? '';
}
