import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../../src/platform/errors';
import type { OpenedExam } from '../../src/consumer/retrieval';
import { imageFile, remoteExam, RemoteExam } from '../support/remote-images';
import { otherStructure, RetrievalBench } from '../support/retrieval-bench';
import type { PeerAnswer } from '../support/scripted-peer';

/** Real: TLS with both certificates, PostgreSQL, the disk. Doubled: the other hospital, by a script; the token. */
describe('retrieval from another hospital', () => {
  let bench: RetrievalBench;
  let exam: RemoteExam;
  let count = 0;
  const signal = () => AbortSignal.timeout(120_000);
  const opened: OpenedExam[] = [];

  beforeAll(async () => {
    bench = await RetrievalBench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.peer.asked.length = 0;
    bench.audit.events.length = 0;
    bench.hosts.listed.add('localhost');
    exam = remoteExam(bench.peer.base, [6, 3], `1.2.250.1.999.${++count}`);
    bench.peer.script = (path) => answerOf(exam, path);
  });
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  function answerOf({ files }: RemoteExam, path: string): PeerAnswer {
    const [, series = '', instance] = /\/series\/([\d.]+)(?:\/instances\/([\d.]+))?$/.exec(path) ?? [];
    const found = files.get(series);
    if (!found) return { status: 404 };
    const one = instance === undefined ? undefined : found.get(instance);
    return { files: instance === undefined ? [...found.values()] : one ? [one] : [] };
  }

  const folders = () => readdirSync(bench.folder).filter((name) => !name.startsWith('.'));
  /** Images on disk of exams opened since then, without those that are still being written. */
  const filesKeptSince = (before: readonly string[]) =>
    folders()
      .filter((name) => !before.includes(name))
      .flatMap((name) => readdirSync(join(bench.folder, name)))
      .filter((name) => !name.endsWith('.part')).length;
  const seriesOf = (index: number) => exam.manifest.studies[0]?.series[index];
  const uids = (index: number) => seriesOf(index)?.instances.map(({ sopInstanceUid }) => sopInstanceUid) ?? [];
  const open = async (options = {}, over = {}) => {
    const room = await bench.room(options);
    const handle = await room.retrievals.openExam(bench.exam(exam, over));
    opened.push(handle);
    handle.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
    return { ...room, handle };
  };
  const settled = async (handle: OpenedExam) => {
    for await (const progress of handle.watch(signal(), 10)) if (handle.progress() === undefined) return progress;
    return handle.progress();
  };
  /** The disk and the trail follow the images; they are waited for. */
  const until = async (what: string, isSo: () => boolean) => {
    for (let round = 0; round < 6_000; round++) {
      if (isSo()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`waited in vain: ${what}`);
  };
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'arrived',
      (error: unknown) => GatewayError.of(error)?.code,
    );

  it('asks series by series as the national examples do, and hands over the bytes that were sent', async () => {
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series.map(({ arrived, failed }) => [arrived, failed])).toEqual([
      [6, 0],
      [3, 0],
    ]);
    expect(progress.trouble).toBeUndefined();
    const [first] = bench.peer.asked;
    expect(first?.headers['kos-sopinstanceuid']).toBe(exam.manifest.sopInstanceUid);
    expect(first?.headers.authorization).toMatch(/^Bearer token-\d+$/);
    expect(first?.headers.accept).toContain('transfer-syntax=1.2.840.10008.1.2.4.70;q=0.9;boundary=**');
    expect(first?.clientSubject).toContain('OU=');
    expect(bench.peer.asked).toHaveLength(2);
    for (const uid of uids(0)) {
      const { dataset } = await handle.instance(uid, signal());
      const file = exam.files.get(seriesOf(0)?.seriesInstanceUid ?? '')?.get(uid);
      expect(file?.subarray(file.length - dataset.length).equals(dataset)).toBe(true);
    }
    await until('audit', () => bench.audit.events.length === 2);
    expect(bench.audit.events).toMatchObject([
      { kind: 'retrieval.series', outcome: 'success', facts: { host: 'localhost' } },
      { kind: 'retrieval.series', outcome: 'success' },
    ]);
  });

  /** Of this exam only: what a case before left under way may be told meanwhile. */
  const seriesTold = () =>
    bench.audit.events.filter(
      ({ kind, studyInstanceUid }) => kind === 'retrieval.series' && studyInstanceUid === exam.studyInstanceUid,
    );

  it('tells the part of a series that had arrived when the viewer was closed, and waits for it at the stop', async () => {
    bench.peer.script = (path) => ({ ...answerOf(exam, path), delayMs: 400 });
    const { handle, retrievals } = await open();
    handle.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
    await until('one image', () => handle.progress().series[0]?.arrived !== 0);
    await retrievals.closeAll();
    const told = seriesTold();
    expect(told.length).toBeGreaterThan(0);
    for (const event of told) expect(event).toMatchObject({ outcome: 'failure', errorCode: 'retrieval.not-open' });
    expect(told.reduce((sum, { instances = 0 }) => sum + instances, 0)).toBeGreaterThan(0);
  });

  it('tells later, with their time, what the trail would not take', async () => {
    const refusing = jest.spyOn(bench.audit, 'record').mockRejectedValue(new Error('the trail is away'));
    try {
      const { handle } = await open();
      await settled(handle);
      await until('both held', () => bench.audit.missing.held >= 2);
      const at = Date.now();
      refusing.mockRestore();
      await until('written', () => bench.audit.missing.held === 0);
      const told = seriesTold();
      expect(told.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
      for (const event of told) expect(event.at?.getTime()).toBeLessThanOrEqual(at);
    } finally {
      refusing.mockRestore();
    }
  });

  it('asks under the certificate of the structure for which the professional acts, on connections of its own', async () => {
    const acting = (structureId: string) => {
      const { professional } = bench.exam(exam).professional;
      const facts = { structureName: 'S', sector: 'SA01', profession: '10', family: 'F', given: 'G' };
      return { professional, situation: { structureId, ...facts }, accessToken: () => Promise.resolve(structureId) };
    };
    const room = await bench.room({ retrievals: { sharedBy: 'gateway' } });
    const subjects: (string | undefined)[] = [];
    for (const id of [otherStructure, '1750000009', otherStructure.slice(1)]) {
      bench.peer.asked.length = 0;
      const quality = subjects.length % 2 ? ('lossy' as const) : ('lossless' as const);
      const handle = await room.retrievals.openExam(bench.exam(exam, { professional: acting(id), quality }));
      handle.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
      await settled(handle);
      handle.close();
      await room.cache.releaseContext('context-1');
      subjects.push(
        ...new Set(bench.peer.asked.map(({ clientSubject }) => /CN=([^\n]+)/.exec(clientSubject ?? '')?.[1])),
      );
      expect(new Set(bench.peer.asked.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${id}`]));
    }
    const [own, other] = [bench.pki.members.remote, bench.pki.members.gateway].map(
      ({ dn }) => /CN=([^,]+)/.exec(dn)?.[1],
    );
    expect(own).not.toBe(other);
    expect(subjects).toEqual([own, other, own]);
  });

  it('fetches the series that is looked at before those that wait, and the others after it', async () => {
    exam = remoteExam(bench.peer.base, [2, 2, 2, 2], `1.2.250.1.999.${++count}`);
    const { handle } = await open({ retrievals: { seriesParallel: 1 } });
    handle.prefer(seriesOf(3)?.seriesInstanceUid ?? '');
    const progress = await settled(handle);
    expect(progress.series.map(({ arrived }) => arrived)).toEqual([2, 2, 2, 2]);
    const asked = bench.peer.asked.map(({ path }) =>
      exam.manifest.studies[0]?.series.findIndex(({ seriesInstanceUid }) =>
        path.endsWith(`/series/${seriesInstanceUid}`),
      ),
    );
    expect(asked.slice(2)).toEqual([1, 2]);
    expect(asked.slice(0, 2).sort()).toEqual([0, 3]);
  });

  it('shares one retrieval between the viewers of a professional, and not with another professional', async () => {
    const { retrievals, handle } = await open();
    const second = await retrievals.openExam(bench.exam(exam, { contextId: 'context-2' }));
    opened.push(second);
    await settled(handle);
    expect(second.progress().series[0]?.arrived).toBe(6);
    expect(bench.peer.asked).toHaveLength(2);
    handle.close();
    await expect(second.instance(uids(0)[2] ?? '', signal())).resolves.toBeDefined();
    const stranger = bench.exam(exam).professional;
    const other = await retrievals.openExam(
      bench.exam(exam, {
        professional: { ...stranger, professional: { ...stranger.professional, subjectNameId: '8999' } },
      }),
    );
    opened.push(other);
    await other.instance(uids(0)[0] ?? '', signal());
    expect(bench.peer.asked.length).toBeGreaterThan(2);
  });

  it('shares none with the same professional who acts for another structure', async () => {
    const acting = (structureId: string) => {
      const facts = { structureName: 'S', sector: 'SA01', profession: '10', family: 'F', given: 'G' };
      const professional = { ...bench.exam(exam).professional, situation: { structureId, ...facts } };
      return bench.exam(exam, { professional });
    };
    const { retrievals } = await bench.room();
    for (const structureId of ['1750000009', '1750000017', '1750000009']) {
      const handle = await retrievals.openExam(acting(structureId));
      opened.push(handle);
      handle.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
      await settled(handle);
    }
    // Two series for each structure, and nothing for who comes back to one.
    expect(bench.peer.asked).toHaveLength(4);
  });

  it('keeps only encrypted bytes on disk, which go with their patient', async () => {
    const { retrievals, handle } = await open();
    await settled(handle);
    const [folder = ''] = readdirSync(bench.folder).slice(-1);
    const list = () => readdirSync(join(bench.folder, folder)).filter((name) => !name.endsWith('.part'));
    await until('files', () => list().length === 9);
    const files = list();
    for (const name of files) {
      const bytes = readFileSync(join(bench.folder, folder, name));
      expect(bytes.includes('PAT-TROIS') || bytes.includes('1.2.840.10008')).toBe(false);
      expect(uids(0).some((uid) => name.includes(uid))).toBe(false);
    }
    await retrievals.forgetContext('context-1');
    expect(readdirSync(bench.folder)).not.toContain(folder);
    expect(await codeOf(handle.instance(uids(0)[0] ?? '', signal()))).toBe('retrieval.not-open');
    expect(bench.audit.events.map(({ kind }) => kind)).toContain('retrieval.purged');
  });

  it('after a restart asks only for what is missing, while the patient is still open', async () => {
    await bench.openContext(`open-${count}`);
    bench.peer.script = (path) => (path.endsWith('.1') ? answerOf(exam, path) : { status: 404 });
    const first = await open({}, { contextId: `open-${count}` });
    await settled(first.handle);
    await until('files', () => first.cache.bytes > 6 * 800);
    first.handle.close();
    bench.peer.asked.length = 0;
    bench.peer.script = (path) => answerOf(exam, path);
    const again = await open({}, { contextId: `open-${count}` });
    const progress = await settled(again.handle);
    expect(progress.series.map(({ arrived }) => arrived)).toEqual([6, 3]);
    expect(bench.peer.asked.map(({ path }) => path.replace(/.*series\//, ''))).toEqual([
      seriesOf(1)?.seriesInstanceUid,
    ]);
    const { dataset } = await again.handle.instance(uids(0)[4] ?? '', signal());
    expect(dataset.includes('PAT-TROIS')).toBe(true);
  });

  it('takes up a cut answer where it stopped', async () => {
    bench.peer.script = (path, attempt) => ({
      ...answerOf(exam, path),
      ...(attempt === 1 && path.endsWith('.1') ? { cutAfter: 4 } : {}),
    });
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series[0]).toMatchObject({ arrived: 6, failed: 0 });
    const singles = bench.peer.asked.filter(({ path }) => path.includes('/instances/'));
    expect(singles).toHaveLength(2);
  });

  it('fetches alone what a complete answer left out, and tells what is gone', async () => {
    const [, , absent = ''] = uids(0);
    bench.peer.script = (path) => {
      if (path.endsWith(`/instances/${absent}`)) return { status: 410 };
      const answer = answerOf(exam, path);
      return path.includes('/instances/') ? answer : { ...answer, status: 206, files: answer.files?.slice(0, 2) };
    };
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series[0]).toMatchObject({ arrived: 5, failed: 1 });
    expect(await codeOf(handle.instance(absent, signal()))).toBe('peer.gone');
  });

  it.each([
    ['another patient, by birth date', { birthDate: '19550101' }, 'retrieval.foreign-patient'],
    ['another patient, by sex', { sex: 'M' }, 'retrieval.foreign-patient'],
    ['another patient, by name', { patientName: 'AUTRE^PERSONNE' }, 'retrieval.foreign-patient'],
    ['a same-sex twin', { patientName: 'PAT-TROIS^CLAUDE' }, 'retrieval.foreign-patient'],
    ['another study', { studyInstanceUid: '1.2.250.1.666' }, 'retrieval.foreign-object'],
    ['another class', { sopClassUid: '1.2.840.10008.5.1.4.1.1.4' }, 'retrieval.foreign-object'],
  ])('shows no image of %s', async (_case, over, code) => {
    const { seriesInstanceUid = '' } = seriesOf(0) ?? {};
    const { studyInstanceUid } = exam;
    const [, wrong = ''] = uids(0);
    exam.files
      .get(seriesInstanceUid)
      ?.set(wrong, imageFile({ studyInstanceUid, seriesInstanceUid, sopInstanceUid: wrong, ...over }));
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series[0]).toMatchObject({ arrived: 5, failed: 1 });
    expect(progress.trouble).toMatch(/n'est pas affichée/);
    expect(await codeOf(handle.instance(wrong, signal()))).toBe(code);
    expect(await codeOf(handle.head(wrong, signal()))).toBe(code);
    expect(bench.audit.events).toContainEqual(
      expect.objectContaining({ kind: 'retrieval.object-refused', outcome: 'refused', errorCode: code }),
    );
  });

  it('shows an image whose family name nobody told, says so each time it is opened, and records it', async () => {
    const { seriesInstanceUid = '' } = seriesOf(0) ?? {};
    const { studyInstanceUid } = exam;
    const [, renamed = ''] = uids(0);
    const over = { studyInstanceUid, seriesInstanceUid, sopInstanceUid: renamed, patientName: 'AUTRE^DOMINIQUE' };
    exam.files.get(seriesInstanceUid)?.set(renamed, imageFile(over));
    const before = folders();
    const first = await open();
    const progress = await settled(first.handle);
    expect(progress.series[0]).toMatchObject({ arrived: 6, failed: 0 });
    expect(progress.trouble).toMatch(/un nom qui n'est pas celui du patient/);
    await until('the record', () => doubts().length === 1);
    expect(doubts()[0]).toMatchObject({
      kind: 'retrieval.name-differs',
      outcome: 'success',
      facts: { seriesInstanceUid, reason: 'family-differs' },
    });
    await until('files', () => filesKeptSince(before) === 9);
    first.handle.close();
    bench.peer.asked.length = 0;
    const again = await first.retrievals.openExam(bench.exam(exam));
    opened.push(again);
    await again.head(renamed, signal());
    expect(bench.peer.asked).toHaveLength(0);
    expect(again.progress().trouble).toMatch(/un nom qui n'est pas celui du patient/);
    await until('the record', () => doubts().length === 2);
  });
  const doubts = () => bench.audit.events.filter(({ kind }) => kind === 'retrieval.name-differs');

  it('keeps saying that an image was refused, and takes it once its source has put it right and somebody insists', async () => {
    const { seriesInstanceUid = '' } = seriesOf(0) ?? {};
    const { studyInstanceUid } = exam;
    const [, wrong = ''] = uids(0);
    const put = (over: object) =>
      exam.files
        .get(seriesInstanceUid)
        ?.set(wrong, imageFile({ studyInstanceUid, seriesInstanceUid, sopInstanceUid: wrong, ...over }));
    put({ birthDate: '19550101' });
    const { handle, retrievals } = await open();
    expect((await settled(handle)).series[0]).toMatchObject({ arrived: 5, failed: 1 });
    const other = await retrievals.openExam(bench.exam(exam));
    opened.push(other);
    expect(other.progress().trouble).toMatch(/ne porte pas l'identité/);
    put({});
    handle.retry();
    const mended = await settled(handle);
    expect([mended.series[0]?.arrived, mended.trouble]).toEqual([6, undefined]);
  });

  it('says when images lost something by compression', async () => {
    const { handle } = await open();
    expect((await settled(handle)).isLossy).toBe(false);
    const lossy = await open({ retrievals: { quality: 'lossy' } });
    expect(lossy.handle.progress().isLossy).toBe(true);
  });

  it('drops an image that the manifest does not list', async () => {
    const { seriesInstanceUid = '' } = seriesOf(0) ?? {};
    const extra = `${seriesInstanceUid}.999`;
    const { studyInstanceUid } = exam;
    exam.files
      .get(seriesInstanceUid)
      ?.set(extra, imageFile({ studyInstanceUid, seriesInstanceUid, sopInstanceUid: extra }));
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series[0]).toMatchObject({ arrived: 6, failed: 0 });
    expect(handle.hasArrived(extra)).toBe(false);
    expect(await codeOf(handle.instance(extra, signal()))).toBe('retrieval.not-listed');
    expect(progress.trouble).toContain('absentes');
  });

  it('sends nothing, not even a token, to a host that is not listed', async () => {
    bench.hosts.listed.clear();
    const before = bench.tokens;
    const { handle } = await open();
    const progress = await settled(handle);
    expect(progress.series[0]).toMatchObject({ arrived: 0, failed: 6 });
    expect(progress.trouble).toContain('liste blanche');
    expect([bench.tokens - before, bench.peer.asked.length]).toEqual([0, 0]);
  });

  it('stops at once when the host leaves the white list, and goes on when it is back', async () => {
    bench.peer.script = (path) => ({ ...answerOf(exam, path), delayMs: 200 });
    const { handle } = await open();
    await handle.instance(uids(0)[0] ?? '', signal());
    bench.hosts.listed.clear();
    for (const listener of bench.hosts.listeners) listener();
    expect(await codeOf(handle.instance(uids(0)[5] ?? '', signal()))).toBe('peer.unlisted');
    bench.hosts.listed.add('localhost');
    bench.peer.script = (path) => answerOf(exam, path);
    handle.retry();
    expect((await settled(handle)).series.map(({ arrived }) => arrived)).toEqual([6, 3]);
    expect(handle.progress().trouble).toBeUndefined();
  });

  it.each([
    ['a redirection', { status: 302, headers: { location: 'https://elsewhere.example/' } }, 'peer.redirected'],
    ['a refused token', { status: 401 }, 'peer.token-refused'],
    ['a refused certificate', { status: 403 }, 'peer.not-admitted'],
    ['an unknown manifest', { status: 404 }, 'peer.not-found'],
    ['a web page', { headers: { 'Content-Type': 'text/html' } }, 'peer.malformed'],
    ['a gateway that says nothing', { by: () => undefined }, 'peer.too-slow'],
    ['a transfer cut before its first image', { files: [Buffer.alloc(64)], cutAfter: 0 }, 'peer.cut'],
  ])('tells %s, and brings the images when asked again after it has passed', async (_case, answer, code) => {
    bench.peer.script = () => answer;
    const { handle } = await open({
      peer: { silenceMs: 400, failuresMax: 100 },
      retrievals: { rules: { attemptsMax: 1 } },
    });
    expect(await codeOf(handle.instance(uids(0)[0] ?? '', signal()))).toBe(code);
    const { trouble } = await settled(handle);
    expect(trouble).toMatch(/établissement|image/);
    expect(trouble).not.toMatch(/https?:|localhost|\d\.\d|ESSAI/);
    bench.peer.script = (path) => answerOf(exam, path);
    handle.retry();
    const { series, trouble: after } = await settled(handle);
    expect([series.map(({ arrived }) => arrived), after]).toEqual([[6, 3], undefined]);
  });

  it('asks once more with a fresh token when the first one ended on its way', async () => {
    bench.peer.script = (path, attempt) => (attempt === 1 ? { status: 401 } : answerOf(exam, path));
    const { handle } = await open();
    expect((await settled(handle)).series[0]).toMatchObject({ arrived: 6 });
  });

  it('waits for a busy gateway as long as it asks', async () => {
    bench.peer.script = (path, attempt) =>
      attempt === 1 ? { status: 503, headers: { 'Retry-After': '1' } } : answerOf(exam, path);
    const started = Date.now();
    const { handle } = await open();
    expect((await settled(handle)).series[0]).toMatchObject({ arrived: 6 });
    expect(Date.now() - started).toBeGreaterThan(950);
  });

  it('gives up a silent gateway, and leaves an ill one alone for a while', async () => {
    bench.peer.script = () => ({ by: () => undefined });
    const { handle } = await open({
      peer: { silenceMs: 200, failuresMax: 2, suspensionMs: 60_000 },
      retrievals: { rules: { attemptsMax: 1 } },
    });
    expect(await codeOf(handle.instance(uids(0)[0] ?? '', signal()))).toMatch(/peer\.(too-slow|suspended)/);
    const client = bench.client({ silenceMs: 200, failuresMax: 1, suspensionMs: 60_000 });
    const { retrieveUrl = '', seriesInstanceUid = '' } = seriesOf(0) ?? {};
    const { studyInstanceUid, manifest } = exam;
    const once = async () => {
      const wanted = { retrieveUrl, studyInstanceUid, seriesInstanceUid, kosSopInstanceUid: manifest.sopInstanceUid };
      const more = {
        need: 'lossless' as const,
        partsMax: 10,
        asker: () => Promise.resolve({ accessToken: 't', structureIds: [] }),
      };
      for await (const part of client.fetch({ ...wanted, ...more }, signal())) expect(part).toBeUndefined();
    };
    expect([await codeOf(once()), await codeOf(once())]).toEqual(['peer.too-slow', 'peer.suspended']);
  });

  it('shows images although they can no longer be kept, and fetches them again when asked', async () => {
    const { handle } = await open({ cacheBytesMax: 12_000, memoryBytesMax: 2_000 });
    const progress = await settled(handle);
    expect(progress.series.map(({ arrived }) => arrived)).toEqual([6, 3]);
    await until('trouble', () => handle.progress().trouble !== undefined);
    expect(handle.progress().trouble).toContain('plein');
    handle.retry();
    expect(handle.progress().trouble).toContain('plein');
    const [first = ''] = uids(0);
    for (const uid of [...uids(0), first]) {
      await expect(handle.instance(uid, signal())).resolves.toMatchObject({ transferSyntaxUid: '1.2.840.10008.1.2.1' });
    }
  });

  it('says so when the disk itself is full', async () => {
    const folder = join(bench.dir, 'small');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      process.stderr.write('skipped: a small disk cannot be mounted here\n');
      return;
    }
    try {
      const { handle } = await open({ cacheFolder: folder, memoryBytesMax: 2_000 });
      const progress = await settled(handle);
      expect(progress.series.map(({ arrived }) => arrived)).toEqual([6, 3]);
      await until('trouble', () => handle.progress().trouble !== undefined);
      expect(handle.progress().trouble).toContain('plein');
      await expect(handle.instance(uids(1)[2] ?? '', signal())).resolves.toBeDefined();
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('lets nobody see a file of the cache that was changed', async () => {
    const others = existsSync(bench.folder) ? readdirSync(bench.folder) : [];
    const { handle } = await open({ memoryBytesMax: 100 });
    await settled(handle);
    await until('audit', () => bench.audit.events.length === 2);
    const [folder = ''] = readdirSync(bench.folder).filter(
      (name) => !others.includes(name) && readdirSync(join(bench.folder, name)).length === 9,
    );
    for (const name of readdirSync(join(bench.folder, folder))) {
      const path = join(bench.folder, folder, name);
      const bytes = readFileSync(path);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(path, bytes);
    }
    bench.peer.asked.length = 0;
    const { dataset } = await handle.instance(uids(0)[0] ?? '', signal());
    expect(dataset.subarray(-512).every((byte) => byte === 7)).toBe(true);
    expect(bench.peer.asked.map(({ path }) => path)).toEqual([expect.stringContaining('/instances/')]);
  });

  describe('in the course of time', () => {
    beforeEach(async () => {
      await bench.dataSource.query('DELETE FROM consumer_kept_exam');
      await bench.dataSource.query('DELETE FROM consumer_context');
    });

    const keptRows = async () =>
      (await bench.dataSource.query<{ id: string }[]>('SELECT id FROM consumer_kept_exam')).map(({ id }) => id);
    /** Opens an exam for a patient who is open, waits until all is on disk, and leaves it. */
    const looked = async (room: Awaited<ReturnType<typeof bench.room>>, contextId: string, of = exam) => {
      await bench.openContext(contextId);
      const handle = await room.retrievals.openExam(bench.exam(of, { contextId }));
      const before = room.cache.bytes;
      for (const { seriesInstanceUid } of of.manifest.studies[0]?.series ?? []) handle.prefer(seriesInstanceUid);
      await settled(handle);
      await until('files', () => room.cache.bytes - before > 9 * 800 || room.cache.bytes > 9 * 800);
      handle.close();
    };

    it('lets go what nobody looked at for a while: key, row and files', async () => {
      let nowMs = Date.now();
      const room = await bench.room({ now: () => nowMs });
      await looked(room, `aged-${count}`);
      await room.cache.sweep();
      expect(room.cache.bytes).toBeGreaterThan(0);
      const [row = ''] = await keptRows();
      expect(folders()).toContain(row);
      nowMs += 61_000;
      await room.cache.sweep();
      expect([room.cache.bytes, await keptRows(), folders()]).toEqual([0, [], []]);
      expect(existsSync(join(bench.folder, row))).toBe(false);
    });

    it('gives its room to a new exam when the cache is full, the longest unused first', async () => {
      let nowMs = Date.now();
      const measure = await bench.room();
      await looked(measure, `measured-${count}`);
      const size = measure.cache.bytes;
      const room = await bench.room({ now: () => (nowMs += 1_000), cacheBytesMax: Math.round(size * 2.5) + 9 * 4096 });
      const exams = Array.from({ length: 4 }, (_, at) =>
        remoteExam(bench.peer.base, [6, 3], `1.2.250.1.999.${count}.${at + 7}`),
      );
      bench.peer.script = (path) => {
        const of = exams.find(({ studyInstanceUid }) => path.startsWith(`/studies/${studyInstanceUid}/`));
        return of ? answerOf(of, path) : { status: 404 };
      };
      const order: string[] = [];
      for (const [at, one] of exams.entries()) {
        const known = new Set(await keptRows());
        await looked(room, `full-${count}-${at}`, one);
        order.push(...(await keptRows()).filter((id) => !known.has(id)));
      }
      const left = await keptRows();
      expect(room.cache.bytes).toBeLessThanOrEqual(Math.round(size * 2.5) + 9 * 4096);
      expect(left).toContain(order.at(-1));
      expect(left).not.toContain(order[0]);
      expect(folders().sort()).toEqual([...left].sort());
    });

    it('keeps apart what two processes hold in one folder; what one died over goes or is taken over', async () => {
      const one = await bench.room();
      await looked(one, `both-${count}`);
      const [first = ''] = await keptRows();
      const other = await bench.room({ beside: true });
      expect(folders()).toContain(first);
      expect(other.cache.bytes).toBe(0);
      bench.peer.asked.length = 0;
      // The same exam in the other process: a copy of its own.
      const handle = await other.retrievals.openExam(bench.exam(exam, { contextId: `both-${count}` }));
      handle.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
      await settled(handle);
      await until('files', () => other.cache.bytes > 9 * 800);
      handle.close();
      expect(bench.peer.asked.length).toBe(2);
      expect(folders()).toHaveLength(2);
      await one.presence.onApplicationShutdown();
      await other.cache.sweep();
      expect(folders()).toEqual((await keptRows()).filter((id) => id !== first));
      expect(await keptRows()).toHaveLength(1);
      // A third process, after the death of both, goes on with what is there.
      const third = await bench.room();
      bench.peer.asked.length = 0;
      const again = await third.retrievals.openExam(bench.exam(exam, { contextId: `both-${count}` }));
      again.prefer(seriesOf(0)?.seriesInstanceUid ?? '');
      expect((await settled(again)).series.map(({ arrived }) => arrived)).toEqual([6, 3]);
      expect(bench.peer.asked).toEqual([]);
      again.close();
    });

    it('lets go what belongs to a patient who was closed in another process', async () => {
      const room = await bench.room();
      await looked(room, `elsewhere-${count}`);
      expect(folders()).toHaveLength(1);
      // Also when somebody still looks at it here.
      const contextId = `elsewhere-${count}`;
      const handle = await room.retrievals.openExam(bench.exam(exam, { contextId }));
      await bench.dataSource.query('DELETE FROM consumer_context WHERE id = $1', [contextId]);
      await room.retrievals.sweep();
      expect(await codeOf(handle.instance(uids(0)[0] ?? '', signal()))).toBe('retrieval.not-open');
      expect([room.cache.bytes, folders(), await keptRows()]).toEqual([0, [], []]);
    });
  });
});
