import type TestAgent from 'supertest/lib/agent';
import { DataSource } from 'typeorm';
import { seedTrail, seenPatient } from '../support/audit-rows';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';

/** Real: the whole gateway, its database, HTTPS, the sandbox Pro Santé Connect. The trail of the days before is invented. */
describe('the trail and its figures on the screen', () => {
  let bench: PortalBench;
  let agent: TestAgent;
  let _csrf: string;
  let lines: number;

  beforeAll(async () => {
    bench = await startPortalBench({ DRIMBOX_PUBLICATION_ENABLED: 'false' });
    lines = await seedTrail(bench.app.get(DataSource), 10);
    agent = await bench.loggedIn('radiologue');
    _csrf = await formMark(agent);
  });
  afterAll(() => bench.close());

  const post = (path: string, fields: Record<string, string>) =>
    agent
      .post(path)
      .type('form')
      .set('Accept', 'text/html')
      .send({ _csrf, ...fields });
  const rowsOf = (html: string) => [...html.matchAll(/<tr>\s*<td/g)].length;

  it('shows the newest lines, then older ones', async () => {
    const first = await agent.get('/journal').set('Accept', 'text/html');
    expect([first.status, rowsOf(first.text)]).toEqual([200, 100]);
    const older = /name="avant" value="(\d+)"/.exec(first.text)?.[1] ?? '';
    const second = await post('/journal', { avant: older });
    expect(rowsOf(second.text)).toBe(100);
    expect(second.text).not.toContain(`value="${older}"`);
  });

  it.each<[string, Record<string, string>, RegExp, RegExp]>([
    ['acts', { actes: 'publication' }, /Manifeste publié/, /Appel contextuel<\/td>/],
    ['outcome', { resultat: 'refused' }, /Refusé/, /badge good/],
    ['professional by RPPS', { professionnel: '99900000025' }, /DOMINIQUE/, /CAMILLE<\/td>/],
    ['patient', { patient: seenPatient.matricule }, /Visionneuse ouverte/, /Compte rendu reçu<\/td>/],
    ['error code', { erreur: 'publication.pairing' }, /Publication refusée/, /Manifeste publié<\/td>/],
    ['correlation', { correlation: 'corr-2-0-0' }, /Appel contextuel/, /Manifeste publié<\/td>/],
  ])('searches by %s', async (_, fields, present, absent) => {
    const { text } = await post('/journal', fields);
    expect(text).toMatch(present);
    expect(text).not.toMatch(absent);
  });

  it('answers who saw a patient', async () => {
    const { text } = await post('/journal/patient', { patient: seenPatient.matricule });
    expect(rowsOf(text)).toBe(3);
    expect(text).toMatch(
      /CAMILLE ESSAI-RADIOLOGUE[^]*DOMINIQUE ESSAI-GENERALISTE|DOMINIQUE[^]*CAMILLE ESSAI-RADIOLOGUE/,
    );
    expect(text).toContain('db3.test.mesimagesmedicales.fr');
    expect((await post('/journal/patient', { patient: '199999999999999' })).text).toContain('Personne n’a consulté');
  });

  it('answers what a professional saw, within a period', async () => {
    const { text } = await post('/journal/professionnel', { professionnel: '899900000025' });
    expect([rowsOf(text), text.includes(seenPatient.matricule)]).toEqual([1, true]);
    const none = await post('/journal/professionnel', { professionnel: '899900000025', au: '2020-01-01' });
    expect(none.text).toContain('aucune donnée de patient');
  });

  it('records each consultation, with whom or what it was about', async () => {
    await post('/journal/patient', { patient: seenPatient.matricule });
    const [last] = await bench.app
      .get(DataSource)
      .query<object[]>("SELECT * FROM audit_record WHERE kind = 'portal.trail-consulted' ORDER BY id DESC LIMIT 1");
    expect(last).toMatchObject({
      actor: { professionalId: '899900000017' },
      facts: { question: 'who-saw-patient', patient: seenPatient.matricule },
    });
  });

  it('exports every line of a search as CSV for spreadsheets, and as JSON', async () => {
    const csv = await post('/journal/export.csv', { actes: 'acces' });
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.headers['content-disposition']).toMatch(/attachment; filename="journal-\d{4}-\d\d-\d\d\.csv"/);
    const [header, ...rest] = csv.text
      .replace(/^\uFEFF/, '')
      .trim()
      .split('\n');
    expect(header).toContain('id;at;kind;outcome;professionalId');
    const json = await post('/journal/export.json', { actes: 'acces' });
    const parsed = JSON.parse(json.text) as { kind: string }[];
    expect(parsed).toHaveLength(rest.length);
    expect(parsed.length).toBeGreaterThan(200);
    expect(JSON.parse((await post('/journal/export.json', { correlation: 'none' })).text)).toEqual([]);
    const all = JSON.parse((await post('/journal/export.json', {})).text) as unknown[];
    expect(all.length).toBeGreaterThanOrEqual(lines);
  });

  it('gives the answers of both questions as CSV and JSON, without an identity in any address', async () => {
    const asked: [string, Record<string, string>, string][] = [
      ['/journal/patient', { patient: seenPatient.matricule }, 'professionalName'],
      ['/journal/professionnel', { professionnel: '899900000025' }, 'patientMatricule'],
    ];
    for (const [path, fields, column] of asked) {
      const page = await post(path, fields);
      expect(page.text).toContain('name="format" value="csv"');
      expect(page.text).not.toMatch(/(href|action)="[^"]*(299999999999989|899900000025)/);
      const csv = await post(path, { ...fields, format: 'csv' });
      expect([csv.headers['content-type'], csv.text.split('\n')[0]]).toEqual([
        expect.stringContaining('text/csv'),
        expect.stringContaining(column),
      ]);
      const rows = JSON.parse((await post(path, { ...fields, format: 'json' })).text) as Record<string, unknown>[];
      expect(rows).toHaveLength(csv.text.trim().split('\n').length - 1);
      expect(rows[0]).toHaveProperty(column);
    }
    const [last] = await bench.app
      .get(DataSource)
      .query<{ facts: { question: string } }[]>(
        "SELECT facts FROM audit_record WHERE kind = 'portal.trail-consulted' ORDER BY id DESC LIMIT 1",
      );
    expect(last?.facts.question).toBe('seen-by-professional-export-json');
  });

  it('finds lines of a patient, of a professional and of a study by an index, however long the trail is', async () => {
    const dataSource = bench.app.get(DataSource);
    const plan = async (condition: string) => {
      const rows = await dataSource.query<object[]>(
        `EXPLAIN SELECT * FROM audit_record WHERE ${condition} ORDER BY id DESC LIMIT 100`,
      );
      return JSON.stringify(rows);
    };
    await dataSource.query('SET enable_seqscan = off');
    try {
      expect(await plan(`actor->>'professionalId' = '899900000025'`)).toContain('audit_record_professional');
      expect(await plan(`patient_matricule = '299999999999989'`)).toContain('audit_record_patient_line');
      expect(await plan(`correlation_id = 'corr-1'`)).toContain('audit_record_correlation');
      expect(await plan(`error_code = 'x'`)).toContain('audit_record_error');
    } finally {
      await dataSource.query('SET enable_seqscan = on');
    }
  });

  it('makes formulas in a CSV harmless', async () => {
    await bench.app
      .get(DataSource)
      .query(
        `INSERT INTO audit_record (at, kind, outcome, correlation_id, actor) VALUES (now(), 'intake.refused', 'refused', 'formula-1', '{"peer":"=HYPERLINK(1)"}')`,
      );
    const { text } = await post('/journal/export.csv', { correlation: 'formula-1' });
    expect(text).toContain(`'=HYPERLINK(1)`);
  });

  it('keeps people out of addresses: what a link names is ignored', async () => {
    const { text } = await agent
      .get(`/journal?patient=${seenPatient.matricule}&professionnel=899900000025`)
      .set('Accept', 'text/html');
    expect(text).toMatch(/id="patient" name="patient" value=""/);
    expect(text).toMatch(/id="professionnel" name="professionnel" value=""/);
  });

  describe('who saw a patient, told to the end', () => {
    const insert = (rows: string) =>
      bench.app.get(DataSource).query(
        `INSERT INTO audit_record (at, kind, outcome, actor, patient_matricule, patient_oid, study_instance_uid, instances, bytes, error_code)
         ${rows}`,
      );
    const act = (patient: string, who: string, kind: string, instances: number | null, bytes: number | null) =>
      insert(
        `VALUES (now(), '${kind}', 'failure', '{"peer":"CN=${who}"}', '${patient}', '1.2', '1.2.9', ${instances}, ${bytes}, 'x')`,
      );
    const answer = async (path: string, fields: Record<string, string>) =>
      JSON.parse((await post(path, { ...fields, format: 'json' })).text) as Record<string, unknown>[];

    it('names whoever received images before it failed, and not who received none', async () => {
      const patient = '299999999999001';
      await act(patient, 'hung-up', 'serving.failed', 1_299, 200_000_000);
      await act(patient, 'cut-series', 'retrieval.series', 0, 65_000);
      await act(patient, 'cancelled-import', 'transfer.imported', 12, 900_000);
      await act(patient, 'refused-late', 'serving.refused', 3, 5_000);
      await act(patient, 'saw-nothing', 'serving.failed', 0, 0);
      await act(patient, 'refused', 'serving.refused', null, null);
      await act(patient, 'no-answer', 'dmp.retrieve', 0, 120);
      const found = await answer('/journal/patient', { patient });
      expect(found.map(({ peer }) => peer).sort()).toEqual([
        'CN=cancelled-import',
        'CN=cut-series',
        'CN=hung-up',
        'CN=refused-late',
      ]);
      const { text } = await post('/journal/patient', { patient });
      expect(text).toContain('Images servies en partie, puis interrompues');
    });

    it('says so when the page does not show all, and gives all of them in a file', async () => {
      const patient = '299999999999002';
      await insert(
        `SELECT now(), 'viewer.opened', 'success', jsonb_build_object('professionalId', 'p' || n), '${patient}', '1.2', '1.2.9', NULL, NULL, NULL
         FROM generate_series(1, 1003) AS n`,
      );
      const { text } = await post('/journal/patient', { patient });
      expect([rowsOf(text), text.includes('Seules les 1 000 réponses')]).toEqual([1_000, true]);
      expect(await answer('/journal/patient', { patient })).toHaveLength(1_003);
      expect((await post('/journal/patient', { patient: seenPatient.matricule })).text).not.toContain('Seules les');
    });

    it('says where the database begins when older lines are in archive files', async () => {
      const patient = '299999999999003';
      expect((await post('/journal/patient', { patient })).text).not.toContain('Le journal en base commence');
      const dataSource = bench.app.get(DataSource);
      await dataSource.query(
        `INSERT INTO audit_seal (number, from_sequence, to_sequence, from_at, to_at, head_hash, previous_hash, sealed_at, key_id, signature)
         SELECT coalesce(max(number), 0) + 1, 1, 1, '2025-01-01Z', '2025-03-09T12:00:00Z', '', '', now(), 'k', '' FROM audit_seal`,
      );
      await dataSource.query(
        `INSERT INTO audit_archive (number, from_seal, to_seal, from_sequence, to_sequence, head_hash, file_name, file_sha256, archived_at, key_id, signature)
         SELECT 1, max(number), max(number), 1, 1, '', 'f', '', now(), 'k', '' FROM audit_seal`,
      );
      const beginning = 'Le journal en base commence le 09/03/2025';
      for (const du of ['', '2025-03-09']) {
        const fields = { patient, du };
        expect((await post('/journal/patient', fields)).text).toContain(beginning);
        expect(await answer('/journal/patient', fields)).toEqual([{ note: expect.stringContaining(beginning) }]);
      }
      const csv = await post('/journal/patient', { patient, format: 'csv' });
      expect(csv.text).toContain(beginning);
      expect((await post('/journal/patient', { patient, du: '2025-03-10' })).text).not.toContain(beginning);
      expect(await answer('/journal/patient', { patient, du: '2025-03-10' })).toEqual([]);
    });
  });
});
