import type TestAgent from 'supertest/lib/agent';
import { DataSource } from 'typeorm';
import { ViewerGrants, ViewerOpening } from '../../src/viewer';
import { whileTrailRefuses } from '../support/audit-rows';
import { formMark } from '../support/portal-bench';
import { ScheduledSource } from '../support/scheduled-source';
import { filesOf, startViewerBench, ViewerBench, viewerPatientOf } from '../support/viewer-bench';

/** Real: the whole gateway, its database, the sandbox's PACS and Pro Santé Connect. No browser. */
describe('the data of the viewer', () => {
  let bench: ViewerBench;
  let agent: TestAgent;
  beforeAll(async () => {
    bench = await startViewerBench({ instances: 6, columns: 64 });
    agent = await bench.loggedIn('generaliste');
  });
  afterAll(() => bench.close());

  /** Follows the link of a report; answers the grant's id. Further answers carry its cookie. */
  async function open(order = 0): Promise<string> {
    const link = await agent.get(bench.link(bench.studies[order]));
    expect(link.headers.location).toMatch(/^\/images-du-compte-rendu\/[\w-]{32}\/professionnel$/);
    const opened = await agent.get(link.headers.location);
    expect([opened.status, opened.headers.location]).toEqual([303, expect.stringMatching(/^\/view\//)]);
    expect(String(opened.headers['set-cookie'])).toMatch(/Path=\/dicomweb\/[\w-]+; Secure; HttpOnly; SameSite=Strict/);
    return opened.headers.location.slice('/view/'.length);
  }

  /** The newest lines of the trail about the viewer, the last one first. */
  const lines = (count: number) =>
    bench.app
      .get(DataSource)
      .query<object[]>(
        `SELECT kind, outcome, error_code, actor FROM audit_record WHERE kind LIKE 'viewer.%' ORDER BY id DESC LIMIT $1`,
        [count],
      );

  it('is a DICOMweb of the granted study and of nothing else', async () => {
    const [study, other] = bench.studies;
    const base = `/dicomweb/${await open()}`;
    const found = await agent.get(`${base}/studies`);
    expect(found.body).toHaveLength(1);
    const metadata = await agent
      .get(`${base}/studies/${study.studyInstanceUid}/series/${study.seriesInstanceUids[0]}/metadata`)
      .buffer(true)
      .parse((response, done) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => done(null, JSON.parse(Buffer.concat(parts).toString())));
      });
    expect(metadata.body).toHaveLength(6);
    expect((await agent.get(`${base}/studies/${other.studyInstanceUid}/metadata`)).status).toBe(404);
    expect((await agent.get(`${base}/studies?StudyInstanceUID=${other.studyInstanceUid}`)).body).toEqual([]);
  });

  it('gives frames in the syntax they are stored in, pictures, and whole objects', async () => {
    const [study] = bench.studies;
    const series = study.seriesInstanceUids[0];
    const path = `/dicomweb/${await open()}/studies/${study.studyInstanceUid}/series/${series}/instances/${series}.1`;
    const frame = await agent.get(`${path}/frames/1`).buffer(true);
    expect(frame.headers['content-type']).toMatch(/^multipart\/related; type="(image\/jls|application\/octet-stream)"/);
    const picture = await agent.get(`${path}/rendered`);
    expect([picture.headers['content-type'], picture.body.subarray(0, 2).toString('hex')]).toEqual([
      'image/jpeg',
      'ffd8',
    ]);
    const object = await agent.get(path).set('Accept', 'application/dicom').buffer(true);
    expect(object.headers['content-type']).toBe('application/dicom');
  });

  it('says by code and problem what it cannot give', async () => {
    const [study] = bench.studies;
    const series = study.seriesInstanceUids[0];
    const root = `/dicomweb/${await open()}/studies/${study.studyInstanceUid}`;
    const image = `${root}/series/${series}/instances/${series}.1`;
    const frames = 'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80';
    const answers: [string, string | undefined, number, string][] = [
      [`${root}/series/1.2.3/instances/1.2.4/frames/1`, undefined, 404, 'viewer.not-granted'],
      [`${root}/series/${series}/instances/1.2.4/bulkdata/00420011`, undefined, 404, 'viewer.not-granted'],
      [`${image}/frames/2`, undefined, 404, 'viewer.not-there'],
      [`${image}/frames/0`, undefined, 404, 'viewer.not-granted'],
      [`${image}/frames/1`, 'multipart/related; type="video/mp4"', 406, 'viewer.not-acceptable'],
      [`${image}/bulkdata/00420011`, undefined, 404, 'viewer.not-there'],
      [`${image}/bulkdata/00080005`, 'image/png', 406, 'viewer.not-acceptable'],
      [`${image}/bulkdata/nonsense`, undefined, 404, 'viewer.not-granted'],
    ];
    for (const [path, accept, status, code] of answers) {
      const answer = await agent.get(path).set('Accept', accept ?? '*/*');
      expect([path, answer.status, answer.body.code]).toEqual([path, status, code]);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
    expect((await agent.get(`${image}/frames/1`).set('Accept', frames)).status).toBe(200);
    expect((await agent.get(`${image}/bulkdata/00080005`)).status).toBe(200);
  });

  it('gives 502 with the reason when the PACS no longer holds an image', async () => {
    const [study] = bench.studies;
    const series = study.seriesInstanceUids[0];
    const source = new ScheduledSource(await filesOf(study), viewerPatientOf(study));
    source.fail(`${series}.2`);
    const professional = { id: '899900000017', name: 'ESSAI' };
    const opening = bench.app.get(ViewerOpening, { strict: false });
    const { grant, key } = await opening.open({ sessionId: 'elsewhere', professional, sources: [source] });
    const path = `/dicomweb/${grant.id}/studies/${study.studyInstanceUid}/series/${series}/instances/${series}.2`;
    const cookie = `__Secure-drimbox-view=${key}`;
    for (const what of ['frames/1', 'bulkdata/00420011', 'rendered', 'metadata', '']) {
      const answer = await bench.visitor().get(`${path}/${what}`.replace(/\/$/, '')).set('Cookie', cookie);
      expect([what, answer.status, answer.body.code]).toEqual([what, 502, 'viewer.image-unavailable']);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(JSON.stringify(answer.body)).not.toMatch(/ESSAIDRIM/);
    }
  });

  it('lists key images of notes and of the reader, whose marks end with the viewer', async () => {
    const [, , mr] = bench.studies;
    const id = await open(2);
    const series = mr.seriesInstanceUids[0];
    const read = () => agent.get(`/view/${id}/key-images`).set('Accept', 'application/json');
    let answer = await read();
    // The note comes after the images.
    for (let tries = 0; tries < 600 && answer.body.groups.length === 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      answer = await read();
    }
    expect(answer.body.groups).toEqual([
      expect.objectContaining({ title: 'D’intérêt', text: 'Images à regarder en premier' }),
    ]);
    expect(answer.body.groups[0].images).toHaveLength(2);
    expect((await agent.get(answer.body.groups[0].images[0].address)).headers['content-type']).toBe('image/jpeg');
    const mark = (body: object, token: string) =>
      agent.post(`/view/${id}/marks`).set('Accept', 'application/json').set('X-CSRF-Token', token).send(body);
    const token = await formMark(agent);
    const image = `${series}.1`;
    const marked = await mark({ instance: image, marked: true }, token);
    expect([marked.status, marked.body.marks, marked.body.groups[0].title]).toEqual([
      200,
      [image],
      'Marquées par vous (le temps de cette lecture)',
    ]);
    expect((await mark({ instance: image, marked: false }, token)).body.marks).toEqual([]);
    expect((await mark({ instance: image, marked: true }, 'x')).status).toBe(403);
    expect((await mark({ instance: image, marked: 'yes' }, token)).status).toBe(400);
    expect((await mark({ instance: '<b>', marked: true }, token)).status).toBe(400);
    expect((await mark({ instance: '1.2.3', marked: true }, token)).body.code).toBe('viewer.not-granted');
    const other = await bench.loggedIn('radiologue');
    expect((await other.get(`/view/${id}/key-images`).set('Accept', 'application/json')).status).toBe(404);
  });

  it('keeps the session of a reader at work', async () => {
    const id = await open();
    const present = async (by: typeof agent, token: string) =>
      by.post(`/view/${id}/presence`).set('Accept', 'application/json').set('X-CSRF-Token', token);
    const answer = await present(agent, await formMark(agent));
    expect(answer.status).toBe(204);
    expect(String(answer.headers['set-cookie'])).toMatch(/__Host-drimbox=[^;]+;.*Expires=/);
    expect((await present(agent, 'x')).status).toBe(403);
    const other = await bench.loggedIn('radiologue');
    expect((await present(other, await formMark(other))).status).toBe(404);
  });

  it('asks again for what was given up, for the session of the viewer only', async () => {
    const id = await open();
    const ask = async (by: typeof agent, token: string) =>
      by.post(`/view/${id}/retry`).set('Accept', 'application/json').set('X-CSRF-Token', token);
    expect((await ask(agent, await formMark(agent))).status).toBe(204);
    expect((await ask(agent, 'x')).status).toBe(403);
    const other = await bench.loggedIn('radiologue');
    expect((await ask(other, await formMark(other))).status).toBe(404);
    expect((await bench.visitor().post(`/view/${id}/retry`)).status).toBe(403);
  });

  it('is closed to another session, and without the cookie', async () => {
    const id = await open();
    const other = await bench.loggedIn('radiologue');
    for (const path of [
      `/view/${id}`,
      `/view/${id}/progress`,
      `/viewer/basic?grant=${id}`,
      `/dicomweb/${id}/studies`,
    ]) {
      expect([path, (await other.get(path).set('Accept', 'application/json')).status]).toEqual([path, 404]);
    }
    expect((await bench.visitor().get(`/dicomweb/${id}/studies`)).status).toBe(404);
  });

  it.each([
    [{ accessionNumber: 'AUTRE' }, 406],
    [{ idCDA: '1.2.3_AUTRE' }, 406],
    [{ studyUID: '1.2.3.4' }, 406],
  ])('refuses a link that says %j', async (change, status) => {
    const url = new URL(bench.link(bench.studies[0]), bench.url);
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    const link = await agent.get(url.pathname + url.search);
    const answer = await agent.get(link.headers.location).set('Accept', 'text/html');
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('Ce lien ne correspond à aucun examen publié');
  });

  it('names what is wrong with a link to the log only, and refuses a patient with a clear page', async () => {
    const bad = await agent.get('/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3').set('Accept', 'text/html');
    expect([bad.status, bad.text.includes('incomplet')]).toEqual([400, true]);
    const link = await bench.visitor().get(bench.link(bench.studies[0]));
    const patient = await bench.visitor().get(`${link.headers.location}/patient`).set('Accept', 'text/html');
    expect([patient.status, patient.text.includes('Mon espace santé')]).toEqual([403, true]);
    const address = expect.stringContaining('127.0.0.1') as string;
    expect(await lines(2)).toEqual([
      { kind: 'viewer.refused', outcome: 'refused', error_code: 'viewer.patient-access', actor: { address } },
      {
        kind: 'viewer.refused',
        outcome: 'refused',
        error_code: 'viewer.invoke-malformed',
        actor: { professionalId: '899900000025', professionalName: 'DOMINIQUE ESSAI-GENERALISTE', address },
      },
    ]);
  });

  it('uses a link once, and writes no identity to the log', async () => {
    const link = await agent.get(bench.link(bench.studies[0]));
    await agent.get(link.headers.location);
    expect((await agent.get(link.headers.location).set('Accept', 'text/html')).status).toBe(410);
    expect(await lines(1)).toMatchObject([
      { error_code: 'viewer.invoke-expired', actor: { structureId: '999900000000050' } },
    ]);
    expect(bench.log.join('')).not.toMatch(/ESSAIDRIM|DEMO2610001/);
  });

  it('asks for the situation when there are several, and names structure and address in the trail', async () => {
    const radiologist = await bench.loggedIn('radiologue');
    const link = (await radiologist.get(bench.link(bench.studies[0]))).headers.location ?? '';
    const follow = () => radiologist.get(link).set('Accept', 'text/html');
    const asked = (await follow()).headers.location ?? '';
    expect(asked).toBe(`/login/situation?next=${encodeURIComponent(link)}`);
    const form = { _csrf: await formMark(radiologist), structure: '999900000000043', next: link };
    expect((await radiologist.post('/login/situation').type('form').send(form)).headers.location).toBe(link);
    expect((await follow()).headers.location).toMatch(/^\/view\//);
    const actor = {
      professionalId: '899900000017',
      professionalName: 'CAMILLE ESSAI-RADIOLOGUE',
      structureId: '999900000000043',
      address: expect.stringContaining('127.0.0.1') as string,
    };
    const opened = { outcome: 'success', error_code: null, actor };
    expect(await lines(2)).toEqual([
      { kind: 'viewer.opened', ...opened },
      { kind: 'viewer.link-opened', ...opened },
    ]);
    const unpublished = new URL(bench.link(bench.studies[0]), bench.url);
    unpublished.searchParams.set('studyUID', '1.2.3.4');
    const away = await radiologist.get(unpublished.pathname + unpublished.search);
    await radiologist.get(away.headers.location ?? '').set('Accept', 'text/html');
    expect(await lines(1)).toEqual([
      { kind: 'viewer.refused', outcome: 'refused', error_code: 'viewer.invoke-refused', actor },
    ]);
  });

  it('opens nothing that the trail refuses, and tells it as a failure', async () => {
    const grants = bench.app.get(ViewerGrants, { strict: false });
    const before = grants.count;
    const answer = await whileTrailRefuses(bench.app.get(DataSource), 'viewer.opened', async () => {
      const link = await agent.get(bench.link(bench.studies[0]));
      return agent.get(link.headers.location).set('Accept', 'text/html');
    });
    expect([answer.status, grants.count]).toEqual([500, before]);
    expect(await lines(1)).toMatchObject([{ outcome: 'failure', error_code: 'platform.internal' }]);
  });
});
