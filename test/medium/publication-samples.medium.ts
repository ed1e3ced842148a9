import { readdirSync, readFileSync } from 'node:fs';
import { partTenFile } from '../../sandbox/demo-data/part-ten';
import type { RegisteredDocument } from '../../sandbox/dmp';
import type { ReportRequest } from '../../src/source/intake';
import { readManifest } from '../../src/standards/manifest';
import { startPostgres, type TestDatabase } from '../support/database';
import { OrthancServer } from '../support/orthanc';
import { PublicationBench, until, type RunningGateway } from '../support/publication-bench';
import { describeWithShared, sharedPath } from '../support/shared-data';

/**
 * The national samples as a RIS sends them: each ends as a document of the DMP. Real: messages and reports, PostgreSQL, Orthanc
 * (one image for each exam, made to go with the report), mutual TLS. Doubled: the DMP (sandbox).
 */

const senders = [
  {
    application: 'FILLER',
    facility: '*',
    overrides: { pidOptional: true, birthPlaceOptional: true, orderControlOptional: true, senderFromReport: true },
  },
  { application: '*', facility: '*' },
];

describeWithShared('the national samples', () => {
  let bench: PublicationBench;
  let orthanc: OrthancServer;
  let database: TestDatabase;
  let gateway: RunningGateway;

  beforeAll(async () => {
    [bench, orthanc, database] = await Promise.all([PublicationBench.start(), OrthancServer.start(), startPostgres()]);
    const { dicomPort: port, aeTitle } = orthanc;
    const pacs = { id: 'pacs', kind: 'dimse', host: '127.0.0.1', port, aeTitle, retrieve: 'get' };
    gateway = await bench.gateway(
      bench.settings(database, [pacs], {
        DRIMBOX_HL7_SENDERS: JSON.stringify(senders),
        DRIMBOX_INTAKE_PROCESSING_IDS: 'P',
      }),
    );
  });
  afterAll(async () => {
    await bench?.close();
    await database?.stop();
    await orthanc?.stop();
  });

  const hl7 = (name: string) => readFileSync(sharedPath('reference', 'drim-m-data', 'hl7v2', name), 'utf8');
  const filled = (name: string, cda: string) =>
    hl7(name)
      .replaceAll('{{CDA_BASE64}}', Buffer.from(cda, 'utf8').toString('base64'))
      .replaceAll('{{idMessage}}', `SAMPLE-${name}`)
      .replace(/\{\{\w+\}\}/g, 'SAMPLE');
  const cdaFor = (name: string) => {
    const exam = /CR_(E|G1|K)-/.exec(name)?.[1] ?? 'E';
    const birthPlace = /BDL\^\^(\w{5})/.exec(hl7(name))?.[1] ?? '';
    return readFileSync(sharedPath('reference', 'drim-m-data', 'cda', `CR_${exam}_header.xml`), 'utf8')
      .replace('{{PDF_BASE64}}', 'JVBERi0xLjcK')
      .replace(/<county>\d{5}</, `<county>${birthPlace}<`)
      .replace(/4\.5\.4\.4\d\d"/, `4.5.4.${/L-MDM/.test(name) ? '413' : '405'}"`);
  };

  /** One image that goes with the report, for each of its exams. */
  async function loadImages({ report, exams }: ReportRequest): Promise<void> {
    for (const { studyInstanceUid, acts } of exams) {
      const series = `${studyInstanceUid}.1`;
      const attributes = {
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
        SOPInstanceUID: `${series}.1`,
        StudyInstanceUID: studyInstanceUid,
        SeriesInstanceUID: series,
        AccessionNumber: report.orders[0]?.accession?.extension ?? '',
        PatientID: report.patient.localId?.extension ?? '',
        PatientName: 'SAMPLE',
        StudyDescription: 'Examen',
        Modality: acts[0]?.modalities[0]?.code ?? 'OT',
        SeriesNumber: 1,
        InstanceNumber: 1,
      };
      await orthanc.load([partTenFile(attributes, '1.2.840.10008.1.2.1')]);
    }
  }

  /** Sends, waits for the images to be asked for, gives them, and waits for the documents. */
  async function published(message: Buffer): Promise<{ request: ReportRequest; documents: RegisteredDocument[] }> {
    expect(await gateway.send(message)).toBe('AA');
    const rows = await gateway.dataSource.query<{ request: { report: ReportRequest } }[]>(
      'SELECT request FROM publication ORDER BY id DESC LIMIT 10',
    );
    const controlId = rows[0].request.report.origin.messageControlId;
    const own = rows.map((row) => row.request.report).filter(({ origin }) => origin.messageControlId === controlId);
    const request = { ...own[0], exams: own.flatMap(({ exams }) => exams) };
    await loadImages(request);
    await until('every exam to end', async () => {
      const states = await Promise.all(
        request.exams.map(async ({ studyInstanceUid }) => {
          const [newest] = (await gateway.queries.search({ studyInstanceUid, limit: 1 })).items;
          if (newest.state === 'refused') throw new Error(`${newest.reasonCode}: ${newest.reasonDetail}`);
          return newest.state;
        }),
      );
      return states.every((state) => state === 'published');
    });
    const documents = request.exams.flatMap(({ studyInstanceUid }) =>
      bench.manifestsOf(studyInstanceUid).filter(({ status }) => status === 'Approved'),
    );
    return { request, documents };
  }

  const names = readdirSync(sharedPath('reference', 'drim-m-data', 'hl7v2')).filter((name) => /^CR_.*hl7$/.test(name));
  it.each(names)('%s', async (name) => {
    const { request, documents } = await published(Buffer.from(filled(name, cdaFor(name)), 'utf8'));
    expect(documents).toHaveLength(request.exams.length);
    const [document] = documents;
    const { patient } = request.report;
    expect(document.patientId).toBe(`${patient.ins.matricule}^^^&${patient.ins.oid}&ISO^NH`);
    expect(document.slots.sourcePatientInfo).toContain(`PID-8|${patient.gender}`);
    const read = readManifest(bench.dmp.registry.content(document) as Buffer);
    expect(read.ok && read.manifest.patient.birthFamilyName).toBe(patient.birthFamily);
  });

  it('the real patient1.hl7 of an old sender, with the departures agreed with it', async () => {
    const file = sharedPath('reference', 'ans-samples', 'poc-test-resources', 'patient1.hl7');
    const { documents } = await published(readFileSync(file));
    expect(documents).toHaveLength(1);
  });

  it.each([
    ['level 1', sharedPath('reference', 'ans-samples', 'CDA', 'IMG_CR_IMG_2023.11_CDA-R2-Niveau-1.xml')],
    ['level 3', sharedPath('reference', 'cda-examples', 'IMG_CR_IMG_2024.01.xml')],
  ])('a %s report of three exams: three manifests', async (level, file) => {
    const cda = readFileSync(file, 'utf8')
      .replace(/<id extension="1234567890121"/, '<id extension="IPP101"')
      .replace(/<county>\d+</, '<county>51215<');
    const message = filled('CR_E-ORU.hl7', cda).replaceAll('SAMPLE-CR_E-ORU.hl7', `SAMPLE ${level}`);
    const { documents } = await published(Buffer.from(message, 'utf8'));
    expect(new Set(documents.map(({ uniqueId }) => uniqueId)).size).toBe(3);
  });
});
