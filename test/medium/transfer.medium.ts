import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defaultDimseSettings,
  DicomWebPacs,
  DimsePacs,
  type Pacs,
  type PacsDirectory,
} from '../../src/connectors/pacs';
import { ConsumerSeal } from '../../src/consumer/context';
import {
  type ImportRequest,
  ImportTrail,
  isUnderWay,
  TransferEnds,
  TransferRepository,
  Transfers,
  type TransferView,
} from '../../src/consumer/transfer';
import { GatewayError } from '../../src/platform/errors';
import { Transcoder } from '../../src/platform/transcoding';
import { encodeFileMeta, splitPart10 } from '../../src/standards/dicom';
import { freePort, OrthancServer } from '../support/orthanc';
import { remoteExam, type RemoteExam } from '../support/remote-images';
import { type BenchOptions, RetrievalBench } from '../support/retrieval-bench';
import type { PeerAnswer } from '../support/scripted-peer';

/** Real: Orthanc as the local PACS (C-STORE, STOW-RS, C-FIND), dcmdump, PostgreSQL, mutual TLS. Doubled: the other hospital. */
describe('import into the local PACS', () => {
  let bench: RetrievalBench;
  let orthanc: OrthancServer;
  let dimse: Pacs;
  let web: Pacs;
  let exam: RemoteExam;
  let count = 0;
  const transcoder = new Transcoder({ workers: 2, queueMax: 100, maxObjectBytes: 2 ** 26, jobTimeoutMs: 60_000 });
  const localId = {
    value: 'IPP-4711',
    authority: { namespaceId: 'CHU', universalId: '1.2.250.1.999.8', universalIdType: 'ISO' },
  };

  beforeAll(async () => {
    [bench, orthanc] = await Promise.all([RetrievalBench.start(), OrthancServer.start()]);
    dimse = dimseAt(orthanc.dicomPort);
    web = new DicomWebPacs({ id: 'web', kind: 'dicomweb', url: orthanc.dicomWebUrl, maxConnections: 2 } as never);
  });
  afterAll(async () => {
    await Promise.allSettled([
      dimse.close(),
      web.close(),
      orthanc.stop(),
      bench.stop(),
      transcoder.onApplicationShutdown(),
    ]);
  });
  beforeEach(() => {
    bench.audit.events.length = 0;
    bench.peer.asked.length = 0;
    exam = remoteExam(bench.peer.base, [5, 2], `1.2.250.1.998.${++count}`);
    bench.peer.script = (path) => answerOf(path);
  });

  function dimseAt(port: number): DimsePacs {
    return new DimsePacs({
      id: 'pacs',
      peer: { host: '127.0.0.1', port },
      pacsAeTitle: 'PACS',
      ourAeTitle: 'DRIMBOX',
      retrieve: 'get',
      maxAssociations: 4,
      settings: defaultDimseSettings,
      destinations: undefined,
    });
  }

  function answerOf(path: string): PeerAnswer {
    const [, series = '', instance] = /\/series\/([\d.]+)(?:\/instances\/([\d.]+))?$/.exec(path) ?? [];
    const found = exam.files.get(series);
    if (!found) return { status: 404 };
    const one = found.get(instance ?? '');
    return instance === undefined ? { files: [...found.values()] } : one ? { files: [one] } : { status: 410 };
  }

  async function room(pacs: Pacs, options: BenchOptions = {}) {
    const { retrievals, presence } = await bench.room(options);
    const directory: PacsDirectory = {
      all: [pacs],
      byId: () => pacs,
      locateStudy: () => Promise.resolve(undefined),
    };
    const repository = new TransferRepository(bench.dataSource, presence);
    const trail = new ImportTrail(bench.audit, new ConsumerSeal('a secret of the bench, thirty-two characters'));
    const ends = new TransferEnds(bench.dataSource, presence, trail);
    return {
      retrievals,
      presence,
      transfers: new Transfers({ parallel: 2 }, retrievals, directory, repository, ends, trail, transcoder),
    };
  }

  function request(over: Partial<ImportRequest> = {}): ImportRequest {
    const opened = bench.exam(exam);
    return { exam: { ...opened, professional: { ...opened.professional, loginId: 'login-1' } }, localId, ...over };
  }

  async function ended(transfers: Transfers, { id }: TransferView): Promise<TransferView> {
    for (let round = 0; round < 6_000; round++) {
      const view = await transfers.view(id, 'context-1');
      if (!isUnderWay(view.state)) return view;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the import did not end');
  }

  /** The trail follows the table: it is waited for. */
  async function told(kind: string) {
    for (let round = 0; round < 6_000; round++) {
      const found = bench.audit.events.filter((event) => event.kind === kind).at(-1);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never told: ${kind}`);
  }

  async function fileInOrthanc(sopInstanceUid: string): Promise<Buffer> {
    const asked = await fetch(`${orthanc.url}/tools/lookup`, { method: 'POST', body: sopInstanceUid });
    const [found] = (await asked.json()) as { Path: string }[];
    return Buffer.from(await (await fetch(`${orthanc.url}${found?.Path ?? ''}/file`)).arrayBuffer());
  }

  it.each(['C-STORE', 'STOW-RS'])(
    'by %s, found there under the local number, every other byte as it came',
    async (way) => {
      const { transfers } = await room(way === 'C-STORE' ? dimse : web);
      const view = await ended(transfers, await transfers.start(request()));
      expect(view).toMatchObject({ state: 'done', total: 7, stored: 7, failed: 0, trouble: undefined });
      const found = await dimse.findStudies({
        PatientID: localId.value,
        StudyInstanceUID: exam.studyInstanceUid,
        PatientName: '',
      });
      expect(found).toMatchObject([{ PatientName: ['PAT-TROIS^DOMINIQUE'] }]);
      const [series] = exam.manifest.studies[0]?.series ?? [];
      const [{ sopInstanceUid = '' } = {}] = series?.instances ?? [];
      const arrived = splitPart10(await fileInOrthanc(sopInstanceUid)).dataSet;
      const sent = splitPart10(
        exam.files.get(series?.seriesInstanceUid ?? '')?.get(sopInstanceUid) ?? Buffer.alloc(0),
      ).dataSet;
      // Up to PatientID, and from the birth date on but for what was inserted: byte for byte.
      const before = sent.indexOf(Buffer.from([0x10, 0x00, 0x20, 0x00]));
      expect(arrived.subarray(0, before).equals(sent.subarray(0, before))).toBe(true);
      const pixels = sent.indexOf(Buffer.from([0x28, 0x00, 0x02, 0x00]));
      const last = sent.subarray(pixels, sent.indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00])));
      expect(arrived.includes(last)).toBe(true);
      expect(arrived.subarray(arrived.length - 524).equals(sent.subarray(sent.length - 524))).toBe(true);
      expect(bench.audit.events.map(({ kind }) => kind)).toContain('transfer.started');
      expect(await told('transfer.imported')).toMatchObject({ outcome: 'success', instances: 7 });
    },
  );

  it('records what was replaced, as dcmdump reads it', async () => {
    const { transfers } = await room(dimse);
    const [, second] = exam.manifest.studies[0]?.series ?? [];
    const chosen = request({ seriesInstanceUids: [second?.seriesInstanceUid ?? ''] });
    const view = await ended(transfers, await transfers.start(chosen));
    expect(view).toMatchObject({ state: 'done', total: 2, stored: 2 });
    const dir = mkdtempSync(join(tmpdir(), 'drimbox-transfer-'));
    try {
      const file = join(dir, 'one.dcm');
      writeFileSync(file, await fileInOrthanc(second?.instances[0]?.sopInstanceUid ?? ''));
      const dump = execFileSync('dcmdump', ['-q', file], { encoding: 'latin1' });
      expect(dump).toMatch(/^\(0010,0020\) LO \[IPP-4711\]/m);
      expect(dump).toMatch(/^\(0010,0021\) LO \[CHU\]/m);
      expect(dump).toMatch(/^ {4}\(0010,0020\) LO \[279035121518989\]/m);
      expect(dump).toMatch(
        /\(0400,0561\) SQ[\s\S]*\(0400,0550\) SQ[\s\S]*\(0010,0020\) LO \[REMOTE-7\][\s\S]*\(0400,0565\) CS \[COERCE\]/,
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('keeps what is stored when images are missing, and goes on with the rest alone', async () => {
    const [first] = exam.manifest.studies[0]?.series ?? [];
    const missing = first?.instances[3]?.sopInstanceUid ?? '';
    const kept = exam.files.get(first?.seriesInstanceUid ?? '')?.get(missing);
    exam.files.get(first?.seriesInstanceUid ?? '')?.delete(missing);
    const { transfers } = await room(dimse);
    const view = await ended(transfers, await transfers.start(request()));
    expect(view).toMatchObject({ state: 'incomplete', stored: 6, failed: 1 });
    expect(view.trouble).toContain('plus disponibles');
    expect(await transfers.objects(view.id, 'context-1')).toContainEqual(
      expect.objectContaining({ sopInstanceUid: missing, result: 'failed', errorCode: 'peer.gone' }),
    );
    if (kept) exam.files.get(first?.seriesInstanceUid ?? '')?.set(missing, kept);
    bench.audit.events.length = 0;
    const again = await ended(transfers, await transfers.resume(view.id, request()));
    expect(again).toMatchObject({ id: view.id, state: 'done', stored: 7, failed: 0 });
    expect(await told('transfer.imported')).toMatchObject({ instances: 1 });
  });

  it('tells a PACS that cannot be reached; nothing is lost', async () => {
    const nobody = dimseAt(1);
    const { transfers } = await room(nobody);
    const view = await ended(transfers, await transfers.start(request()));
    expect(view).toMatchObject({ state: 'failed', stored: 0 });
    expect(view.trouble).toBeTruthy();
    await nobody.close();
    const elsewhere = await room(dimse);
    expect(await ended(elsewhere.transfers, await elsewhere.transfers.resume(view.id, request()))).toMatchObject({
      state: 'done',
      stored: 7,
    });
  });

  it('stops when told, and shows nothing of it to another patient context', async () => {
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 1_000 });
    const { transfers } = await room(dimse);
    const view = await transfers.start(request());
    const refused = await transfers.view(view.id, 'context-2').catch((error: unknown) => GatewayError.of(error)?.code);
    expect(refused).toBe('transfer.unknown');
    await transfers.cancel(view.id, 'context-1');
    expect(await transfers.view(view.id, 'context-1')).toMatchObject({ state: 'cancelled' });
    expect(await transfers.list('context-1')).toContainEqual(expect.objectContaining({ id: view.id }));
  });

  it('refuses an import of nothing, and a local number that an image cannot hold', async () => {
    const { transfers } = await room(dimse);
    const nothing = transfers.start(request({ seriesInstanceUids: ['1.2.3'] }));
    await expect(nothing).rejects.toMatchObject({ code: 'transfer.nothing-chosen' });
    const unusable = transfers.start(request({ localId: { ...localId, value: 'IPP\\7' } }));
    await expect(unusable).rejects.toMatchObject({ code: 'transfer.local-id-unusable' });
  });

  const jpegLs = '1.2.840.10008.1.2.4.80';
  const explicit = '1.2.840.10008.1.2.1';

  /** The other hospital sends its images compressed. */
  async function compressed(): Promise<void> {
    for (const files of exam.files.values())
      for (const [uid, file] of files) {
        const { dataSet, meta } = splitPart10(file);
        const parts = await transcoder.convert({ dataset: dataSet, from: explicit, to: jpegLs });
        const { mediaStorageSopClassUid = '', mediaStorageSopInstanceUid = uid } = meta;
        const head = { transferSyntaxUid: jpegLs, mediaStorageSopClassUid, mediaStorageSopInstanceUid };
        files.set(uid, Buffer.concat([encodeFileMeta(head), ...parts]));
      }
  }

  const pixels = Buffer.alloc(512, 7);

  it('converts without loss what a restricted Orthanc refuses, and records it', async () => {
    await compressed();
    const accepted = { AcceptedTransferSyntaxes: ['1.2.840.10008.1.2', explicit] };
    const strict = await OrthancServer.start({ more: accepted });
    const pacs = dimseAt(strict.dicomPort);
    try {
      const { transfers } = await room(pacs);
      const view = await ended(transfers, await transfers.start(request()));
      expect(view).toMatchObject({ state: 'done', stored: 7, failed: 0, converted: 7 });
      const objects = await transfers.objects(view.id, 'context-1');
      expect(new Set(objects.map(({ convertedTo }) => convertedTo))).toEqual(new Set([explicit]));
      expect(await told('transfer.imported')).toMatchObject({ facts: { converted: 7 } });
      const found = await pacs.findStudies({ PatientID: localId.value, StudyInstanceUID: exam.studyInstanceUid });
      expect(found).toHaveLength(1);
      const asked = await fetch(`${strict.url}/tools/lookup`, {
        method: 'POST',
        body: objects[0]?.sopInstanceUid,
      });
      const [{ Path }] = (await asked.json()) as [{ Path: string }];
      const file = Buffer.from(await (await fetch(`${strict.url}${Path}/file`)).arrayBuffer());
      expect(splitPart10(file).meta.transferSyntaxUid).toBe(explicit);
      expect(file.subarray(file.length - pixels.length).equals(pixels)).toBe(true);
    } finally {
      await pacs.close();
      await strict.stop();
    }
  });

  it('goes down to implicit for an archive that takes nothing else (storescp)', async () => {
    await compressed();
    const dir = mkdtempSync(join(tmpdir(), 'drimbox-storescp-'));
    const port = await freePort();
    const storescp = spawn('storescp', ['--fork', '+xi', '-od', dir, '-aet', 'PACS', String(port)], {
      stdio: 'ignore',
    });
    const pacs = dimseAt(port);
    try {
      for (let tries = 0; tries < 1_200 && !(await pacs.echo().catch(() => undefined)); tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      const { transfers } = await room(pacs);
      const view = await ended(transfers, await transfers.start(request()));
      expect(view).toMatchObject({ state: 'done', stored: 7, converted: 7 });
      const files = readdirSync(dir);
      expect(files).toHaveLength(7);
      const dump = execFileSync('dcmdump', ['-q', join(dir, files[0] ?? '')], { encoding: 'latin1' });
      expect(dump).toMatch(/^\(0002,0010\) UI =LittleEndianImplicit/m);
      expect(dump).toMatch(/^\(0010,0020\) LO \[IPP-4711\]/m);
      expect(dump).toMatch(/^\(7fe0,0010\) OW (0707\\){5}/m);
    } finally {
      await pacs.close();
      storescp.kill('SIGKILL');
      rmSync(dir, { recursive: true });
    }
  });

  it.each([
    ['415', (uid: string) => ({ status: 415, body: undefined, uid })],
    [
      'a failure list',
      (uid: string) => ({
        status: 409,
        body: {
          '00081198': {
            vr: 'SQ',
            Value: [{ '00081155': { vr: 'UI', Value: [uid] }, '00081197': { vr: 'US', Value: [0xc122] } }],
          },
        },
        uid,
      }),
    ],
  ])('converts for a STOW-RS server that answers %s', async (_case, refuse) => {
    await compressed();
    const kept: Buffer[] = [];
    const server = createServer((asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', () => {
        const body = Buffer.concat(chunks);
        const uid = /1\.2\.250\.1\.998\.\d+\.\d\.\d/.exec(body.toString('latin1'))?.[0] ?? '';
        const refusal = body.includes(jpegLs) ? refuse(uid) : undefined;
        if (!refusal) kept.push(body);
        const report = refusal
          ? refusal.body
          : { '00081199': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: [uid] } }] } };
        answer.writeHead(refusal?.status ?? 200, { 'content-type': 'application/dicom+json' });
        answer.end(report && JSON.stringify(report));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pacs = new DicomWebPacs({ id: 'stow', kind: 'dicomweb', url, maxConnections: 2 } as never);
    try {
      const { transfers } = await room(pacs);
      const view = await ended(transfers, await transfers.start(request()));
      expect(view).toMatchObject({ state: 'done', stored: 7, converted: 7 });
      expect(kept).toHaveLength(7);
      expect(kept.every((body) => body.includes(pixels))).toBe(true);
    } finally {
      await pacs.close();
      server.close();
      server.closeAllConnections();
    }
  });

  it('waits for its turn, and may be stopped while it waits', async () => {
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 300 });
    const { transfers } = await room(dimse);
    const views: TransferView[] = [];
    for (let index = 0; index < 4; index++) views.push(await transfers.start(request()));
    const states = async () => {
      const mine = await transfers.list('context-1');
      return views.map(({ id }) => mine.find((each) => each.id === id)?.state);
    };
    expect((await states()).slice(2)).toEqual(['waiting', 'waiting']);
    await transfers.cancel(views[3]?.id ?? '', 'context-1');
    for (const view of views.slice(0, 3)) expect(await ended(transfers, view)).toMatchObject({ state: 'done' });
    expect(await states()).toEqual(['done', 'done', 'done', 'cancelled']);
  });

  it('leaves the imports of a living process alone, stops them from elsewhere, and takes them up', async () => {
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 300 });
    const one = await room(dimse);
    const view = await one.transfers.start(request());
    const other = await room(dimse, { beside: true });
    expect(await other.transfers.interruptAbandoned()).toBe(0);
    expect((await other.transfers.view(view.id, 'context-1')).state).not.toBe('interrupted');
    await expect(other.transfers.resume(view.id, request())).rejects.toMatchObject({ code: 'transfer.unknown' });
    await other.transfers.cancel(view.id, 'context-1');
    await one.transfers.sweep();
    await one.transfers.forgetContext('context-1');
    expect((await other.transfers.view(view.id, 'context-1')).state).toBe('cancelled');
    expect(importsTold()).toMatchObject([{ errorCode: 'transfer.cancelled' }]);
    expect(await other.transfers.interruptAbandoned()).toBe(0);
    bench.peer.script = (path) => answerOf(path);
    expect(await ended(other.transfers, await other.transfers.resume(view.id, request()))).toMatchObject({
      state: 'done',
      stored: 7,
    });
  });

  const importsTold = () => bench.audit.events.filter(({ kind }) => kind === 'transfer.imported');

  it('of a process that was killed is told with what it had stored, once, also by itself when it was only slow', async () => {
    const [, second] = exam.manifest.studies[0]?.series ?? [];
    bench.peer.script = (path) => ({
      ...answerOf(path),
      delayMs: path.includes(second?.seriesInstanceUid ?? '') ? 60_000 : 0,
    });
    const killed = await room(dimse);
    // Its first batch is in the PACS, the rest does not come.
    const first = { seriesInstanceUids: [exam.manifest.studies[0]?.series[0]?.seriesInstanceUid ?? ''] };
    const whole = await ended(killed.transfers, await killed.transfers.start(request(first)));
    expect(whole).toMatchObject({ state: 'done', stored: 5 });
    const [{ bytes = 0 } = {}] = importsTold();
    const view = await killed.transfers.start(request());
    await bench.dataSource.query(
      `UPDATE consumer_transfer_object SET result = 'stored', run_bytes = $2 WHERE transfer_id = $1 AND series_instance_uid = $3`,
      [view.id, bytes / 5, first.seriesInstanceUids[0]],
    );
    const other = await room(dimse, { beside: true });
    const die = (state: string) =>
      bench.dataSource.query(`UPDATE consumer_transfer SET state = $2, owner = 'killed' WHERE id = $1`, [
        view.id,
        state,
      ]);
    bench.audit.events.length = 0;
    await die('running');
    await other.transfers.sweep();
    await other.transfers.sweep();
    expect(await other.transfers.view(view.id, 'context-1')).toMatchObject({
      state: 'interrupted',
      stored: 5,
      trouble: expect.any(String),
    });
    const { professional, patient } = request().exam;
    const told = {
      outcome: 'failure',
      errorCode: 'transfer.interrupted',
      actor: { professionalId: professional.professional.subjectNameId },
      patient: patient.ins,
      studyInstanceUid: exam.studyInstanceUid,
      documentUniqueId: exam.manifest.sopInstanceUid,
      instances: 5,
      bytes,
      facts: { pacs: 'pacs', failed: 0, converted: 0, state: 'interrupted', processEnded: true },
    };
    expect(importsTold()).toMatchObject([told]);
    // It was not dead: what it says of its end changes nothing, and is not told twice.
    await killed.transfers.sweep();
    await killed.transfers.forgetContext('context-1');
    expect(importsTold()).toHaveLength(1);
    expect((await other.transfers.view(view.id, 'context-1')).state).toBe('interrupted');
    bench.peer.script = (path) => answerOf(path);
    const again = await ended(other.transfers, await other.transfers.resume(view.id, request()));
    expect(again).toMatchObject({ state: 'done', stored: 7 });
    expect(importsTold().at(-1)).toMatchObject({ outcome: 'success', instances: 2 });
  });

  it('stopped in a process that then died is told, also when it is taken up before', async () => {
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 60_000 });
    const killed = await room(dimse);
    const view = await killed.transfers.start(request());
    const other = await room(dimse, { beside: true });
    await bench.dataSource.query(`UPDATE consumer_transfer SET owner = 'killed' WHERE id = $1`, [view.id]);
    await other.transfers.cancel(view.id, 'context-1');
    bench.peer.script = (path) => answerOf(path);
    await ended(other.transfers, await other.transfers.resume(view.id, request()));
    expect(importsTold()).toMatchObject([
      { errorCode: 'transfer.cancelled', instances: 0 },
      { outcome: 'success', instances: 7 },
    ]);
    await killed.transfers.closeAll();
    expect(importsTold()).toHaveLength(2);
  });

  it('ends together with its record: not started when the trail refuses, told as soon as it takes it', async () => {
    await bench.openContext('context-1');
    const { transfers } = await room(dimse);
    const before = (await transfers.list('context-1')).length;
    const record = bench.audit.record.bind(bench.audit);
    const refusing = jest.spyOn(bench.audit, 'record');
    const refuse = (kind: string) =>
      refusing.mockImplementation((event) =>
        event.kind === kind ? Promise.reject(new Error('the trail is away')) : record(event),
      );
    try {
      refuse('transfer.started');
      await expect(transfers.start(request())).rejects.toThrow('the trail is away');
      expect(await transfers.list('context-1')).toHaveLength(before);
      refuse('transfer.imported');
      const view = await transfers.start(request());
      await transfers.forgetContext('nobody');
      await expect(async () => {
        for (;;) await transfers.sweep();
      }).rejects.toThrow('the trail is away');
      expect(await transfers.view(view.id, 'context-1')).toMatchObject({ state: 'running', stored: 7 });
      refusing.mockRestore();
      await transfers.sweep();
      expect(await transfers.view(view.id, 'context-1')).toMatchObject({ state: 'done', stored: 7 });
      expect(importsTold()).toMatchObject([{ outcome: 'success', instances: 7 }]);
    } finally {
      refusing.mockRestore();
    }
  });

  it('is interrupted by the end of its process, not cancelled', async () => {
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 300 });
    const { transfers } = await room(dimse);
    const view = await transfers.start(request());
    await transfers.closeAll();
    expect(await transfers.view(view.id, 'context-1')).toMatchObject({
      state: 'interrupted',
      trouble: expect.any(String),
    });
  });
});
