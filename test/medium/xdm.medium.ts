import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DOMParser } from '@xmldom/xmldom';
import { unzipSync, zipSync } from 'fflate';
import { DataSource } from 'typeorm';
import { demoPatients } from '../../sandbox/demo-data';
import { readSubmission } from '../../sandbox/dmp/registry-objects';
import { readArchive } from '../../src/consumer/exams/upload/read-archive';
import { readUpload } from '../../src/consumer/exams/upload/read-upload';
import { AuditTrail } from '../../src/audit';
import { PatientContexts, type CalledPatient, type PatientContext } from '../../src/consumer/context';
import { examsConfig, ExamUploads } from '../../src/consumer/exams';
import { UploadRepository } from '../../src/consumer/exams/upload/upload.repository';
import type { ConfigOf } from '../../src/platform/config';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';
import { callOf, monthsAgo, seedExam } from '../support/record-seed';
import { describeWithShared, sharedPath } from '../support/shared-data';

type Agent = Awaited<ReturnType<PortalBench['loggedIn']>>;
const page = 'text/html,application/xhtml+xml';
const { thorax, head } = demoPatients;
const calledThorax: CalledPatient = {
  ins: { matricule: thorax.ins, oid: thorax.oid },
  birthFamilyName: thorax.family,
  firstGivenName: thorax.given.split(' ')[0] ?? '',
  gender: thorax.gender,
  birthDate: { text: thorax.birthDate, precision: 'day', lunar: false },
  birthPlace: { code: '99999', kind: 'unknown' },
  localId: { value: 'IPP', authority: { namespaceId: '', universalId: '1.2.3', universalIdType: 'ISO' } },
};

/**
 * Real: the whole gateway over HTTPS, its database, sandbox Pro Santé Connect and DMP. What was written (fflate) is read by another
 * library (yauzl), its metadata by the reader of the sandbox.
 */
describe('exams as an XDM archive', () => {
  let bench: PortalBench;
  let doctor: Agent;
  let dossier: string;

  beforeAll(async () => {
    bench = await startPortalBench({ DRIMBOX_PUBLICATION_ENABLED: 'false' });
    const { dmp } = bench.neighbours;
    seedExam(dmp, { number: 1, at: monthsAgo(1), report: true, series: [3, 2], description: 'Scanner thoracique' });
    seedExam(dmp, { number: 2, at: monthsAgo(2), modality: 'MR', series: [4], description: 'IRM hépatique' });
    seedExam(dmp, {
      number: 3,
      at: monthsAgo(3),
      manifestPatient: { ...thorax, family: 'AUTREDRIM' },
      description: 'Manifeste fautif',
    });
    seedExam(dmp, { number: 4, at: monthsAgo(4), patient: head, description: 'IRM cérébrale' });
    seedExam(dmp, { number: 5, at: monthsAgo(5), report: true, images: false, description: 'Radiographie décrite' });
    doctor = await bench.loggedIn('generaliste');
    dossier = await open(thorax);
  });
  afterAll(() => bench?.close());

  async function open(patient: typeof thorax): Promise<string> {
    const answer = await bench.visitor().post('/contextual-call').type('form').send(callOf(patient));
    const { pathname } = new URL(answer.headers.location ?? '');
    return (await doctor.get(pathname).set('Accept', page)).headers.location ?? '';
  }

  const idsOf = async (path: string): Promise<Map<string, string>> => {
    const list = await doctor.get(path).set('Accept', page);
    const rows = [...list.text.matchAll(/<tr data-exam="([^"]+)"[\s\S]*?<span class="act"[^>]*>([^<]+)/g)];
    return new Map(rows.map(([, id = '', name = '']) => [name.trim(), id]));
  };

  const asBytes = (
    answer: { on(event: string, take: (chunk: Buffer) => void): void },
    done: (e: null, b: Buffer) => void,
  ) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk) => void chunks.push(chunk));
    answer.on('end', () => done(null, Buffer.concat(chunks)));
  };
  const exported = (ids: readonly string[], path = dossier) =>
    doctor
      .get(`${path}/archive?${ids.map((id) => `examens=${id}`).join('&')}`)
      .set('Accept', page)
      .buffer(true)
      .parse(asBytes as never);

  const upload = async (path: string, bytes: Buffer) =>
    doctor
      .post(`${path}/fichiers`)
      .set({
        'Content-Type': 'application/octet-stream',
        'X-CSRF-Token': await formMark(doctor),
        Accept: 'application/json',
      })
      .send(bytes);

  const audited = (kind: string) =>
    bench.app
      .get(DataSource)
      .query<
        { outcome: string; error_code: string | null; instances: number | null; study_instance_uid: string | null }[]
      >('SELECT outcome, error_code, instances, study_instance_uid FROM audit_record WHERE kind = $1 ORDER BY id', [
        kind,
      ]);

  it('is what the profile asks for, with the documents as they stand in the record', async () => {
    const ids = await idsOf(dossier);
    const answer = await exported([ids.get('Scanner thoracique') ?? '', ids.get('IRM hépatique') ?? '']);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/zip');
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="examens-xdm-[\d-]+\.zip"$/);
    const files = await readArchive(answer.body as Buffer, () => true);
    expect(files.map(({ name }) => name)).toEqual([
      'INDEX.HTM',
      'README.TXT',
      'IHE_XDM/SS000001/METADATA.XML',
      'IHE_XDM/SS000001/CR.TXT',
      'IHE_XDM/SS000001/KOS_1_1.DCM',
      'IHE_XDM/SS000001/CR_1_1.XML',
      'IHE_XDM/SS000002/METADATA.XML',
      'IHE_XDM/SS000002/KOS_2_1.DCM',
    ]);
    const { registry } = bench.neighbours.dmp;
    for (const { name, bytes } of files.filter(({ name: file }) => file.endsWith('METADATA.XML'))) {
      const root = new DOMParser().parseFromString(
        `<x>${bytes.toString('utf8').replace(/^<\?[^>]+>/, '')}</x>`,
        'text/xml',
      );
      const found = readSubmission(root.documentElement!);
      expect(found?.sets).toHaveLength(1);
      for (const { uniqueId, slots, patientId } of found?.documents ?? []) {
        const file = files.find((one) => one.name === name.replace('METADATA.XML', slots.URI?.[0] ?? ''));
        expect(slots.hash).toEqual([
          createHash('sha1')
            .update(file?.bytes ?? '')
            .digest('hex'),
        ]);
        expect(slots.size).toEqual([String(file?.bytes.length)]);
        const original = registry.documentByUniqueId(uniqueId);
        expect(original && registry.content(original)?.equals(file?.bytes ?? Buffer.alloc(0))).toBe(true);
        expect(patientId).toContain(thorax.ins);
      }
    }
    const readme = files
      .slice(0, 2)
      .map(({ bytes }) => bytes.toString('utf8'))
      .join('');
    expect(readme).toContain('CABINET MEDICAL DE DEMONSTRATION');
    expect(readme).not.toMatch(/ESSAIDRIM|CAMILLE|19620112/);
    expect((await audited('transfer.archive-exported')).at(-1)).toMatchObject({ outcome: 'success', instances: 3 });
  });

  it('can be read back, by the same patient only', async () => {
    const ids = await idsOf(dossier);
    const { body } = await exported([ids.get('Scanner thoracique') ?? '', ids.get('IRM hépatique') ?? '']);
    const again = await open(thorax);
    const added = await upload(again, body as Buffer);
    expect(added.status).toBe(201);
    expect((added.body as { exams: string[] }).exams).toHaveLength(2);
    const list = await doctor.get(again).set('Accept', page);
    expect(list.text.match(/Fichier importé/g)).toHaveLength(2);
    // Its report with it, as the author signed it.
    const report = /href="([^"]+comptes-rendus[^"]+)"[^>]*>Lire/.exec(list.text)?.[1] ?? '';
    const pdf = await doctor.get(`${report}/pdf`);
    expect([pdf.status, pdf.type]).toEqual([200, 'application/pdf']);
    // A file of the list can be exported anew: the same documents, unchanged.
    const back = await idsOf(again);
    const files = await readArchive(
      (await exported([back.get('Scanner thoracique') ?? ''], again)).body as Buffer,
      () => true,
    );
    const { registry } = bench.neighbours.dmp;
    const documents = files.filter(({ name }) => /(KOS|CR)_\d_\d\.(DCM|XML)$/.test(name));
    expect(documents).toHaveLength(2);
    for (const { bytes } of documents)
      expect(registry.allDocuments().some((one) => registry.content(one)?.equals(bytes))).toBe(true);
    const other = await upload(await open(head), body as Buffer);
    expect(other.status).toBe(409);
    expect(other.text).not.toMatch(/ESSAIDRIM|CAMILLE/);
    const outcomes = (await audited('transfer.archive-read')).map(({ outcome, error_code }) => [outcome, error_code]);
    expect(outcomes).toEqual([
      ['success', null],
      ['refused', 'exams.identity-differs'],
    ]);
  });

  it('holds a report whose images are not shared', async () => {
    const ids = await idsOf(dossier);
    const answer = await exported([ids.get('Radiographie décrite') ?? '']);
    expect(answer.status).toBe(200);
    const names = (await readArchive(answer.body as Buffer, () => true)).map(({ name }) => name);
    expect(names.filter((name) => /(DCM|CR_1_1\.XML)$/.test(name))).toEqual(['IHE_XDM/SS000001/CR_1_1.XML']);
    const list = (await doctor.get(dossier).set('Accept', page)).text;
    expect(list.match(/data-report-only/g)).toHaveLength(1);
  });

  it('is refused when its metadata name another patient than its manifest', async () => {
    const ids = await idsOf(dossier);
    const files = unzipSync(new Uint8Array((await exported([ids.get('IRM hépatique') ?? ''])).body as Buffer));
    const name = 'IHE_XDM/SS000001/METADATA.XML';
    const foreign = Buffer.from(files[name] ?? [])
      .toString('utf8')
      .replaceAll(thorax.ins, head.ins);
    const path = await open(thorax);
    const answer = await upload(path, Buffer.from(zipSync({ ...files, [name]: Buffer.from(foreign) })));
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([409, 'exams.identity-differs']);
    expect((await doctor.get(path).set('Accept', page)).text).not.toContain('Fichier importé');
  });

  it('a manifest alone hides neither the report nor the line of the record', async () => {
    const ids = await idsOf(dossier);
    const files = unzipSync(new Uint8Array((await exported([ids.get('Scanner thoracique') ?? ''])).body as Buffer));
    const path = await open(thorax);
    await doctor.get(path);
    expect((await upload(path, Buffer.from(files['IHE_XDM/SS000001/KOS_1_1.DCM'] ?? []))).status).toBe(201);
    const list = (await doctor.get(path).set('Accept', page)).text;
    expect(list).toContain('Fichier importé');
    expect([
      ...list.matchAll(/comptes-rendus[^"]+"[^>]*>Lire[^<]*<span class="unseen">[^<]*Scanner thoracique/g),
    ]).toHaveLength(1);
  });

  it('is known at once to another process that had read the list before', async () => {
    const ids = await idsOf(dossier);
    const { body } = await exported([ids.get('IRM hépatique') ?? '']);
    const path = await open(thorax);
    const there = new ExamUploads(
      bench.app.get<ConfigOf<typeof examsConfig>>(examsConfig.token),
      bench.app.get(PatientContexts),
      bench.app.get(UploadRepository),
      bench.app.get(AuditTrail),
    );
    const context = { id: path.split('/')[2] ?? '', patient: calledThorax } as PatientContext;
    await expect(there.examsOf(context)).resolves.toEqual([]);
    expect((await upload(path, body as Buffer)).status).toBe(201);
    await expect(there.examsOf(context)).resolves.toHaveLength(1);
  });

  it('never leaves when one of its documents is not the patient’s', async () => {
    const ids = await idsOf(dossier);
    const answer = await exported([ids.get('Scanner thoracique') ?? '', ids.get('Manifeste fautif') ?? '']);
    expect(answer.status).toBe(409);
    expect(answer.headers['content-type']).toContain('text/html');
    expect((await audited('transfer.archive-exported')).at(-1)).toMatchObject({
      outcome: 'refused',
      error_code: 'exams.identity-differs',
    });
  });

  it.each([
    ['nothing', []],
    ['an exam of another patient', ['elsewhere']],
    ['more than an archive holds', Array.from({ length: 21 }, (_, at) => `e${at}`)],
    ['what is no identifier', ['../../etc']],
  ])('refuses %s', async (_case, ids) => {
    const answer = await exported(ids);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers['content-type']).toContain('text/html');
  });

  it('says so when the record cannot be asked, and gives no half archive', async () => {
    const path = await open(thorax);
    const ids = await idsOf(path);
    bench.neighbours.dmp.faults.set({ transaction: 'iti43', kind: 'http', status: 503, times: 1 });
    const answer = await exported([ids.get('IRM hépatique') ?? ''], path);
    expect(answer.status).toBe(503);
    expect((await exported([ids.get('IRM hépatique') ?? ''], path)).status).toBe(200);
  });

  describe('hostile archives', () => {
    const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.from('x')]);
    const metadata = (xml: string) => ({
      'IHE_XDM/SS000001/METADATA.XML': Buffer.from(xml),
      'IHE_XDM/SS000001/KOS_1_1.DCM': dicom,
    });
    it.each([
      ['an entity bomb', metadata('<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>')],
      ['an external entity', metadata('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')],
      ['metadata that end early', metadata('<x><y>')],
      ['a name that climbs', { '../../KOS.DCM': dicom }],
      ['an absolute name', { '/etc/KOS.DCM': dicom }],
      ['a bomb', { 'KOS.DCM': Buffer.alloc(20 * 1024 * 1024) }],
      [
        'thousands of files',
        Object.fromEntries(Array.from({ length: 2_100 }, (_, at) => [`F${at}.TXT`, Buffer.alloc(1)])),
      ],
      ['many manifests', Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`K${at}.DCM`, dicom]))],
      ['a DICOM file that is no manifest', { 'KOS.DCM': dicom }],
    ])('%s: refused, nothing kept', async (_case, files) => {
      const path = await open(thorax);
      const answer = await upload(path, Buffer.from(zipSync(files, { level: 1 })));
      expect([422, 502]).toContain(answer.status);
      expect((answer.body as { message?: string }).message).toBeTruthy();
      const list = await doctor.get(path).set('Accept', page);
      expect(list.text).not.toContain('Fichier importé');
    });

    it('one longer than accepted is not even read', async () => {
      const answer = await upload(await open(thorax), Buffer.alloc(34 * 1024 * 1024, 1)).catch(() => undefined);
      expect(answer?.status ?? 413).toBe(413);
    });
  });

  it('names no patient in the log, nor a study', () => {
    expect(bench.log.join('')).not.toMatch(/ESSAIDRIM|ÉPREUVEDRIM|AUTREDRIM|CAMILLE/);
  });
});

describeWithShared('the archive of the national samples', () => {
  const folder = 'reference/ans-samples/XDM/KA202401';
  const names = ['METADATA.XML', 'CR.TXT', 'SIGN_1.XML', 'KOS_1_1.DCM'].map((name) => `IHE_XDM/SS000001/${name}`);
  const sample = (prefix: string) =>
    Object.fromEntries(
      [...names, 'INDEX.HTM', 'README.TXT'].map((name) => [prefix + name, readFileSync(sharedPath(folder, name))]),
    );

  it.each(['KA202401/', ''])('is read with its entry, hash checked, below "%s"', async (prefix) => {
    const brought = await readUpload(Buffer.from(zipSync(sample(prefix))));
    expect(brought).toHaveLength(1);
    expect(brought[0]?.entry).toMatchObject({
      hash: '5a4009cca445f28810fd34dc8e3526cbe9814664',
      uri: 'SS000001/KOS_1_1.DCM',
    });
  });

  it('is refused when a byte of its manifest was changed', async () => {
    const files = sample('');
    const kos = Buffer.from(files['IHE_XDM/SS000001/KOS_1_1.DCM'] ?? Buffer.alloc(0));
    kos[kos.length - 1] = (kos[kos.length - 1] ?? 0) ^ 1;
    const changed = zipSync({ ...files, 'IHE_XDM/SS000001/KOS_1_1.DCM': kos });
    await expect(readUpload(Buffer.from(changed))).rejects.toThrow('hash');
  });
});
