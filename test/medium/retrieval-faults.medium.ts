import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { demoPatients, generateDemoStudies, manifestFile } from '../../sandbox/demo-data';
import { exchangeBasePath } from '../../sandbox/ready';
import { PACS_DIRECTORY, type PacsDirectory } from '../../src/connectors/pacs';
import { WhitelistService } from '../../src/connectors/whitelist';
import { persistenceConfig } from '../../src/platform/persistence';
import { ByteProxy } from '../support/byte-proxy';
import { formMark } from '../support/portal-bench';
import { startTwoHospitals, type TwoHospitals } from '../support/two-hospitals';

type Agent = Awaited<ReturnType<TwoHospitals['loggedIn']>>;
type Answer = { on(event: string, take: (chunk: Buffer) => void): unknown; destroy(): unknown };
const page = 'text/html,application/xhtml+xml';
const { head, thorax } = demoPatients;

interface Progress {
  readonly expected: number;
  readonly arrived: number;
  readonly failed: number;
  readonly trouble?: string;
}

interface Viewed {
  readonly agent: Agent;
  readonly grant: string;
  readonly dossier: string;
  readonly exam: string;
}

/**
 * What a physician sees when the other hospital misbehaves. Real: both gateways (the other one a process of its own) with their
 * certificates, databases and PACS, mutual TLS, Pro Santé Connect and DMP of the sandbox; a proxy does the harm on the wire.
 */
describe('faults of another hospital', () => {
  let both: TwoHospitals;
  let doctor: Agent;

  beforeAll(async () => {
    both = await startTwoHospitals({
      DRIMBOX_PEER_SILENCE_MS: '5000',
      DRIMBOX_PEER_FAILURES_MAX: '100',
      DRIMBOX_RETRIEVAL_ATTEMPTS_MAX: '2',
      DRIMBOX_RETRIEVAL_CACHE_BYTES_MAX: '16777216',
      DRIMBOX_RETRIEVAL_MEMORY_BYTES_MAX: '1048576',
      DRIMBOX_PORTAL_REQUESTS_PER_MINUTE: '10000',
      DRIMBOX_PORTAL_FORMS_PER_MINUTE: '10000',
    });
    both.record(9002);
    doctor = await both.loggedIn('generaliste');
  }, 480_000);
  afterAll(() => both?.close());
  beforeEach(() => {
    both.proxy.does({});
    both.record(9003);
  });
  /** Nothing of one test is in the cache of the next. */
  afterEach(async () => {
    for (const dossier of opened.splice(0)) await closeAt(dossier);
  });
  const opened: string[] = [];

  /** From the call to the viewer of the patient's exam. */
  async function view(patient = head): Promise<Viewed> {
    const dossier = await both.open(doctor, patient);
    opened.push(dossier);
    const list = await doctor.get(dossier).set('Accept', page);
    const exam = /data-exam="([^"]+)"/.exec(list.text)?.[1] ?? '';
    return reopen({ agent: doctor, grant: '', dossier, exam });
  }

  /** What "try again" does: the exam is opened anew from the list. */
  async function reopen(viewed: Viewed): Promise<Viewed> {
    const opened = await doctor.get(`${viewed.dossier}/examens/${viewed.exam}/images`).set('Accept', page);
    expect(opened.status).toBe(303);
    return { ...viewed, grant: /\/view\/([\w-]+)/.exec(opened.headers.location ?? '')?.[1] ?? '' };
  }

  /** The events of the viewer's page until one of them fits. */
  async function progress(
    { grant }: Viewed,
    fits = ({ expected, arrived, failed }: Progress) => arrived + failed >= expected,
  ): Promise<Progress> {
    const events: Progress[] = [];
    const read = (answer: Answer, done: (error: Error | null, body: unknown) => void) => {
      let text = '';
      let ended = false;
      const end = () => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        done(null, events.at(-1));
        answer.destroy();
      };
      const timer = setTimeout(end, 120_000);
      answer.on('data', (chunk) => {
        text += chunk.toString();
        for (const match of text.matchAll(/^data: (.+)\n\n/gm)) events.push(JSON.parse(match[1] ?? '{}') as Progress);
        text = text.slice(text.lastIndexOf('\n\n') + 2);
        if (events.some(fits)) end();
      });
    };
    await doctor
      .get(`/view/${grant}/progress`)
      .buffer(true)
      .parse(read as never)
      .catch(() => undefined);
    return events.find(fits) ?? events.at(-1) ?? { expected: 0, arrived: 0, failed: 0 };
  }

  /** The report and the key images of 9003 are so small that they come whole before the harm is done. */
  const documents = 2;
  const objects = (number: number) => both.study(number).objects;
  const series = (number: number) => objects(number)[0]?.seriesInstanceUid ?? '';
  const studyPath = (number: number) => `studies/${both.study(number).studyInstanceUid}`;

  async function object({ grant }: Viewed, number: number, sopInstanceUid: string, seriesUid = series(number)) {
    const path = `/dicomweb/${grant}/${studyPath(number)}/series/${seriesUid}/instances/${sopInstanceUid}`;
    return doctor
      .get(path)
      .set('Accept', 'application/dicom')
      .buffer(true)
      .parse(bytesOf as never);
  }

  const bytesOf = (answer: Answer, done: (error: Error | null, body: Buffer) => void) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => void chunks.push(chunk));
    answer.on('end', () => done(null, Buffer.concat(chunks)));
  };

  const complete = (viewed: Viewed) =>
    progress(viewed, ({ expected, arrived }) => expected > 0 && arrived === expected);

  async function mends(viewed: Viewed, number = 9003): Promise<void> {
    both.proxy.does({});
    const again = await reopen(viewed);
    const all = await complete(again);
    expect(all).toMatchObject({ expected: objects(number).length, arrived: objects(number).length, failed: 0 });
    expect(all.trouble).toBeUndefined();
    expect((await object(again, number, objects(number)[0]?.sopInstanceUid ?? '')).status).toBe(200);
    await close(again);
  }

  const close = ({ dossier }: Viewed) => closeAt(opened.splice(opened.indexOf(dossier), 1)[0] ?? dossier);

  async function closeAt(dossier: string): Promise<void> {
    const closed = await doctor
      .post(`${dossier}/fermer`)
      .type('form')
      .send({ _csrf: await formMark(doctor) });
    expect(closed.status).toBe(303);
  }

  it('answers cut again and again: what came stays, the rest is asked for until all is here', async () => {
    both.proxy.does({ cutAfter: 1_000_000 });
    const viewed = await view();
    const all = await complete(viewed);
    expect(all).toMatchObject({ arrived: objects(9003).length, failed: 0 });
    expect(both.proxy.connections).toBeGreaterThan(3);
    const sent = new Map<string, Buffer>();
    for (const study of generateDemoStudies().filter(({ studyInstanceUid }) => studyInstanceUid.endsWith('.9003')))
      for await (const { sopInstanceUid, bytes } of study.files()) sent.set(sopInstanceUid, bytes);
    for (const { sopInstanceUid, seriesInstanceUid } of objects(9003).slice(0, 6)) {
      const { status, body } = await object(viewed, 9003, sopInstanceUid, seriesInstanceUid);
      expect(status).toBe(200);
      const pixels = sent.get(sopInstanceUid)?.subarray(-100_000) ?? Buffer.alloc(0);
      expect((body as Buffer).includes(pixels)).toBe(true);
    }
    await close(viewed);
  });

  it('cut before any image is whole: says so, and a new try succeeds', async () => {
    both.proxy.does({ cutAfter: 60_000 });
    const viewed = await view();
    const { failed, trouble } = await progress(viewed);
    expect(failed).toBe(objects(9003).length - documents);
    expect(trouble).toMatch(/interrompu|injoignable/);
    await mends(viewed);
  });

  it('a hospital that falls silent: says that it takes too long, and a new try succeeds', async () => {
    both.proxy.does({ stallAfter: 60_000 });
    const viewed = await view();
    const { failed, trouble } = await progress(viewed);
    expect(failed).toBe(objects(9003).length - documents);
    expect(trouble).toContain('trop de temps');
    await mends(viewed);
  });

  it('a hospital whose gateway dies and comes back', async () => {
    both.remote.gateway.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const viewed = await view();
    const { arrived, trouble } = await progress(viewed);
    expect(arrived).toBe(0);
    expect(trouble).toMatch(/interrompu|injoignable/);
    await both.restartRemote();
    await mends(viewed);
  });

  it('a record that is silent: the images of a manifest that the patient brought are fetched and seen all the same', async () => {
    const { faults } = both.neighbours.dmp;
    faults.set({ transaction: 'td02', kind: 'http', status: 503 });
    try {
      const dossier = await both.open(doctor, head);
      opened.push(dossier);
      const study = both.study(9003);
      const retrieveBase = `https://localhost:${both.proxy.port}${exchangeBasePath}`;
      const { bytes } = manifestFile({ ...study, retrieveBase, sopInstanceUid: study.kosSopInstanceUid });
      const mark = await formMark(doctor);
      const added = await doctor
        .post(`${dossier}/fichiers`)
        .set({ 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': mark, Accept: 'application/json' })
        .send(bytes);
      const [exam = ''] = (added.body as { exams: string[] }).exams;
      const viewed = await reopen({ agent: doctor, grant: '', dossier, exam });
      expect(await complete(viewed)).toMatchObject({ arrived: objects(9003).length, failed: 0 });
      expect((await object(viewed, 9003, objects(9003)[0]?.sopInstanceUid ?? '')).status).toBe(200);
      await close(viewed);
    } finally {
      faults.clear();
    }
  });

  it('an image of another patient: not a byte of it is reachable, the others are seen', async () => {
    const [, wrong] = objects(9003);
    const uid = wrong?.sopInstanceUid ?? '';
    const [original, altered] = await remoteFile(uid, head.birthDate, '19480924');
    await both.remote.pacs?.storeFiles([altered]);
    try {
      const viewed = await view();
      const { arrived, failed, trouble } = await progress(viewed);
      expect([arrived, failed]).toEqual([objects(9003).length - 1, 1]);
      expect(trouble).toContain("ne porte pas l'identité du patient");
      expect(await unreachable(viewed, uid)).toEqual([]);
      expect((await object(viewed, 9003, objects(9003)[0]?.sopInstanceUid ?? '')).status).toBe(200);
      // Whatever is on disk cannot be read without the key; the name of nothing tells an object.
      expect(cacheContains(Buffer.from('19480924'))).toBe(false);
      expect(await audited('retrieval.object-refused')).toBeGreaterThan(0);
      await close(viewed);
    } finally {
      await both.remote.pacs?.storeFiles([original]);
    }
    await mends(await view());
  });

  it('an image of a same-sex twin, under the INS of the call: whoever looks at it is told', async () => {
    const uid = objects(9003)[1]?.sopInstanceUid ?? '';
    const [original, altered] = await remoteFile(uid, 'JEAN-NO', 'PIERRE-');
    await both.remote.pacs?.storeFiles([altered]);
    try {
      const viewed = await view();
      const all = await complete(viewed);
      expect(all).toMatchObject({ arrived: objects(9003).length, failed: 0 });
      expect(all.trouble).toContain("un prénom qui n'est pas celui du patient");
      expect(await audited('retrieval.name-differs')).toBe(1);
      await close(viewed);
    } finally {
      await both.remote.pacs?.storeFiles([original]);
    }
    await mends(await view());
  });

  it('an image that the manifest does not list is dropped', async () => {
    const extra = objects(9003)[2]?.sopInstanceUid ?? '';
    both.record(9003, { without: [extra] });
    const viewed = await view();
    const all = await complete(viewed);
    expect(all).toMatchObject({ expected: objects(9003).length - 1, failed: 0 });
    expect(all.trouble).toContain("absentes de l'examen");
    expect(await unreachable(viewed, extra)).toEqual([]);
    await close(viewed);
  });

  it('a host outside the white list hears nothing: no connection, no token', async () => {
    const stranger = await ByteProxy.start(0);
    both.record(9003, { base: `https://127.0.0.1:${stranger.port}${exchangeBasePath}` });
    const before = both.proxy.connections;
    const viewed = await view();
    const { arrived, trouble } = await progress(viewed);
    expect([arrived, stranger.connections, both.proxy.connections - before]).toEqual([0, 0, 0]);
    expect(trouble).toContain('liste blanche');
    await stranger.stop();
    await close(viewed);
    both.record(9003);
    await mends(await view());
  });

  it('a token that ended: says who refuses it, and a new try succeeds', async () => {
    both.neighbours.psc.behave({ inactive: true });
    const viewed = await view();
    const { arrived, trouble } = await progress(viewed);
    both.neighbours.psc.behave({});
    expect(arrived).toBe(0);
    expect(trouble).toMatch(/Pro Santé Connect|connexion|session/i);
    await mends(viewed);
  });

  it('a hospital that leaves the white list meanwhile is not asked any more', async () => {
    const service = both.app.get(WhitelistService, { strict: false });
    const { pki, whiteList } = both.neighbours;
    const listed = (host: string) => [
      { db: host, vi: host, denomination: 'DRIMbox paire', dn: pki.members.remote.dn },
      { db: 'db1.test.mesimagesmedicales.fr', denomination: 'DRIMbox de demonstration', dn: pki.members.gateway.dn },
    ];
    both.proxy.does({ bytesPerSecond: 600_000 });
    const viewed = await view();
    await progress(viewed, ({ arrived }) => arrived > 0);
    whiteList.publish(listed('parti.test.mesimagesmedicales.fr'));
    await service.refresh();
    const { arrived, failed, trouble } = await progress(viewed);
    expect(arrived).toBeLessThan(objects(9003).length);
    expect(failed).toBeGreaterThan(0);
    expect(trouble).toContain('liste blanche');
    const before = both.proxy.connections;
    await progress(await reopen(viewed));
    expect(both.proxy.connections).toBe(before);
    whiteList.publish(listed('localhost'));
    await service.refresh();
    await mends(viewed);
  });

  it('no room left for images: they are shown all the same, it is said, and the disk keeps its limit', async () => {
    const viewed = await view(thorax);
    const all = await progress(
      viewed,
      ({ arrived, trouble }) => arrived === objects(9002).length && trouble !== undefined,
    );
    expect(all).toMatchObject({ arrived: objects(9002).length, failed: 0 });
    expect(all.trouble).toContain("L'espace temporaire d'images est plein");
    expect(cacheBytes()).toBeLessThanOrEqual(16_777_216);
    for (const { sopInstanceUid } of [objects(9002).at(-1), objects(9002)[0]].flatMap((one) => one ?? []))
      expect((await object(viewed, 9002, sopInstanceUid)).status).toBe(200);
    await close(viewed);
    expect(cacheBytes()).toBe(0);
    await mends(await view());
  });

  it('an import that was cut says what is missing, goes on, and is found by C-FIND', async () => {
    both.proxy.does({ cutAfter: 60_000 });
    const dossier = await both.open(doctor, head);
    opened.push(dossier);
    const list = await doctor.get(dossier).set('Accept', page);
    const exam = /data-exam="([^"]+)"/.exec(list.text)?.[1] ?? '';
    const choice = await doctor.get(`${dossier}/import?examens=${exam}`).set('Accept', page);
    const uids = [...choice.text.matchAll(/name="series" value="([\d.]+)"/g)].map(([, uid]) => uid ?? '');
    const send = async (path: string, more: object = {}) =>
      doctor
        .post(`${dossier}${path}`)
        .type('form')
        .send({ _csrf: await formMark(doctor), ...more });
    expect((await send('/import', { examens: exam, series: uids })).status).toBe(303);
    const ended = async (state: string) => {
      for (let tries = 0; tries < 1_200; tries++) {
        const { imports } = (await doctor.get(`${dossier}/imports/etat`)).body as {
          imports: { id: string; state: string; text: string }[];
        };
        if (imports[0]?.state === state) return imports[0];
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`never ${state}`);
    };
    const { id, text } = await ended('incomplete');
    expect(text).toContain(`${objects(9003).length - documents} en échec`);
    const told = await doctor.get(`${dossier}/imports`).set('Accept', page);
    expect(told.text).toMatch(/interrompu|injoignable/);
    expect(told.text).toContain('Reprendre');
    both.proxy.does({});
    expect((await send(`/imports/${id}/reprendre`)).status).toBe(303);
    expect((await ended('done')).text).toContain(`${objects(9003).length} / ${objects(9003).length}`);
    const pacs = both.app.get<PacsDirectory>(PACS_DIRECTORY, { strict: false }).all[0];
    const found = await pacs?.findStudies({
      StudyInstanceUID: both.study(9003).studyInstanceUid,
      PatientID: head.patientId,
      NumberOfStudyRelatedInstances: '',
    });
    expect(found).toMatchObject([{ NumberOfStudyRelatedInstances: [String(objects(9003).length)] }]);
    // Somebody else's address tells nothing, and an import of another patient is not found.
    const other = await both.loggedIn('radiologue');
    expect((await other.get(`${dossier}/imports/${id}`).set('Accept', page)).status).toBe(404);
    const elsewhere = await both.open(doctor, thorax);
    expect((await doctor.get(`${elsewhere}/imports/${id}`).set('Accept', page)).status).toBe(404);
  });

  it('a logout leaves nothing: no patient, no image on disk, no key', async () => {
    const agent = await both.loggedIn('radiologue');
    const before = doctor;
    doctor = agent;
    try {
      const dossier = await both.open(agent, head);
      await doctor
        .post(`${dossier}/situation`)
        .type('form')
        .send({ _csrf: await formMark(doctor), structure: '999900000000019' });
      const list = await doctor.get(dossier).set('Accept', page);
      const exam = /data-exam="([^"]+)"/.exec(list.text)?.[1] ?? '';
      const viewed = await reopen({ agent, grant: '', dossier, exam });
      expect((await complete(viewed)).arrived).toBe(objects(9003).length);
      const patients = await doctor.get('/dossiers').set('Accept', page);
      expect(patients.text).toContain(head.family);
      await until(() => cacheBytes() > 1_000_000);
      await doctor
        .post('/logout')
        .type('form')
        .send({ _csrf: await formMark(doctor) });
      await until(() => cacheBytes() === 0);
      expect(await both.query('SELECT id FROM consumer_kept_exam')).toEqual([]);
      expect((await object(viewed, 9003, objects(9003)[0]?.sopInstanceUid ?? '')).status).toBeGreaterThanOrEqual(400);
      expect((await doctor.get('/dossiers').set('Accept', page)).status).toBe(303);
    } finally {
      doctor = before;
    }
  });

  it('names no patient in any log line, of either gateway', () => {
    const remoteLog = readFileSync(both.remoteLog, 'utf8');
    expect(both.log.length).toBeGreaterThan(10);
    for (const text of [both.log.join(''), remoteLog]) {
      expect(text).not.toMatch(/ÉPREUVEDRIM|ESSAIDRIM|19480923|19620112/);
      expect(text).not.toContain(head.ins);
    }
  });

  async function until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 1_200 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(holds()).toBe(true);
  }

  /** Every address at which a byte of an object could be had, that does give something. */
  async function unreachable({ grant }: Viewed, uid: string): Promise<string[]> {
    const base = `/dicomweb/${grant}/${studyPath(9003)}`;
    const one = `${base}/series/${series(9003)}/instances/${uid}`;
    const given: string[] = [];
    for (const path of [one, `${one}/frames/1`, `${one}/metadata`, `${one}/rendered`, `${one}/thumbnail`]) {
      const { status } = await doctor.get(path).buffer(true);
      if (status < 400) given.push(path);
    }
    return given;
  }

  const cacheDir = () => {
    const { dataDir } = both.app.get<{ dataDir: string }>(persistenceConfig.token, { strict: false });
    return join(dataDir, 'retrieval');
  };
  const cacheFiles = () =>
    readdirSync(cacheDir(), { recursive: true })
      .map((name) => join(cacheDir(), String(name)))
      .filter((path) => statSync(path).isFile());
  const cacheBytes = () => cacheFiles().reduce((sum, path) => sum + statSync(path).size, 0);
  const cacheContains = (bytes: Buffer) => cacheFiles().some((path) => readFileSync(path).includes(bytes));

  async function audited(kind: string): Promise<number> {
    const rows = await both.query<{ count: string }>('SELECT count(*) AS count FROM audit_record WHERE kind = $1', [
      kind,
    ]);
    return Number(rows[0]?.count);
  }

  /** A file of the other hospital as it is, and with one text of the same length replaced. */
  async function remoteFile(uid: string, from: string, to: string): Promise<[Buffer, Buffer]> {
    for (const study of generateDemoStudies().filter(({ studyInstanceUid }) => studyInstanceUid.endsWith('.9003')))
      for await (const { sopInstanceUid, bytes } of study.files())
        if (sopInstanceUid === uid) {
          const altered = Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
          expect(altered.equals(bytes)).toBe(false);
          return [bytes, altered];
        }
    throw new Error('no such file');
  }
});
