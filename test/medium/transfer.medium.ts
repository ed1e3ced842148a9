import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defaultDimseSettings,
  DicomWebPacs,
  DimsePacs,
  type Pacs,
  type PacsDirectory,
} from '../../src/connectors/pacs';
import { type ImportRequest, TransferRepository, Transfers, type TransferView } from '../../src/consumer/transfer';
import { GatewayError } from '../../src/platform/errors';
import { splitPart10 } from '../../src/standards/dicom';
import { OrthancServer } from '../support/orthanc';
import { remoteExam, type RemoteExam } from '../support/remote-images';
import { RetrievalBench } from '../support/retrieval-bench';
import type { PeerAnswer } from '../support/scripted-peer';

/** Real: Orthanc as the local PACS (C-STORE, STOW-RS, C-FIND), dcmdump, PostgreSQL, mutual TLS. Doubled: the other hospital. */
describe('import into the local PACS', () => {
  let bench: RetrievalBench;
  let orthanc: OrthancServer;
  let dimse: Pacs;
  let web: Pacs;
  let exam: RemoteExam;
  let count = 0;
  const localId = {
    value: 'IPP-4711',
    authority: { namespaceId: 'CHU', universalId: '1.2.250.1.999.8', universalIdType: 'ISO' },
  };

  beforeAll(async () => {
    [bench, orthanc] = await Promise.all([RetrievalBench.start(), OrthancServer.start()]);
    dimse = new DimsePacs({
      id: 'pacs',
      peer: { host: '127.0.0.1', port: orthanc.dicomPort },
      pacsAeTitle: orthanc.aeTitle,
      ourAeTitle: 'DRIMBOX',
      retrieve: 'get',
      maxAssociations: 4,
      settings: defaultDimseSettings,
      destinations: undefined,
    });
    web = new DicomWebPacs({ id: 'web', kind: 'dicomweb', url: orthanc.dicomWebUrl, maxConnections: 2 } as never);
  });
  afterAll(async () => {
    await Promise.allSettled([dimse.close(), web.close(), orthanc.stop(), bench.stop()]);
  });
  beforeEach(() => {
    bench.audit.events.length = 0;
    bench.peer.asked.length = 0;
    exam = remoteExam(bench.peer.base, [5, 2], `1.2.250.1.998.${++count}`);
    bench.peer.script = (path) => answerOf(path);
  });

  function answerOf(path: string): PeerAnswer {
    const [, series = '', instance] = /\/series\/([\d.]+)(?:\/instances\/([\d.]+))?$/.exec(path) ?? [];
    const found = exam.files.get(series);
    if (!found) return { status: 404 };
    const one = found.get(instance ?? '');
    return instance === undefined ? { files: [...found.values()] } : one ? { files: [one] } : { status: 410 };
  }

  async function room(pacs: Pacs) {
    const { retrievals } = await bench.room();
    const directory: PacsDirectory = {
      all: [pacs],
      byId: () => pacs,
      locateStudy: () => Promise.resolve(undefined),
    };
    const repository = new TransferRepository(bench.dataSource);
    return {
      retrievals,
      repository,
      transfers: new Transfers({ parallel: 2 }, retrievals, directory, repository, bench.audit),
    };
  }

  function request(over: Partial<ImportRequest> = {}): ImportRequest {
    const opened = bench.exam(exam);
    return { exam: { ...opened, professional: { ...opened.professional, loginId: 'login-1' } }, localId, ...over };
  }

  async function ended(transfers: Transfers, { id }: TransferView): Promise<TransferView> {
    for (let round = 0; round < 500; round++) {
      const view = await transfers.view(id, 'context-1');
      if (view.state !== 'running') return view;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the import did not end');
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
      expect(bench.audit.events.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['transfer.started', 'transfer.imported']),
      );
      expect(bench.audit.events.at(-1)).toMatchObject({ kind: 'transfer.imported', outcome: 'success', instances: 7 });
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
    expect(bench.audit.events.at(-1)).toMatchObject({ kind: 'transfer.imported', instances: 1 });
  });

  it('tells a PACS that cannot be reached; nothing is lost', async () => {
    const nobody = new DimsePacs({
      id: 'nobody',
      peer: { host: '127.0.0.1', port: 1 },
      pacsAeTitle: 'NOBODY',
      ourAeTitle: 'DRIMBOX',
      retrieve: 'get',
      maxAssociations: 4,
      settings: defaultDimseSettings,
      destinations: undefined,
    });
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
    bench.peer.script = (path) => ({ ...answerOf(path), delayMs: 200 });
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
    const unusable = request({ localId: { ...localId, value: 'IPP\\7' } });
    expect(await ended(transfers, await transfers.start(unusable))).toMatchObject({ state: 'failed', failed: 7 });
  });
});
