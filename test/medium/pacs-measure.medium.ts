import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Measure } from '../../src/connectors/pacs';
import { DemoObjects, demoObjects } from '../support/demo-objects';
import { freePort, OrthancServer } from '../support/orthanc';

/** Real: the operator's tool as it is shipped (last built), three Orthancs (one waits for acknowledgements, one decompresses for C-GET), C-MOVE, C-GET, DICOMweb. */
const run = promisify(execFile);
const tool = join(__dirname, '..', '..', 'bin', 'drimbox.cjs');
const explicitLittle = '1.2.840.10008.1.2.1';
const jpegLs = '1.2.840.10008.1.2.4.80';

interface Result {
  readonly pacs: string;
  readonly instances: number;
  readonly measures: readonly Measure[];
  readonly notice?: string;
}

describe('drimbox pacs measure', () => {
  let dir: string;
  let demo: DemoObjects;
  let quick: OrthancServer;
  let stock: OrthancServer;
  let decompressing: OrthancServer;
  let listenPort: number;
  let study: string;
  let bytes = 0;
  let count = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drimbox-measure-'));
    [demo, listenPort] = await Promise.all([demoObjects({ instances: 24, columns: 64 }), freePort()]);
    const modalities = { drimbox: ['DRIMBOX', '127.0.0.1', listenPort] as [string, string, number] };
    // What it does not accept for storage it does not send by C-GET either: it transcodes.
    const more = { AcceptedTransferSyntaxes: [explicitLittle] };
    [quick, stock, decompressing] = await Promise.all([
      OrthancServer.start({ noDelay: true, modalities }),
      OrthancServer.start({ modalities }),
      OrthancServer.start({ noDelay: true, modalities, more }),
    ]);
    const [ct] = demo.studies;
    study = ct.studyInstanceUid;
    const files = ct.objects.map(({ sopInstanceUid }) => demo.files.get(sopInstanceUid) as Buffer);
    count = files.length;
    bytes = files.reduce((sum, file) => sum + file.length, 0);
    expect(await quick.load(files)).toBe(count);
    expect(await stock.load(files)).toBe(count);
    expect(await decompressing.load(files)).toBe(count);
  });
  afterAll(async () => {
    await Promise.all([quick?.stop(), stock?.stop(), decompressing?.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  async function measure(words: string[], more: Record<string, string> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
    const dimse = (id: string, { dicomPort }: OrthancServer, extra: object = {}) => ({
      id,
      kind: 'dimse',
      host: '127.0.0.1',
      port: dicomPort,
      aeTitle: 'PACS',
      ...extra,
    });
    const env = {
      ...Object.fromEntries(inherited),
      DRIMBOX_MODE: 'sandbox',
      DRIMBOX_DATA_DIR: join(dir, 'data'),
      DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
      DRIMBOX_PSC_CLIENT_ID: 'measure',
      DRIMBOX_DICOM_LISTEN: 'sandbox',
      DRIMBOX_DICOM_PORT: String(listenPort),
      DRIMBOX_PACS: JSON.stringify([
        dimse('quick', quick),
        // One association: several hide the waits of each behind another.
        dimse('one', stock, { maxAssociations: 1 }),
        { id: 'web', kind: 'dicomweb', url: `${quick.url}/dicom-web` },
        dimse('decompressing', decompressing),
        dimse('gone', quick, { port: 1 }),
      ]),
      ...more,
    };
    try {
      return { code: 0, ...(await run(process.execPath, [tool, 'pacs', 'measure', ...words], { env })) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }
  async function measured(words: string[], more?: Record<string, string>): Promise<Result> {
    const { code, stdout, stderr } = await measure([...words, '--json'], more);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Result;
  }

  it('measures C-MOVE and C-GET of a study, for machines', async () => {
    const { pacs, instances, measures } = await measured([study]);
    expect([pacs, instances]).toEqual(['quick', count]);
    expect(measures.map(({ method }) => method)).toEqual(['move', 'get']);
    for (const one of measures) {
      expect(one).toMatchObject({
        instances: count,
        expected: count,
        // Orthanc does not say in which syntax it keeps an image.
        comparedWith: 'nothing',
        warnings: [expect.stringContaining(`non comparée pour ${count} image(s)`)],
        transferSyntaxes: { [jpegLs]: count },
      });
      expect(one.error).toBeUndefined();
      // Data sets, without the file meta group and the preamble.
      expect(one.bytes).toBeGreaterThan(bytes - count * 600);
      expect(one.bytes).toBeLessThan(bytes);
      expect(one.firstInstanceMs).toBeGreaterThan(0);
      expect(one.firstInstanceMs).toBeLessThanOrEqual(one.totalMs);
      expect(one.throughputMbps).toBeCloseTo((one.bytes * 8) / 1_000 / one.totalMs, 3);
    }
  });

  it('says it to people, in lines', async () => {
    const { code, stdout, stderr } = await measure([study, '--pacs', 'web']);
    expect([code, stderr]).toEqual([0, '']);
    const line = new RegExp(
      String.raw`^PACS web\nDICOMweb ${count}/${count} images, première \d+ ms, total \d+ ms, [\d.]+ Mo, \d+ Mbit/s, \d+ association\(s\)\n`,
    );
    expect(stdout).toMatch(line);
  });

  it('measures one series alone', async () => {
    const [first] = demo.studies[0].objects;
    const { instances } = await measured([study, '--series', first.seriesInstanceUid, '--pacs', 'web']);
    const held = demo.studies[0].objects.filter((one) => one.seriesInstanceUid === first.seriesInstanceUid);
    expect(instances).toBe(held.length);
  });

  it('names delayed acknowledgements', async () => {
    const hasWaited = ({ medianGapMs }: { medianGapMs: number }) => medianGapMs >= 60;
    let { measures } = await measured([study, '--pacs', 'one']);
    // Other work on the machine adds to the gaps: it is measured again, twice at most.
    for (let round = 0; round < 2 && measures.some(hasWaited); round++)
      ({ measures } = await measured([study, '--pacs', 'one']));
    const { stdout } = await measure([study, '--pacs', 'one']);
    expect(stdout).toMatch(/cause : environ 40 ms d'attente par image/);
    for (const one of measures) {
      expect(one).toMatchObject({ parallel: 1, cause: { code: 'delayed-acknowledgement' } });
      expect(one.medianGapMs).toBeGreaterThan(30);
      expect(one.medianGapMs).toBeLessThan(60);
    }
  });

  it('warns when the PACS decompresses on the way, and names the cause, without being told what it keeps', async () => {
    const { measures } = await measured([study, '--pacs', 'decompressing']);
    const [move, get] = measures;
    expect(move).toMatchObject({ transferSyntaxes: { [jpegLs]: count }, comparedWith: 'nothing' });
    expect(get).toMatchObject({
      transferSyntaxes: { [explicitLittle]: count },
      comparedWith: 'other-method',
      warnings: [expect.stringContaining(`${explicitLittle} au lieu de ${jpegLs}`)],
      cause: { code: 'transcoding' },
    });
    const told = await measure([study, '--pacs', 'decompressing', '--expect', jpegLs]);
    expect(told.stdout).toMatch(
      /C-GET[^]*attention : syntaxe de transfert changée en route[^]*cause : le PACS décompresse/,
    );
    expect(told.stdout).not.toMatch(/non comparée/);
  });

  it('finds nothing changed where the syntax is the one given', async () => {
    const { measures } = await measured([study, '--expect', jpegLs]);
    for (const one of measures) expect(one).toMatchObject({ comparedWith: 'option', warnings: [] });
    expect(measures.map(({ cause }) => cause?.code)).not.toContain('transcoding');
  });

  it('warns when the transfer syntax is not the one given, and names the cause', async () => {
    const { measures } = await measured([study, '--expect', explicitLittle]);
    for (const one of measures) {
      expect(one.warnings).toEqual([expect.stringContaining(`${jpegLs} au lieu de ${explicitLittle}`)]);
      expect(one.cause?.code).toBe('transcoding');
    }
    const { stdout } = await measure([study, '--pacs', 'web', '--expect', explicitLittle]);
    expect(stdout).toMatch(/attention : syntaxe de transfert changée en route/);
  });

  it('while the gateway holds the port, leaves C-MOVE out and says so, or takes another title and port', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(listenPort, '127.0.0.1', resolve));
    try {
      const held = await measured([study]);
      expect(held.measures.map(({ method }) => method)).toEqual(['get']);
      expect(held.notice).toContain(`port ${listenPort} is in use`);
      const other = await freePort();
      await quick.setModality('measure', 'MEASURE', other);
      const words = ['--listen-port', String(other), '--ae-title', 'MEASURE'];
      const beside = await measured([study, ...words]);
      expect(beside.measures.map(({ method, instances }) => [method, instances])).toEqual([
        ['move', count],
        ['get', count],
      ]);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it.each<[string, () => string[], RegExp]>([
    ['no study', () => [], /name the study to retrieve\nusage: /],
    ['a study that the PACS does not hold', () => ['1.2.3.4'], /^PACS quick holds no instance of this study/],
    ['an unknown PACS', () => [study, '--pacs', 'nobody'], /pacs\.unknown/],
    ['a PACS that does not answer', () => [study, '--pacs', 'gone'], /pacs\.unreachable/],
    ['a port that is none', () => [study, '--listen-port', 'x'], /--listen-port takes a port number/],
    ['an option that does not exist', () => [study, '--fast'], /--fast is no option/],
  ])('%s: code 1 and one sentence on stderr', async (_name, words, sentence) => {
    const { code, stdout, stderr } = await measure(words());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
  });
});
