import { ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DemoStudy, generateDemoStudies } from '../../sandbox/demo-data';
import { orthancIsInstalled, SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import { splitPartTen } from '../support/transcoding-images';
import { freePort } from '../../sandbox/free-port';

/** Real: dcmtk's findscu, movescu, storescp, getscu, storescu and echoscu talk to both kinds of sandbox PACS. */

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'sandbox-pacs-'));
const studies = generateDemoStudies({ instances: 6, columns: 64 });
const [thorax, prior, head] = studies;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const datasetDigest = (file: Buffer) => digest(splitPartTen(file).dataset);
const digestsOf = (folder: string, form: Form) =>
  readdirSync(folder)
    .map((name) => form(readFileSync(join(folder, name))))
    .sort();

type Form = (file: Buffer) => string;
/** Orthanc writes the lengths of sequences its own way when it sends: both sides are brought to undefined lengths first. */
function sameLengths(file: Buffer): string {
  const folder = mkdtempSync(join(root, 'lengths-'));
  writeFileSync(join(folder, 'in.dcm'), file);
  execFileSync('dcmconv', ['-e', join(folder, 'in.dcm'), join(folder, 'out.dcm')], { stdio: 'pipe' });
  return datasetDigest(readFileSync(join(folder, 'out.dcm')));
}

async function expected(study: DemoStudy, form: Form): Promise<string[]> {
  const digests: string[] = [];
  for await (const file of study.files()) digests.push(form(file.bytes));
  return digests.sort();
}

async function* bytesOf(list: DemoStudy[]): AsyncGenerator<Buffer> {
  for (const study of list) for await (const file of study.files()) yield file.bytes;
}

/** A receiver of dcmtk that writes what comes bit for bit. */
async function receiver(port: number, folder: string): Promise<ChildProcess> {
  mkdirSync(folder, { recursive: true });
  const child = spawn('storescp', ['-aet', 'RECEIVER', '--bit-preserving', '+xa', '-od', folder, String(port)], {
    env: { ...process.env, TCP_NODELAY: '1' },
    stdio: 'ignore',
  });
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (open) return child;
    await pause(50);
  }
  throw new Error('storescp did not start');
}

const kinds = orthancIsInstalled() ? (['embedded', 'orthanc'] as const) : (['embedded'] as const);

describe.each(kinds)('sandbox PACS: %s', (kind) => {
  const form = kind === 'embedded' ? datasetDigest : sameLengths;
  const dataDir = join(root, kind);
  let pacs: SandboxPacs;
  let receiverPort: number;
  const start = async () => {
    mkdirSync(dataDir, { recursive: true });
    const peers = [{ aet: 'RECEIVER', host: '127.0.0.1', port: receiverPort }];
    pacs = await startSandboxPacs({ kind, dataDir, port: 0, aeTitle: 'PACS', peers });
  };
  const address = () => ['-aec', 'PACS', '-aet', 'RECEIVER', '127.0.0.1', String(pacs.port)];
  const find = async (...keys: string[]) => {
    const { stderr, stdout } = await run('findscu', ['-v', '-S', ...keys.flatMap((key) => ['-k', key]), ...address()]);
    return stderr + stdout;
  };
  const answersOf = (text: string) => (text.match(/Find Response: \d+ \(Pending\)/g) ?? []).length;

  beforeAll(async () => {
    receiverPort = await freePort();
    await start();
    expect(await pacs.storeFiles(bytesOf(studies))).toBe(studies.reduce((sum, study) => sum + study.instances, 0));
  });
  afterAll(() => pacs.stop());

  it('answers C-ECHO', async () => {
    await expect(run('echoscu', address())).resolves.toBeDefined();
  });

  it('finds studies by patient number, date range and accession number', async () => {
    const keys = ['QueryRetrieveLevel=STUDY', 'StudyInstanceUID', 'NumberOfStudyRelatedInstances', 'ModalitiesInStudy'];
    expect(answersOf(await find(...keys))).toBe(5);
    expect(answersOf(await find(...keys, `PatientID=${thorax.patient.patientId}`))).toBe(3);
    expect(answersOf(await find(...keys, `PatientID=${thorax.patient.patientId}`, 'StudyDate=20260101-'))).toBe(2);
    const one = await find(...keys, `AccessionNumber=${thorax.accessionNumber}`);
    expect(one).toContain(thorax.studyInstanceUid);
    expect(one).toMatch(/IS \[6 ?\]/);
  });

  it('finds series and images', async () => {
    const series = await find(
      'QueryRetrieveLevel=SERIES',
      `StudyInstanceUID=${head.studyInstanceUid}`,
      'SeriesInstanceUID',
      'Modality',
    );
    expect(answersOf(series)).toBe(4);
    const images = [
      'QueryRetrieveLevel=IMAGE',
      `StudyInstanceUID=${thorax.studyInstanceUid}`,
      `SeriesInstanceUID=${thorax.seriesInstanceUids[0]}`,
      'SOPInstanceUID',
      'InstanceNumber',
    ];
    expect(answersOf(await find(...images))).toBe(6);
    expect(answersOf(await find(...images.slice(0, 1), 'StudyInstanceUID=1.2.3', 'SOPInstanceUID'))).toBe(0);
  });

  it.each([
    ['JPEG-LS', thorax],
    ['explicit', prior],
    ['images, report and key images', head],
  ])('moves a study untouched: %s', async (_name, study) => {
    const folder = join(root, `${kind}-move-${study.accessionNumber}`);
    const child = await receiver(receiverPort, folder);
    try {
      const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study.studyInstanceUid}`];
      await run('movescu', ['-S', '-aem', 'RECEIVER', ...keys, ...address()]);
      expect(digestsOf(folder, form)).toEqual(await expected(study, form));
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    }
  });

  it('refuses a move to an unknown destination', async () => {
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${thorax.studyInstanceUid}`];
    await expect(run('movescu', ['-S', '-aem', 'NOBODY', ...keys, ...address()])).rejects.toBeDefined();
  });

  it('gives a study by C-GET', async () => {
    const folder = join(root, `${kind}-get`);
    mkdirSync(folder);
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${prior.studyInstanceUid}`];
    await run('getscu', ['-S', '--bit-preserving', '-od', folder, ...keys, ...address()]);
    expect(digestsOf(folder, form)).toEqual(await expected(prior, form));
  });

  it('receives an object by C-STORE, keeps it as it came, and still has everything after a restart', async () => {
    const file = join(root, `${kind}-sent.dcm`);
    const first = (await bytesOf([prior]).next()).value as Buffer;
    writeFileSync(file, first);
    execFileSync(
      'dcmodify',
      [
        '-nb',
        '-m',
        'StudyInstanceUID=2.25.77',
        '-m',
        'SeriesInstanceUID=2.25.78',
        '-m',
        'SOPInstanceUID=2.25.79',
        '-i',
        '(0009,0010)=SANDBOX',
        '-m',
        'InstanceNumber=001',
        file,
      ],
      { stdio: 'pipe' },
    );
    await run('storescu', [...address(), file]);
    await pacs.stop();
    await start();
    expect(answersOf(await find('QueryRetrieveLevel=STUDY', 'StudyInstanceUID'))).toBe(6);
    const folder = join(root, `${kind}-back`);
    mkdirSync(folder);
    await run('getscu', [
      '-S',
      '--bit-preserving',
      '-od',
      folder,
      '-k',
      'QueryRetrieveLevel=STUDY',
      '-k',
      'StudyInstanceUID=2.25.77',
      ...address(),
    ]);
    expect(digestsOf(folder, form)).toEqual([form(readFileSync(file))]);
  });
});
