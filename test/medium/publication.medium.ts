import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateDemoStudies, type DemoStudy as DemoImages } from '../../sandbox/demo-data';
import { partTenFile } from '../../sandbox/demo-data/part-ten';
import { demoRadiologist, demoStructure, makeMdm, makeOmi, makeOru, type DemoStudy } from '../../sandbox/ris';
import { DimseListener } from '../../src/connectors/pacs';
import { HealthRegistry } from '../../src/platform/health';
import { ManifestArchive } from '../../src/source/archive';
import { readManifest } from '../../src/standards/manifest';
import { startPostgres, type TestDatabase } from '../support/database';
import { OrthancServer } from '../support/orthanc';
import { logged } from '../support/publication-rooms';
import { emptyTables, PublicationBench, risStudyOf, until, type RunningGateway } from '../support/publication-bench';

/**
 * Real: PostgreSQL (or the embedded database), Orthanc with the demo studies, mutual TLS, signatures, storescu.
 * Doubled: the DMP (sandbox, which decodes and checks by itself), the RIS (sandbox messages given to intake).
 */

const run = promisify(execFile);
let bench: PublicationBench;
let orthanc: OrthancServer;
let images: DemoImages[];
let files: Map<string, Buffer[]>;
const pacs = () => [
  { id: 'pacs', kind: 'dimse', host: '127.0.0.1', port: orthanc.dicomPort, aeTitle: orthanc.aeTitle, retrieve: 'get' },
];

beforeAll(async () => {
  bench = await PublicationBench.start();
  orthanc = await OrthancServer.start();
  images = generateDemoStudies({ instances: 6, columns: 32 });
  files = new Map();
  for (const study of images) {
    const list: Buffer[] = [];
    for await (const { bytes } of study.files()) list.push(bytes);
    files.set(study.studyInstanceUid, list);
  }
});
afterAll(async () => {
  await bench?.close();
  await orthanc?.stop();
});
afterEach(() => bench.dmp.faults.clear());

const [chest, prior, head, dx] = [0, 1, 2, 3].map((index) => () => images[index]);
const filesOf = (study: DemoImages): Buffer[] => files.get(study.studyInstanceUid) ?? [];
const codes = (document: { codes: Record<string, { code: string }[]> }, scheme: string): string[] =>
  (document.codes[scheme] ?? []).map(({ code }) => code);
const CONFIDENTIALITY = 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f';

/** Forgets the study in the PACS, or the instances given. */
async function removeFromPacs(level: 'Study' | 'Instance', uid: string): Promise<void> {
  const keyword = level === 'Study' ? 'StudyInstanceUID' : 'SOPInstanceUID';
  const body = JSON.stringify({ Level: level, Query: { [keyword]: uid } });
  const found = (await (await fetch(`${orthanc.url}/tools/find`, { method: 'POST', body })).json()) as string[];
  const path = level === 'Study' ? 'studies' : 'instances';
  for (const id of found) await fetch(`${orthanc.url}/${path}/${id}`, { method: 'DELETE' });
}

async function loadAll(): Promise<void> {
  for (const study of images) {
    await removeFromPacs('Study', study.studyInstanceUid);
    await orthanc.load(filesOf(study));
  }
}

describe.each([
  ['PostgreSQL', () => startPostgres()],
  ['the embedded database', async () => undefined],
])('publication on %s', (_name, start) => {
  let database: TestDatabase | undefined;
  let gateway: RunningGateway;
  let archive: ManifestArchive;

  beforeAll(async () => {
    database = await start();
    await restart();
  });
  afterAll(async () => {
    await gateway.close();
    await database?.stop();
  });
  beforeEach(async () => {
    await gateway.settle();
    await emptyTables(gateway.dataSource);
    for (const document of bench.manifests) bench.dmp.registry.changeStatus(document.entryUuid, 'Deleted');
    await loadAll();
  });

  async function restart(more: Record<string, string> = {}): Promise<void> {
    await gateway?.close();
    gateway = await bench.gateway(bench.settings(database, pacs(), more));
    archive = gateway.app.get(ManifestArchive, { strict: false });
  }

  const ris = (study: DemoImages): DemoStudy => risStudyOf(study);
  const approved = (study: DemoImages) =>
    bench.manifestsOf(study.studyInstanceUid).filter(({ status }) => status === 'Approved');
  const audited = async (): Promise<string[]> => {
    const rows = await gateway.dataSource.query<{ kind: string }[]>('SELECT kind FROM audit_record ORDER BY id');
    return rows.map(({ kind }) => kind);
  };
  const acts = async (): Promise<string[]> => (await audited()).filter((kind) => !kind.startsWith('gateway.'));
  const publicationActs = ['intake.accepted', 'dmp.provide-and-register', 'publication.published'];
  const publish = async (study: DemoImages, options: Parameters<typeof makeOru>[1] = {}) => {
    expect(await gateway.send(makeOru(ris(study), options))).toBe('AA');
    return gateway.reach(study.studyInstanceUid, 'published');
  };

  it('publishes a report: one manifest of all its images, kept and served from then on', async () => {
    const done = await publish(chest());
    const [document] = approved(chest());
    expect(document.uniqueId).toBe(done.kosSopInstanceUid);
    const current = await archive.current(chest().studyInstanceUid);
    expect(current).toMatchObject({ kosSopInstanceUid: document.uniqueId, status: 'current', pacsId: 'pacs' });
    const kos = bench.dmp.registry.content(document);
    expect(kos?.equals((await archive.raw(document.uniqueId)) as Buffer)).toBe(true);
    expect(await acts()).toEqual(publicationActs);
    const detail = await gateway.queries.show(done.id);
    expect(detail.history.map(({ to }) => to)).toEqual(['received', 'to-publish', 'publishing', 'published']);
    expect(detail.history.at(-1)?.messageId).toMatch(/^urn:uuid:/);
  });

  it('says in the manifest and in the metadata what the report and the images say', async () => {
    await publish(head(), { flags: { invisiblePatient: true } });
    const [document] = approved(head());
    const study = ris(head());
    const read = readManifest(bench.dmp.registry.content(document) as Buffer);
    if (!read.ok) throw new Error(read.reason);
    const { manifest } = read;
    expect(manifest.patient).toMatchObject({
      ins: { matricule: study.patient.ins, oid: study.patient.oid },
      birthFamilyName: study.patient.family,
      birthDate: study.patient.birthDate,
      gender: study.patient.gender,
      birthPlace: study.patient.birthPlace,
    });
    expect(manifest.institution).toEqual({ name: demoStructure.name, structureId: `1${demoStructure.finess}` });
    expect(manifest.actLabel).toBe(study.act.label);
    const [listed] = manifest.studies;
    expect(listed).toMatchObject({
      studyInstanceUid: study.studyInstanceUid,
      date: head().date,
      description: head().description,
      requests: [
        {
          accession: { value: study.accessionNumber, issuerOid: study.accessionIssuer },
          placerOrder: { value: study.orderNumber, issuerOid: study.orderIssuer },
        },
      ],
    });
    expect(listed.series.map(({ seriesInstanceUid }) => seriesInstanceUid)).toEqual(head().seriesInstanceUids);
    expect(listed.series.map(({ retrieveUrl }) => retrieveUrl)).toEqual(
      head().seriesInstanceUids.map(
        (series) =>
          `https://db1.test.mesimagesmedicales.fr/drimbox/rs/studies/${study.studyInstanceUid}/series/${series}`,
      ),
    );
    const marked = listed.series.flatMap(({ instances }) => instances.flatMap(({ keyImages }) => keyImages ?? []));
    expect(marked).toHaveLength(2);
    expect(marked[0]).toMatchObject({
      seriesInstanceUid: `${study.studyInstanceUid}.4`,
      title: { value: '113000' },
      comment: 'Images à regarder en premier',
    });
    expect(listed.series.flatMap(({ instances }) => instances)).toHaveLength(head().instances);

    expect(document.patientId).toBe(`${study.patient.ins}^^^&${study.patient.oid}&ISO^NH`);
    expect(codes(document, CONFIDENTIALITY).sort()).toEqual(['INVISIBLE_PATIENT', 'N']);
    expect(document.slots['urn:ihe:iti:xds:2013:referenceIdList']).toEqual([
      `${study.accessionNumber}^^^&${study.accessionIssuer}&ISO^urn:ihe:iti:xds:2013:accession`,
      expect.stringMatching(/^[\d.]+\^\^\^&[\d.]+&ISO\^urn:ihe:iti:xds:2016:studyInstanceUID$/),
      `${study.orderNumber}^^^&${study.orderIssuer}&ISO^urn:ihe:iti:xds:2013:order`,
    ]);
    expect(document.slots.serviceStartTime).toEqual(['20261013090000']);
    expect(document.slots.sourcePatientId).toEqual([
      `${study.patient.patientId}^^^&${study.patient.patientIdIssuer}&ISO^PI`,
    ]);
    expect(document.slots.legalAuthenticator?.[0]).toContain(`${demoRadiologist.id}^${demoRadiologist.family}^`);
    expect(codes(document, 'urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4')).toEqual(
      expect.arrayContaining(['MR', 'ACQH004', study.region.code]),
    );
    const vihf = bench.dmp.received.at(-1)?.body.toString('utf8') ?? '';
    expect(/NameID[^>]*>([^<]+)</.exec(vihf)?.[1]).toBe(demoRadiologist.id);
  });

  it('replaces: the old entry is Deprecated, the old manifest is no longer served', async () => {
    const first = await publish(chest());
    expect(await gateway.send(makeMdm(ris(chest()), { request: 'replace', version: 2 }))).toBe('AA');
    const second = await until('the replacement', async () => {
      const newest = await gateway.reach(chest().studyInstanceUid, 'published');
      return newest.kind === 'replacement' ? newest : undefined;
    });
    expect(bench.manifestsOf(chest().studyInstanceUid).filter(({ status }) => status !== 'Deleted')).toMatchObject([
      { uniqueId: first.kosSopInstanceUid, status: 'Deprecated' },
      { uniqueId: second.kosSopInstanceUid, status: 'Approved' },
    ]);
    expect(second.action).toBe('replace');
    expect((await gateway.queries.show(first.id)).state).toBe('replaced');
    const wanted = { studyInstanceUid: chest().studyInstanceUid };
    expect(await archive.admit({ ...wanted, kosSopInstanceUid: first.kosSopInstanceUid as string })).toEqual({
      ok: false,
      reason: 'replaced',
    });
    expect((await archive.admit({ ...wanted, kosSopInstanceUid: second.kosSopInstanceUid as string })).ok).toBe(true);
    const current = await archive.current(chest().studyInstanceUid);
    expect(current?.cdaIds).toHaveLength(2);
    expect(current?.manifest.instanceNumber).toBe(2);
  });

  it('changes the visibility by a replacement, even while the PACS is away', async () => {
    const first = await publish(chest());
    await removeFromPacs('Study', chest().studyInstanceUid);
    const flags = { masquePs: true, invisibleRepLegaux: true };
    expect(await gateway.send(makeOru(ris(chest()), { request: 'visibility', version: 2, flags }))).toBe('AA');
    await until('the new visibility', () =>
      approved(chest()).some(({ uniqueId }) => uniqueId !== first.kosSopInstanceUid),
    );
    await gateway.settle();
    const [accepted, ...sent] = publicationActs;
    expect(await acts()).toEqual([...publicationActs, accepted, 'dmp.stored-query', ...sent]);
    const [document, ...others] = approved(chest());
    expect(others).toEqual([]);
    expect(codes(document, CONFIDENTIALITY).sort()).toEqual(['INVISIBLE_REPRESENTANTS_LEGAUX', 'MASQUE_PS', 'N']);
    const current = await archive.current(chest().studyInstanceUid);
    expect(current?.manifest.studies[0].series.flatMap(({ instances }) => instances)).toHaveLength(chest().instances);
  });

  it('deletes: the registry and the source forget the manifest', async () => {
    const first = await publish(chest());
    expect(await gateway.send(makeMdm(ris(chest()), { request: 'unpublish', version: 2 }))).toBe('AA');
    const done = await gateway.reach(chest().studyInstanceUid, 'withdrawn');
    expect(done).toMatchObject({ kind: 'deletion', kosSopInstanceUid: first.kosSopInstanceUid });
    expect(approved(chest())).toEqual([]);
    expect(await archive.current(chest().studyInstanceUid)).toBeUndefined();
    expect((await gateway.queries.show(first.id)).state).toBe('withdrawn');
    expect(await audited()).toEqual(expect.arrayContaining(['dmp.update-document-set', 'publication.withdrawn']));
    for (const version of [3, 4]) {
      await gateway.send(makeOru(ris(chest()), { request: 'visibility', version }));
      const refused = await gateway.reach(chest().studyInstanceUid, 'refused');
      expect(refused).toMatchObject({ kind: 'visibility', reasonCode: 'publication.nothing-to-change' });
      expect(approved(chest())).toEqual([]);
    }
    await publish(chest(), { version: 5 });
    expect(approved(chest())).toHaveLength(1);
  });

  it('is not talked out of a deletion by a change of visibility that comes before it was sent', async () => {
    await publish(chest());
    await gateway.send(makeOru(ris(chest()), { request: 'unpublish', version: 2 }));
    await gateway.send(makeOru(ris(chest()), { request: 'visibility', version: 3 }));
    await gateway.reach(chest().studyInstanceUid, 'refused');
    expect(approved(chest())).toEqual([]);
    expect(await archive.current(chest().studyInstanceUid)).toBeUndefined();
  });

  it('asks nothing of the DMP for a deletion of what was never published, and publishes nothing for DESTDMP=N', async () => {
    const before = bench.dmp.received.length;
    await gateway.send(makeOru(ris(dx()), { request: 'unpublish' }));
    expect(await gateway.reach(dx().studyInstanceUid, 'withdrawn')).toMatchObject({ reasonCode: 'nothing-published' });
    expect(await gateway.send(makeOru(ris(prior()), { flags: { destDmp: false } }))).toBe('AA');
    await gateway.settle();
    expect((await gateway.queries.search({ studyInstanceUid: prior().studyInstanceUid })).total).toBe(0);
    expect(bench.dmp.received.slice(before)).toEqual([]);
  });

  it('corrects the identity of a patient: deleted from the record of the one, published into that of the other', async () => {
    const first = await publish(chest());
    const other = { ...head().patient, patientId: chest().patient.patientId };
    await gateway.send(makeMdm({ ...ris(chest()), patient: other }, { request: 'replace', version: 2 }));
    await until('the other record', () => approved(chest()).some(({ patientId }) => patientId.startsWith(other.ins)));
    await gateway.settle();
    expect(approved(chest())).toHaveLength(1);
    const states = bench.manifestsOf(chest().studyInstanceUid).map(({ uniqueId, status }) => [uniqueId, status]);
    expect(states).toContainEqual([first.kosSopInstanceUid, 'Deleted']);
    expect((await archive.current(chest().studyInstanceUid))?.manifest.patient.ins?.matricule).toBe(other.ins);
    expect((await archive.byKos(first.kosSopInstanceUid as string))?.status).toBe('withdrawn');
    await gateway.send(makeOru(ris(chest()), { request: 'unpublish', version: 3 }));
    await gateway.reach(chest().studyInstanceUid, 'withdrawn');
    expect(approved(chest())).toEqual([]);
  });

  it('makes one manifest for each study of a report', async () => {
    await gateway.send(makeOru([ris(chest()), ris(prior())]));
    await gateway.reach(chest().studyInstanceUid, 'published');
    await gateway.reach(prior().studyInstanceUid, 'published');
    for (const study of [chest(), prior()]) {
      const read = readManifest(bench.dmp.registry.content(approved(study)[0]) as Buffer);
      expect(read.ok && read.manifest.studies).toMatchObject([
        { studyInstanceUid: study.studyInstanceUid, requests: [{ accession: { value: study.accessionNumber } }] },
      ]);
    }
  });

  it('waits for images, says so, and refuses those of another exam', async () => {
    await removeFromPacs('Study', dx().studyInstanceUid);
    await gateway.send(makeOru(ris(dx())));
    expect(await gateway.reach(dx().studyInstanceUid, 'waiting-for-images')).toMatchObject({
      reasonCode: 'publication.images-absent',
      nextAttemptAt: expect.any(Date),
    });
    await orthanc.load(filesOf(dx()));
    expect(await gateway.reach(dx().studyInstanceUid, 'published')).toMatchObject({ instances: dx().instances });

    await gateway.send(makeOru({ ...ris(prior()), accessionNumber: 'ANOTHER' }));
    expect(await gateway.reach(prior().studyInstanceUid, 'refused')).toMatchObject({
      reasonCode: 'publication.pairing',
      reasonDetail: 'the accession number of the images is not that of the report',
    });
    await publish(prior(), { version: 2 });
    const { items } = await gateway.queries.search({ studyInstanceUid: prior().studyInstanceUid });
    expect(items.map(({ state }) => state)).toEqual(['published', 'replaced']);
    await expect(gateway.queries.retry(items[1].id, {})).rejects.toMatchObject({ code: 'publication.not-parked' });
  });

  it('publishes a report corrected at once only once, after images have stopped arriving', async () => {
    await restart({ DRIMBOX_PUBLICATION_DELAY_SECONDS: '1', DRIMBOX_PUBLICATION_STABLE_SECONDS: '2' });
    const last = filesOf(chest()).slice(-2);
    await removeFromPacs('Study', chest().studyInstanceUid);
    await orthanc.load(filesOf(chest()).slice(0, -2));
    await gateway.send(makeOru(ris(chest())));
    expect(await gateway.reach(chest().studyInstanceUid, 'waiting-for-images')).toMatchObject({
      reasonCode: 'publication.images-arriving',
    });
    await orthanc.load(last);
    await gateway.send(makeOru(ris(chest()), { request: 'replace', version: 2 }));
    expect(await gateway.reach(chest().studyInstanceUid, 'published')).toMatchObject({ instances: chest().instances });
    const { items } = await gateway.queries.search({ studyInstanceUid: chest().studyInstanceUid });
    expect(items.map(({ state }) => state)).toEqual(['published', 'replaced']);
    expect(approved(chest())).toHaveLength(1);
    expect((await archive.current(chest().studyInstanceUid))?.cdaIds).toHaveLength(2);
    await restart();
  });

  describe('an update that comes from the PACS', () => {
    /** A rejection note of these instances (IHE RAD TF-3 4.66), sent by storescu. */
    async function storeNote(
      study: DemoImages,
      title: string,
      instances: readonly string[],
      uid: string,
    ): Promise<void> {
      const patient = study.patient;
      const note = partTenFile(
        {
          SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.59',
          SOPInstanceUID: uid,
          StudyInstanceUID: study.studyInstanceUid,
          SeriesInstanceUID: `${uid}.1`,
          PatientID: patient.patientId,
          PatientName: patient.family,
          Modality: 'KO',
          SeriesNumber: 99,
          InstanceNumber: 1,
          ValueType: 'CONTAINER',
          ContinuityOfContent: 'SEPARATE',
          ConceptNameCodeSequence: [{ CodeValue: title, CodingSchemeDesignator: 'DCM', CodeMeaning: 'Rejected' }],
          CurrentRequestedProcedureEvidenceSequence: [
            {
              StudyInstanceUID: study.studyInstanceUid,
              ReferencedSeriesSequence: [
                {
                  SeriesInstanceUID: study.seriesInstanceUids[0],
                  ReferencedSOPSequence: instances.map((instance) => ({
                    ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
                    ReferencedSOPInstanceUID: instance,
                  })),
                },
              ],
            },
          ],
        },
        '1.2.840.10008.1.2.1',
      );
      const file = join(bench.dir, 'note.dcm');
      writeFileSync(file, note);
      const { port } = gateway.app.get(DimseListener, { strict: false });
      await run('storescu', ['-aet', orthanc.aeTitle, '-aec', 'DRIMBOX', '127.0.0.1', String(port), file]);
    }
    const instancesOf = async (study: DemoImages): Promise<string[]> => {
      const current = await archive.current(study.studyInstanceUid);
      return current?.manifest.studies[0].series.flatMap((one) => one.instances.map((i) => i.sopInstanceUid)) ?? [];
    };

    it('replaces the manifest after a rejection note, although the PACS still gives the images', async () => {
      const first = await publish(chest());
      const [gone, ...left] = await instancesOf(chest());
      await storeNote(chest(), '113001', [gone], '2.25.7001');
      await until('the manifest without it', async () => (await instancesOf(chest())).length === left.length);
      expect(await instancesOf(chest())).toEqual(left);
      const [document, ...others] = approved(chest());
      expect(others).toEqual([]);
      expect(document.uniqueId).not.toBe(first.kosSopInstanceUid);
      expect(await gateway.reach(chest().studyInstanceUid, 'published')).toMatchObject({ trigger: 'rejection-note' });
      expect(await audited()).toContain('publication.rejection-note');
      await storeNote(chest(), '113001', [gone], '2.25.7001');
      await gateway.settle();
      expect((await gateway.queries.search({ studyInstanceUid: chest().studyInstanceUid })).total).toBe(2);
    });

    it('deletes the manifest when a note takes everything away', async () => {
      await publish(prior());
      await storeNote(prior(), '113037', await instancesOf(prior()), '2.25.7002');
      await gateway.reach(prior().studyInstanceUid, 'withdrawn');
      expect(approved(prior())).toEqual([]);
      expect(await archive.current(prior().studyInstanceUid)).toBeUndefined();
    });

    it('reads the study again after an order message: unchanged, changed, empty', async () => {
      const first = await publish(prior());
      await gateway.send(makeOmi(ris(prior())));
      expect(
        await until('the first change', async () => {
          const newest = await gateway.reach(prior().studyInstanceUid, 'published');
          return newest.trigger === 'order-message' ? newest : undefined;
        }),
      ).toMatchObject({ reasonCode: 'unchanged', kosSopInstanceUid: first.kosSopInstanceUid });
      expect(await acts()).toEqual([...publicationActs, 'intake.accepted', 'publication.unchanged']);
      const [gone] = await instancesOf(prior());
      await removeFromPacs('Instance', gone);
      await gateway.send(makeOmi(ris(prior())));
      await until('the smaller manifest', async () => !(await instancesOf(prior())).includes(gone));
      await gateway.settle();
      expect(approved(prior())).toHaveLength(1);
      const author = approved(prior())[0].slots.legalAuthenticator?.[0];
      expect(author).toContain(demoRadiologist.id);
      await removeFromPacs('Study', prior().studyInstanceUid);
      await gateway.send(makeOmi(ris(prior()), { cancelled: true }));
      await gateway.reach(prior().studyInstanceUid, 'withdrawn');
      expect(approved(prior())).toEqual([]);
      await gateway.send(makeOmi(ris(dx())));
      expect(await gateway.reach(dx().studyInstanceUid, 'withdrawn')).toMatchObject({
        reasonCode: 'nothing-published',
      });
    });
  });

  it('finds publications by what an operator knows, and tells how the day goes', async () => {
    const done = await publish(head());
    const found = async (search: Parameters<typeof gateway.queries.search>[0]) =>
      (await gateway.queries.search(search)).items.map(({ id }) => id);
    for (const text of [
      'epreuvedrim',
      'ÉPREUVEDRIM jean',
      head().accessionNumber,
      head().studyInstanceUid,
      'imagerie',
    ]) {
      expect(await found({ text })).toEqual([done.id]);
    }
    expect(await found({ text: 'nobody' })).toEqual([]);
    expect(await found({ accessionNumber: head().accessionNumber, states: ['published'] })).toEqual([done.id]);
    expect(await found({ from: new Date(Date.now() + 60_000) })).toEqual([]);
    expect(await gateway.queries.progress()).toMatchObject({ received: 1, byState: { published: 1 } });
    const health = await gateway.app.get(HealthRegistry, { strict: false }).report();
    expect(health.find(({ name }) => name === 'publication')).toMatchObject({ level: 'up' });
  });
});

it('no log line of all this names a patient', () => {
  expect(logged.length).toBeGreaterThan(50);
  const text = logged.join('\n');
  for (const { patient } of images) {
    for (const word of [patient.ins, patient.family, patient.given, patient.patientId])
      expect(text).not.toContain(word);
  }
});
