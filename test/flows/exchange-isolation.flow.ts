import { demoObjects, DemoObjects, seriesPath } from '../support/demo-objects';
import { OrthancServer } from '../support/orthanc';
import { PublishedStudy, TestSandbox } from '../support/sandbox';
import { readPartTen, splitParts, WadoPart } from '../support/wado-client';

/** Real: the gateway process, Orthanc by C-MOVE, so that images of all patients arrive at one listener side by side. */

const partsWanted = 10_000;
/** Structured reports and key object selections. */
const isDocument = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\./;

describe('patients side by side', () => {
  let sandbox: TestSandbox;
  let orthanc: OrthancServer;
  let demo: DemoObjects;
  let published: PublishedStudy[];

  beforeAll(async () => {
    [sandbox, demo] = await Promise.all([TestSandbox.open(), demoObjects({ instances: 120, columns: 64 })]);
    const modalities = { us: ['DRIMBOX', '127.0.0.1', sandbox.ports.dicom] as [string, string, number] };
    orthanc = await OrthancServer.start({ noDelay: true, modalities, more: { DicomThreadsCount: 16 } });
    expect(await orthanc.load(demo.files.values())).toBe(demo.files.size);
    await sandbox.startGateway([
      { id: 'pacs', kind: 'dimse', host: '127.0.0.1', port: orthanc.dicomPort, aeTitle: 'PACS', retrieve: 'move' },
    ]);
    published = await sandbox.publish(demo.studies);
  });
  afterAll(async () => {
    await sandbox?.stop();
    await orthanc?.stop();
  });

  const matricules = () => new Set(demo.studies.map(({ patient }) => patient.ins));

  /** Says what is wrong with a part of this study's answer, if anything. */
  function fault(part: WadoPart, study: PublishedStudy, missing: Set<string>): string | undefined {
    const { sopInstanceUid, sopClassUid, dataSet } = readPartTen(part.body);
    if (!missing.delete(sopInstanceUid)) return `foreign or repeated: ${sopInstanceUid}`;
    const stored = readPartTen(demo.files.get(sopInstanceUid) ?? Buffer.alloc(0)).dataSet;
    // The pixel data come last; of documents, Orthanc writes the lengths of sequences its own way.
    const tail = -Math.floor(stored.length / 4);
    if (!isDocument.test(sopClassUid) && !dataSet.subarray(tail).equals(stored.subarray(tail))) return 'other pixels';
    for (const matricule of matricules()) {
      if (part.body.includes(matricule) !== (matricule === study.patient.ins)) return 'the INS of somebody else';
    }
    return undefined;
  }

  it(`0 foreign parts in ${partsWanted}, over parallel requests of all patients, some leaving in the middle`, async () => {
    let parts = 0;
    const faults: string[] = [];
    const one = async (run: number): Promise<void> => {
      const study = published[run % published.length];
      const path = run % 3 === 0 ? `/studies/${study.studyInstanceUid}` : seriesPath(study);
      const leaving = new AbortController();
      if (run % 7 === 0) {
        const answer = await sandbox
          .client()
          .open(path, { ...(await sandbox.headersFor(study)), signal: leaving.signal });
        answer.on('error', () => undefined);
        answer.once('data', () => leaving.abort());
        await new Promise((resolve) => answer.once('close', resolve));
        return;
      }
      const answer = await sandbox.client().get(path, await sandbox.headersFor(study));
      if (answer.status !== 200 || answer.cut) {
        faults.push(`${answer.status} ${answer.error ?? answer.body.toString('latin1', 0, 200)}`);
        return;
      }
      const expected = path.includes('/series/')
        ? study.objects.filter(({ seriesInstanceUid }) => path.endsWith(seriesInstanceUid))
        : study.objects;
      const missing = new Set(expected.map(({ sopInstanceUid }) => sopInstanceUid));
      for (const part of splitParts(answer)) {
        parts += 1;
        const wrong = fault(part, study, missing);
        if (wrong) faults.push(wrong);
      }
      if (missing.size > 0) faults.push(`${missing.size} missing`);
    };
    let run = 0;
    const worker = async (): Promise<void> => {
      while (parts < partsWanted && faults.length < 20) await one(run++);
    };
    await Promise.all(Array.from({ length: 10 }, () => worker()));
    expect(faults).toEqual([]);
    expect(parts).toBeGreaterThanOrEqual(partsWanted);
  }, 480_000);
});
