import { DataSource } from 'typeorm';
import { demoPatients } from '../../sandbox/demo-data';
import { callOf, manifestOfExam, monthsAgo, seedExam, studyUidOf } from '../support/record-seed';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';

type Agent = Awaited<ReturnType<PortalBench['loggedIn']>>;
const page = 'text/html,application/xhtml+xml';
const { thorax, head, abdomen } = demoPatients;

/** Real: the whole gateway over HTTPS, its database, sandbox Pro Santé Connect and DMP over mutual TLS. */
describe('contextual call and exams', () => {
  let bench: PortalBench;
  let doctor: Agent;

  beforeAll(async () => {
    bench = await startPortalBench({
      DRIMBOX_PUBLICATION_ENABLED: 'false',
      DRIMBOX_CALL_OPTIONAL: 'Situation,StudyInstanceUID,AccessionNumber,AccessionNumberIssuer,Modality',
    });
    const { dmp } = bench.neighbours;
    seedExam(dmp, {
      number: 1,
      at: monthsAgo(1),
      report: true,
      series: [3, 2],
      documents: true,
      description: 'Scanner thoracique avec injection',
    });
    seedExam(dmp, { number: 2, at: monthsAgo(30), description: 'Scanner ancien' });
    seedExam(dmp, {
      number: 3,
      at: monthsAgo(3),
      modality: 'MR',
      images: false,
      report: true,
      description: 'IRM hépatique',
    });
    seedExam(dmp, {
      number: 4,
      at: monthsAgo(4),
      entryPatient: { ...thorax, birthDate: '19630112' },
      description: 'Identité fautive',
    });
    seedExam(dmp, {
      number: 5,
      at: monthsAgo(5),
      manifestPatient: { ...thorax, family: 'AUTREDRIM' },
      description: 'Manifeste fautif',
      report: true,
    });
    seedExam(dmp, {
      number: 6,
      at: monthsAgo(2),
      patient: head,
      description: 'IRM cérébrale',
      modality: 'MR',
      report: true,
    });
    // Two manifests of one study, neither of which replaces the other.
    seedExam(dmp, { number: 7, at: monthsAgo(7), patient: head, description: 'Scanner publié deux fois', series: [2] });
    seedExam(dmp, { number: 7, at: monthsAgo(6), patient: head, description: 'Scanner publié deux fois', series: [4] });
    // The first entry of this record is somebody else's, who has another given name beside.
    seedExam(dmp, {
      number: 8,
      at: monthsAgo(3),
      patient: abdomen,
      entryPatient: { ...abdomen, birthDate: '19630112', given: `${abdomen.given.split(' ')[0]} INTRUS` },
      description: 'D’une autre personne',
    });
    seedExam(dmp, {
      number: 9,
      at: monthsAgo(1),
      patient: abdomen,
      description: 'Sans empreinte',
      report: true,
      withoutHash: true,
    });
    doctor = await bench.loggedIn('generaliste');
  });
  afterAll(() => bench?.close());

  const call = (form: Record<string, string>, accept = page) =>
    bench.visitor().post('/contextual-call').type('form').set('Accept', accept).send(form);

  async function opened(agent: Agent, form: Record<string, string>): Promise<string> {
    const answer = await call(form);
    expect(answer.status).toBe(303);
    const address = new URL(answer.headers.location ?? '');
    const entered = await agent.get(address.pathname).set('Accept', page);
    expect(entered.status).toBe(303);
    return entered.headers.location ?? '';
  }

  const audits = (kind: string) =>
    bench.app
      .get(DataSource)
      .query<{ outcome: string; error_code: string | null }[]>(
        'SELECT outcome, error_code FROM audit_record WHERE kind = $1 ORDER BY id',
        [kind],
      );

  /** Who did it to whom, as the trail tells it. */
  const told = (kind: string) =>
    bench.app
      .get(DataSource)
      .query<
        { outcome: string; professional: string | null; structure: string | null; ins: string | null; facts: object }[]
      >(
        `SELECT outcome, actor->>'professionalId' AS professional, actor->>'structureId' AS structure,
           patient_matricule AS ins, facts FROM audit_record WHERE kind = $1 ORDER BY id`,
        [kind],
      );
  const rowsOf = (text: string) =>
    [...text.matchAll(/<tr data-exam="([^"]+)"([^>]*)>[\s\S]*?<span class="act"[^>]*>([^<]+)/g)].map(
      ([, id = '', more = '', name = '']) => ({ id, isWanted: more.includes('wanted'), name: name.trim() }),
    );

  it('answers a call by an opaque address that says nothing of the patient', async () => {
    const answer = await call(callOf(thorax));
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toMatch(new RegExp(`^${bench.url}/appel/[\\w-]{32}$`));
  });

  it('keeps nothing readable of the patient in the table', async () => {
    await call(callOf(thorax));
    const rows = await bench.app.get(DataSource).query('SELECT * FROM consumer_context');
    expect(
      JSON.stringify(rows, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString('latin1') : value)),
    ).not.toContain('ESSAIDRIM');
  });

  it.each([
    ['an absent parameter', { 'Patient.birthDate': undefined }, ['Patient.birthDate', 'missing']],
    ['an empty one', { PatientID: '' }, ['PatientID', 'empty']],
    [
      'a wrong key of the INS',
      { 'Patient.identifier.value': thorax.ins.replace(/.$/, (d) => String((Number(d) + 1) % 10)) },
      ['Patient.identifier.value', 'invalid'],
    ],
    ['an unknown name', { studyinstanceuid: '1.2.3' }, ['studyinstanceuid', 'unknown']],
    ['another case', { 'patient.gender': 'F' }, ['patient.gender', 'unknown']],
    ['a name that may be a piece of a value', { ESSAIDRIM: 'x' }, [undefined, 'unknown']],
    ['a consent that is no word', { InformationEtConsentement: 'peut-être' }, ['InformationEtConsentement', 'invalid']],
    ['a place of birth that is none', { 'Address.district': '2C004' }, ['Address.district', 'invalid']],
  ])('refuses %s with 400, naming the parameter and no value', async (_, change, [name, fault]) => {
    const form = Object.fromEntries(
      Object.entries({ ...callOf(thorax), ...change }).filter(([, value]) => value !== undefined),
    );
    const answer = await call(form as Record<string, string>, 'application/json');
    expect(answer.status).toBe(400);
    expect(answer.type).toBe('application/problem+json');
    const body = JSON.parse(answer.text) as { code: string; parameters: { name?: string; fault: string }[] };
    expect(body.code).toBe('context.call-refused');
    expect(body.parameters).toContainEqual(expect.objectContaining({ ...(name ? { name } : {}), fault }));
    const seen = await call(form as Record<string, string>);
    expect(seen.status).toBe(400);
    expect(seen.text).toContain(name ?? 'Paramètre non prévu');
    for (const text of [answer.text, seen.text]) expect(text).not.toMatch(/ESSAIDRIM|CAMILLE|19620112|DEMO000001/);
  });

  it('refuses a repeated parameter, and a body that is no form', async () => {
    const body = `${new URLSearchParams(callOf(thorax)).toString()}&PatientID=2`;
    const repeated = await bench
      .visitor()
      .post('/contextual-call')
      .type('form')
      .set('Accept', 'application/json')
      .send(body);
    expect(repeated.status).toBe(400);
    expect(repeated.text).toContain('"repeated"');
    const json = await bench.visitor().post('/contextual-call').send(callOf(thorax)).set('Accept', 'application/json');
    expect(json.status).toBe(400);
  });

  it('counts every call, good or bad', async () => {
    const before = (await audits('context.called')).length;
    await call(callOf(thorax));
    await call({ ...callOf(thorax), PatientID: '' });
    const added = (await audits('context.called')).slice(before);
    expect(added).toEqual([
      { outcome: 'success', error_code: null },
      { outcome: 'refused', error_code: 'context.call-refused' },
    ]);
  });

  it('goes through the login and comes back to the patient', async () => {
    const answer = await call(callOf(thorax, { Situation: '999900000000043' }));
    const { pathname } = new URL(answer.headers.location ?? '');
    const visitor = bench.visitor();
    const sent = await visitor.get(pathname).set('Accept', page);
    expect(sent.headers.location).toBe(`/login?next=${encodeURIComponent(pathname)}`);
    const back = await bench.login(visitor, 'radiologue', pathname);
    expect(back.headers.location).toBe(pathname);
    const entered = await visitor.get(pathname).set('Accept', page);
    const list = await visitor.get(entered.headers.location ?? '').set('Accept', page);
    expect(list.status).toBe(200);
    expect(list.text).toContain('ESSAIDRIM-FICTIVE');
    expect(list.text).toContain('CABINET D’IMAGERIE DE DEMONSTRATION');
  });

  it('opens an address once, and in the first browser only', async () => {
    const answer = await call(callOf(thorax));
    const { pathname } = new URL(answer.headers.location ?? '');
    const first = bench.visitor();
    expect((await first.get(pathname).set('Accept', page)).status).toBe(303);
    const other = await doctor.get(pathname).set('Accept', page);
    expect(other.status).toBe(410);
    await bench.login(first, 'generaliste', pathname);
    expect((await first.get(pathname).set('Accept', page)).status).toBe(303);
    const again = await first.get(pathname).set('Accept', page);
    expect(again.status).toBe(410);
    expect(again.text).toContain('a déjà servi');
    const made = await bench
      .visitor()
      .get(`/appel/${'x'.repeat(32)}`)
      .set('Accept', page);
    expect(made.status).toBe(410);
    const used = { outcome: 'refused', structure: null, ins: thorax.ins, facts: { address: 'used before' } };
    expect((await told('context.address-refused')).slice(-3)).toEqual([
      { ...used, professional: '899900000025' },
      { ...used, professional: '899900000025' },
      { ...used, professional: null, ins: null, facts: { address: 'unknown, or its call has ended' } },
    ]);
  });

  it('forgets an address that nobody opened in time, and a patient that was open for too long', async () => {
    const late = new URL((await call(callOf(thorax))).headers.location ?? '').pathname;
    const path = await opened(doctor, callOf(thorax));
    expect((await doctor.get(path).set('Accept', page)).status).toBe(200);
    // What is open elsewhere in this browser stays.
    const other = await opened(doctor, callOf(thorax));
    const id = path.split('/')[2];
    await bench.app
      .get(DataSource)
      .query(
        `UPDATE consumer_context SET ends_at = now() - interval '1 second' WHERE id = $1 OR login_digest IS NULL`,
        [id],
      );
    expect((await doctor.get(late).set('Accept', page)).status).toBe(410);
    expect((await doctor.get(path).set('Accept', page)).status).toBe(404);
    expect((await doctor.get(other).set('Accept', page)).status).toBe(200);
  });

  it('asks again when the situation of the call is not one of the professional’s', async () => {
    const radiologist = await bench.loggedIn('radiologue');
    const path = await opened(radiologist, callOf(thorax, { Situation: '999900000000050' }));
    const sent = await radiologist.get(path).set('Accept', page);
    expect(sent.headers.location).toBe(`${path}/situation`);
    const asked = await radiologist.get(`${path}/situation`).set('Accept', page);
    expect(asked.text).toContain('n’est pas l’une des vôtres');
  });

  it.each([
    ['by its study', { StudyInstanceUID: studyUidOf(3) }, 'IRM hépatique'],
    ['by its accession number', { AccessionNumber: 'A3' }, 'IRM hépatique'],
    ['whatever the other filters are', { StudyInstanceUID: studyUidOf(3), Modality: 'CT' }, 'IRM hépatique'],
    ['older than the first search goes', { AccessionNumber: 'A2' }, 'Scanner ancien'],
  ])('puts the exam that the call names first, and says so: %s', async (_case, named, expected) => {
    const path = await opened(doctor, callOf(thorax, named));
    const list = await doctor.get(path).set('Accept', page);
    const rows = rowsOf(list.text);
    expect(rows.filter(({ isWanted }) => isWanted).map(({ name }) => name)).toEqual([expected]);
    expect(rows[0]?.name).toBe(expected);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(list.text.match(/Examen demandé/g)).toHaveLength(1);
  });

  it.each([
    ['is of another patient', { StudyInstanceUID: studyUidOf(6) }],
    ['is nowhere', { AccessionNumber: 'A99' }],
    ['has the number of another hospital', { AccessionNumber: 'A3', AccessionNumberIssuer: 'X&1.2.3&ISO' }],
  ])('says that the exam that the call names is not there: it %s', async (_case, named) => {
    const path = await opened(doctor, callOf(thorax, named));
    const list = await doctor.get(path).set('Accept', page);
    expect(list.text).toContain('ne figure pas parmi les examens partagés de ce patient');
    expect(list.text).not.toMatch(/Examen demandé|IRM cérébrale/);
    const sent = await doctor.get(`${path}/examen-demande`).set('Accept', page);
    expect(sent.headers.location).toBe(path);
  });

  it('can open the exam that the call names at once, and never one that is blocked', async () => {
    const wished = await opened(doctor, callOf(thorax, { StudyInstanceUID: studyUidOf(1) }));
    const [exam] = rowsOf((await doctor.get(wished).set('Accept', page)).text);
    const direct = await doctor.get(`${wished}/examen-demande`).set('Accept', page);
    expect(direct.headers.location).toBe(`${wished}/examens/${exam?.id}/images`);
    const blocked = await opened(doctor, callOf(thorax, { StudyInstanceUID: studyUidOf(4) }));
    const stays = await doctor.get(`${blocked}/examen-demande`).set('Accept', page);
    expect(stays.headers.location).toBe(blocked);
  });

  it('tells two published versions of one exam from a replaced one', async () => {
    const path = await opened(doctor, callOf(head));
    const list = (await doctor.get(`${path}?versions=1`).set('Accept', page)).text;
    expect(list).toContain('2 versions publiées');
    expect(list).toContain('sans que l’une remplace l’autre');
    expect(list).not.toMatch(/remplacée, établie le/);
    const [exam, ...others] = rowsOf(list).filter(({ name }) => name === 'Scanner publié deux fois');
    expect(others).toEqual([]);
    const counts = await doctor
      .post(`${path}/comptes`)
      .set('X-CSRF-Token', await formMark(doctor))
      .send({ exams: [exam?.id] });
    expect(counts.body).toMatchObject({ counts: [{ images: 4 }] });
  });

  it('shows the exams of two years, latest first, and the whole history on demand', async () => {
    const path = await opened(doctor, callOf(thorax));
    const list = await doctor.get(path).set('Accept', page);
    expect(list.status).toBe(200);
    const found = [
      ...list.text.matchAll(
        /Scanner thoracique avec injection|IRM hépatique|Identité fautive|Manifeste fautif|Scanner ancien/g,
      ),
    ].map(([text]) => text);
    expect([...new Set(found)]).toEqual([
      'Scanner thoracique avec injection',
      'IRM hépatique',
      'Identité fautive',
      'Manifeste fautif',
    ]);
    expect(list.text).not.toContain('IRM cérébrale');
    const all = await doctor.get(`${path}?tout=1`).set('Accept', page);
    expect(all.text).toContain('Scanner ancien');
    const filtered = await doctor.get(`${path}?modalite=MR`).set('Accept', page);
    expect(filtered.text).toContain('IRM hépatique');
    expect(filtered.text).not.toContain('Scanner thoracique avec injection</');
  });

  /** What the list is narrowed to, with the address without it. */
  const chipsOf = (text: string) =>
    [...text.matchAll(/<a class="chip" href="([^"]+)"><span class="unseen">[^<]*<\/span>([^<]+) </g)].map(
      ([, href = '', label]) => [label, decoded(href)],
    );
  const decoded = (text: string) => text.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&');

  it('shows each filter as one that can be taken away, and keeps them when the record is asked again', async () => {
    const path = await opened(doctor, callOf(thorax));
    const shown = async (address: string) => (await doctor.get(address).set('Accept', page)).text;
    expect(chipsOf(await shown(path))).toEqual([['Depuis 2 ans', `${path}?tout=1`]]);
    expect(chipsOf(await shown(`${path}?tout=1`))).toEqual([]);
    const [day, structure] = [`${monthsAgo(30).slice(0, 4)}-01-01`, 'Centre de radiologie Ambroise'];
    const named = new URLSearchParams({ structure }).toString();
    const narrowed = `${path}?modalite=MR&region=67734004&${named}&du=${day}&versions=1`;
    const list = await shown(narrowed);
    const without = (part: string) => narrowed.replace(part, '').replace(/&$/, '');
    expect(chipsOf(list)).toEqual([
      ['Modalité : MR', without('modalite=MR&')],
      ['Région : Thorax', without('region=67734004&')],
      [`Structure : ${structure}`, without(`${named}&`)],
      [`du ${day.split('-').reverse().join('/')}`, without(`du=${day}&`)],
      ['Versions remplacées affichées', without('versions=1')],
    ]);
    const refresh = decoded(/action="([^"]+\/actualiser[^"]*)"/.exec(list)?.[1] ?? '');
    const again = await doctor
      .post(refresh)
      .type('form')
      .send({ _csrf: await formMark(doctor) });
    expect([again.status, again.headers.location]).toEqual([303, narrowed]);
  });

  it('asks the status of the record before anything else', async () => {
    const { received } = bench.neighbours.dmp;
    received.length = 0;
    const path = await opened(doctor, callOf(thorax));
    await doctor.get(path).set('Accept', page);
    expect(received.map(({ action }) => action)).toEqual([
      'urn:hl7-org:v3:PRPA_IN201307UV02',
      'urn:ihe:iti:2007:RegistryStoredQuery',
    ]);
    const assertion = received[1]?.body.toString('utf8') ?? '';
    expect(assertion).toContain('INDIRECTE_RENFORCEE');
    expect(assertion).toContain('899900000025');
  });

  it('counts series and images in one request for the lines in sight', async () => {
    const path = await opened(doctor, callOf(thorax));
    const list = await doctor.get(path).set('Accept', page);
    const ids = [...list.text.matchAll(/<tr data-exam="([^"]+)" data-count/g)].map(([, id]) => id);
    bench.neighbours.dmp.received.length = 0;
    const mark = await formMark(doctor);
    // One that has left the record since the page was made takes nothing from the others.
    const asked = [...ids, 'gone'];
    const counts = await doctor.post(`${path}/comptes`).set('X-CSRF-Token', mark).send({ exams: asked });
    expect(counts.status).toBe(200);
    expect(counts.body).toEqual({
      counts: [
        { exam: ids[0], series: 2, images: 5, modalities: [], description: 'Scanner thoracique avec injection' },
        { exam: ids[1], code: 'exams.identity-differs', message: expect.any(String) as string },
        { exam: 'gone', code: 'exams.not-found', message: expect.any(String) as string },
      ],
    });
    const manifestsAsked = bench.neighbours.dmp.received.filter(({ action }) => action.includes('RetrieveDocument'));
    expect(manifestsAsked).toHaveLength(1);
    expect(JSON.stringify(counts.body)).not.toContain('AUTREDRIM');
    expect(await audits('exams.identity-differs')).toContainEqual({
      outcome: 'refused',
      error_code: 'exams.identity-differs',
    });
  });

  it('shows differing identities, and opens nothing of them', async () => {
    const path = await opened(doctor, callOf(thorax));
    const list = await doctor.get(path).set('Accept', page);
    expect(list.text).toContain('Identité différente');
    expect(list.text).toContain('12/01/1963');
    const rows = [...list.text.matchAll(/<tr data-exam="([^"]+)"[\s\S]*?<span class="act"[^>]*>([^<]+)/g)];
    const idOf = (name: string) => rows.find(([, , text]) => text?.includes(name))?.[1] ?? '';
    const entry = await doctor.get(`${path}/examens/${idOf('Identité fautive')}/images`).set('Accept', page);
    expect(entry.status).toBe(409);
    const manifest = await doctor.get(`${path}/examens/${idOf('Manifeste fautif')}/images`).set('Accept', page);
    expect(manifest.status).toBe(409);
    expect(manifest.text).toContain('AUTREDRIM');
    const report = /href="([^"]+)"[^>]*>Lire/.exec(list.text.slice(list.text.indexOf('Manifeste fautif')))?.[1] ?? '';
    const pdf = await doctor.get(`${report}/pdf`).set('Accept', page);
    expect(pdf.status).toBe(409);
  });

  it('opens the PDF of a report', async () => {
    const path = await opened(doctor, callOf(thorax));
    const list = await doctor.get(path).set('Accept', page);
    const report = /href="([^"]+)"[^>]*>Lire/.exec(list.text)?.[1] ?? '';
    const shown = await doctor.get(report).set('Accept', page);
    expect(shown.status).toBe(200);
    const pdf = await doctor.get(`${report}/pdf`);
    expect(pdf.type).toBe('application/pdf');
    expect((pdf.body as Buffer).subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('keeps the patients of two professionals, and of two tabs, apart', async () => {
    const first = await opened(doctor, callOf(thorax));
    const second = await opened(doctor, callOf(head));
    const radiologist = await bench.loggedIn('radiologue');
    const [one, two] = await Promise.all([
      doctor.get(first).set('Accept', page),
      doctor.get(second).set('Accept', page),
    ]);
    expect(one.text).toContain('ESSAIDRIM-FICTIVE');
    expect(one.text).not.toContain('ÉPREUVEDRIM');
    expect(two.text).toContain('ÉPREUVEDRIM');
    expect(two.text).not.toContain('ESSAIDRIM-FICTIVE');
    for (const path of [first, second]) {
      const foreign = await radiologist.get(path).set('Accept', page);
      expect(foreign.status).toBe(404);
      expect(foreign.text).not.toMatch(/DRIM-FICTIVE|ÉPREUVEDRIM/);
    }
    const exam = /data-exam="([^"]+)"/.exec(one.text)?.[1] ?? '';
    const crossed = await doctor.get(`${second}/examens/${exam}/images`).set('Accept', page);
    expect(crossed.status).toBe(404);
  });

  it.each([
    ['non', 'oppose à la consultation'],
    ['inconnu', 'Information du patient à recueillir'],
  ])('stops at the consent "%s" without a word to the record', async (word, text) => {
    const path = await opened(doctor, callOf(thorax, { InformationEtConsentement: word }));
    bench.neighbours.dmp.received.length = 0;
    const answer = await doctor.get(path).set('Accept', page);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain(text);
    expect(bench.neighbours.dmp.received).toEqual([]);
  });

  it.each([
    [{ exists: false }, 404, 'pas de dossier'],
    [{ authorisation: 'INTERDIT' }, 403, 'pas autorisé'],
  ])('explains a record that cannot be read: %j', async (status, code, text) => {
    bench.neighbours.dmp.patients.set(thorax.ins, status);
    const path = await opened(doctor, callOf(thorax));
    const answer = await doctor.get(path).set('Accept', page);
    bench.neighbours.dmp.patients.set(thorax.ins, {});
    expect(answer.status).toBe(code);
    expect(answer.text).toContain(text);
  });

  it('asks for the situation when several are possible, for this patient only', async () => {
    const radiologist = await bench.loggedIn('radiologue');
    const path = await opened(radiologist, callOf(thorax));
    const sent = await radiologist.get(path).set('Accept', page);
    expect(sent.headers.location).toBe(`${path}/situation`);
    const mark = await formMark(radiologist);
    const wrong = await radiologist
      .post(`${path}/situation`)
      .type('form')
      .send({ _csrf: mark, structure: '999900000000050' });
    expect(wrong.status).toBe(400);
    await radiologist.post(`${path}/situation`).type('form').send({ _csrf: mark, structure: '999900000000019' });
    const list = await radiologist.get(path).set('Accept', page);
    expect(list.status).toBe(200);
    expect(list.text).toContain('CENTRE HOSPITALIER DE DEMONSTRATION');
    expect((await told('context.situation-chosen')).at(-1)).toMatchObject({
      outcome: 'success',
      professional: '899900000017',
      structure: '999900000000019',
      ins: thorax.ins,
    });
  });

  it('records a document that could not be had: manifest and report', async () => {
    const path = await opened(doctor, callOf(head));
    const list = await doctor.get(path).set('Accept', page);
    const report = /href="([^"]+)"[^>]*>Lire/.exec(list.text)?.[1] ?? '';
    const [exam] = rowsOf(list.text);
    const { faults } = bench.neighbours.dmp;
    for (const address of [`${report}/pdf`, `${path}/examens/${exam?.id}/images`]) {
      faults.set({ transaction: 'iti43', kind: 'http', status: 503, times: 1 });
      expect((await doctor.get(address).set('Accept', page)).status).toBe(503);
    }
    const failure = { outcome: 'failure', error_code: 'dmp.unavailable' };
    expect((await audits('dmp.retrieve')).slice(-2)).toEqual([failure, failure]);
    expect((await audits('exams.report-shown')).at(-1)).toEqual(failure);
    expect((await audits('exams.manifest-read')).at(-1)).toEqual(failure);
  });

  it('does not ask for a manifest or a report whose entry tells no hash, and says why', async () => {
    const path = await opened(doctor, callOf(abdomen));
    const list = await doctor.get(path).set('Accept', page);
    const exam = rowsOf(list.text).find(({ name }) => name === 'Sans empreinte');
    expect(list.text).toContain('Identité différente');
    expect(list.text).not.toContain('INTRUS');
    expect(list.text).toContain(abdomen.given);
    const report = /href="([^"]+)"[^>]*>Lire/.exec(list.text)?.[1] ?? '';
    const asked = (await audits('dmp.retrieve')).length;
    for (const address of [`${path}/examens/${exam?.id}/images`, `${report}/pdf`]) {
      const answer = await doctor.get(address).set('Accept', page);
      expect(answer.status).toBe(502);
      expect(answer.text).toContain('ne donne pas l’empreinte de ce document');
    }
    expect(await audits('dmp.retrieve')).toHaveLength(asked);
    const failure = { outcome: 'failure', error_code: 'exams.unproven' };
    expect((await audits('exams.report-shown')).at(-1)).toEqual(failure);
    expect((await audits('exams.manifest-read')).at(-1)).toEqual(failure);
  });

  it.each([
    ['is silent', 503, undefined],
    ['does not exist', 404, { exists: false }],
  ])('opens a manifest brought as a file although the record %s, with the same checks', async (_case, code, status) => {
    const { dmp } = bench.neighbours;
    const path = await opened(doctor, callOf(thorax, { StudyInstanceUID: studyUidOf(31) }));
    const mark = await formMark(doctor);
    const bring = (bytes: Buffer) =>
      doctor
        .post(`${path}/fichiers`)
        .set({ 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': mark, Accept: 'application/json' })
        .send(bytes);
    if (status) dmp.patients.set(thorax.ins, status);
    else dmp.faults.set({ transaction: 'td02', kind: 'http', status: 503 });
    const stopped = await doctor.get(path).set('Accept', page);
    expect(stopped.status).toBe(code);
    expect(stopped.text).toContain(`data-upload="${path}/fichiers"`);
    const foreign = manifestOfExam({ number: 32, at: monthsAgo(1), patient: head });
    expect((await bring(foreign.bytes)).status).toBe(409);
    expect((await doctor.get(path).set('Accept', page)).status).toBe(code);
    const own = manifestOfExam({
      number: 31,
      at: monthsAgo(1),
      description: 'Scanner remis au patient',
      series: [2, 3],
    });
    const added = await bring(own.bytes);
    expect(added.status).toBe(201);
    dmp.received.length = 0;
    const list = await doctor.get(path).set('Accept', page);
    expect(list.status).toBe(200);
    expect(list.text).toContain('Seuls les examens apportés par fichier sont affichés');
    const [exam] = (added.body as { exams: string[] }).exams;
    expect(rowsOf(list.text)).toEqual([{ id: exam, isWanted: true, name: 'Scanner remis au patient' }]);
    const counts = await doctor
      .post(`${path}/comptes`)
      .set('X-CSRF-Token', mark)
      .send({ exams: [exam] });
    expect(counts.body).toMatchObject({ counts: [{ exam, series: 2, images: 5 }] });
    // Not asked at every step: it would be waited for each time.
    expect(dmp.received).toEqual([]);
    dmp.faults.clear();
    dmp.patients.set(thorax.ins, {});
    await doctor.post(`${path}/actualiser`).type('form').send({ _csrf: mark });
    expect((await doctor.get(path).set('Accept', page)).text).toContain('Scanner thoracique avec injection');
  });

  it('shows no file for a record that is closed to the professional', async () => {
    const { patients } = bench.neighbours.dmp;
    const path = await opened(doctor, callOf(thorax));
    const own = manifestOfExam({ number: 33, at: monthsAgo(1) });
    const added = await doctor
      .post(`${path}/fichiers`)
      .set({
        'Content-Type': 'application/octet-stream',
        'X-CSRF-Token': await formMark(doctor),
        Accept: 'application/json',
      })
      .send(own.bytes);
    patients.set(thorax.ins, { authorisation: 'INTERDIT' });
    const [exam] = (added.body as { exams: string[] }).exams;
    for (const address of [path, `${path}/examens/${exam}/images`])
      expect((await doctor.get(address).set('Accept', page)).status).toBe(403);
    patients.set(thorax.ins, {});
  });

  it('survives a record that fails, says so, and succeeds when asked again', async () => {
    const path = await opened(doctor, callOf(thorax));
    bench.neighbours.dmp.faults.set({ transaction: 'td02', kind: 'http', status: 503, times: 1 });
    const failed = await doctor.get(path).set('Accept', page);
    expect(failed.status).toBe(503);
    expect(failed.text).toContain('Réessayer');
    expect((await doctor.get(path).set('Accept', page)).status).toBe(200);
  });

  it('closes a patient', async () => {
    const path = await opened(doctor, callOf(thorax));
    await doctor
      .post(`${path}/fermer`)
      .type('form')
      .send({ _csrf: await formMark(doctor) });
    expect((await doctor.get(path).set('Accept', page)).status).toBe(404);
  });

  it('never writes a patient into the log', () => {
    expect(bench.log.join('')).not.toMatch(/ESSAIDRIM|ÉPREUVEDRIM|AUTREDRIM|CAMILLE/);
    expect(bench.log.join('')).not.toContain(thorax.ins);
  });
});
