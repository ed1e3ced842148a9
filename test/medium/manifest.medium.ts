import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Manifest, readManifest, writeManifest } from '../../src/standards/manifest';
import { aManifest, ctSeries, manifestOf } from '../support/manifest/builders';

/** Real: dcmtk (dsrdump, dcmdump) and dicom3tools (dciodvfy) judge the files we write. Nothing is doubled. */
const run = promisify(execFile);
const studyInstanceUid = '1.2.250.1.999.1';
const keyObject = { sopInstanceUid: '1.2.250.1.999.8.1', seriesInstanceUid: '1.2.250.1.999.8' };

const severalAccessions = [
  {
    accession: { value: 'ACN101', issuerOid: '1.2.250.1.213.4.5.2.5' },
    placerOrder: { value: 'OPN101', issuerOid: '1.2.3' },
  },
  { accession: { value: 'ACN102', issuerOid: '1.2.250.1.213.4.5.2.5' } },
  { placerOrder: { value: 'OPN103' } },
];

const markedSeries = ctSeries(studyInstanceUid, 1, 2);
markedSeries.retrieveLocationUid = '1.2.250.1.999.99';
markedSeries.instances[0].keyImages = [
  { ...keyObject, title: { value: '113000', scheme: 'DCM', meaning: 'Of Interest' }, comment: 'Nodule à surveiller' },
];

const mixed = {
  ...ctSeries(studyInstanceUid, 5, 0),
  modality: 'SR',
  instances: [
    { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.22', sopInstanceUid: '1.2.250.1.999.5.1', instanceNumber: 1 },
    { sopClassUid: '1.2.840.10008.5.1.4.1.1.9.1.1', sopInstanceUid: '1.2.250.1.999.5.2' },
    { sopClassUid: '1.2.840.10008.5.1.4.1.1.11.1', sopInstanceUid: '1.2.250.1.999.5.3' },
    { sopClassUid: '1.2.840.10008.5.1.4.1.1.3.1', sopInstanceUid: '1.2.250.1.999.5.4', numberOfFrames: 120 },
    { sopClassUid: '1.2.840.10008.5.1.4.1.1.104.1', sopInstanceUid: '1.2.250.1.999.5.5' },
  ],
};

const keyObjectSeries = {
  ...ctSeries(studyInstanceUid, 8, 0),
  seriesInstanceUid: keyObject.seriesInstanceUid,
  modality: 'KO',
  instances: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59', sopInstanceUid: keyObject.sopInstanceUid }],
};

function study(over: Partial<Manifest['studies'][0]>): Manifest['studies'] {
  const series = [ctSeries(studyInstanceUid, 1, 2)];
  return [
    { studyInstanceUid, date: '20260320', time: '0831', requests: severalAccessions.slice(0, 1), series, ...over },
  ];
}

const forms: [string, Manifest][] = [
  ['an ordinary study', aManifest()],
  ['several accessions and orders', aManifest({ studies: study({ requests: severalAccessions }) })],
  ['a key image', aManifest({ studies: study({ series: [markedSeries, keyObjectSeries] }) })],
  ['reports, waveforms, presentation states, multi-frame', aManifest({ studies: study({ series: [mixed] }) })],
  ['texts beyond Latin-1', aManifest({ studies: study({ description: 'Œsophage — Ωmega' }) })],
  [
    'next to nothing known',
    aManifest({
      institution: undefined,
      actLabel: undefined,
      studies: study({ date: undefined, time: undefined, requests: [] }),
    }),
  ],
  [
    'two studies',
    aManifest({
      studies: [
        ...study({}),
        ...study({ studyInstanceUid: '1.2.250.1.999.2', series: [ctSeries('1.2.250.1.999.2', 1, 1)] }),
      ],
    }),
  ],
  ['five thousand references', manifestOf(5, 1000)],
];

describe('a written manifest', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function file(manifest: Manifest): Promise<string> {
    const written = writeManifest(manifest);
    if (!written.ok) throw new Error(written.reason);
    const path = join(folder, `${manifest.sopInstanceUid}.dcm`);
    await writeFile(path, written.bytes);
    return path;
  }

  it.each(forms)('has no error for dciodvfy: %s', async (_name, manifest) => {
    const { stderr } = await run('dciodvfy', [await file(manifest)], { maxBuffer: 64 * 1024 * 1024 }).catch(
      (failed: { stderr: string }) => failed,
    );
    expect(stderr.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
  });

  it.each(forms)('is read by dsrdump without error: %s', async (_name, manifest) => {
    const { stdout, stderr } = await run('dsrdump', ['-Ec', '+U8', await file(manifest)], {
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(stderr.split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
    expect(stdout).toContain('Key Object Selection Document');
  });

  it.each(forms)('is read back equal: %s', (_name, manifest) => {
    const written = writeManifest(manifest);
    expect(written.ok && readManifest(written.bytes)).toEqual({ ok: true, manifest });
  });

  it('says to dcmdump what the samples say', async () => {
    const { stdout } = await run('dcmdump', ['+U8', '+L', await file(aManifest())]);
    expect(stdout).toContain('# Used TransferSyntax: Little Endian Explicit');
    expect(stdout).toMatch(/\(0040,a043\).*[\s\S]*\[113030\][\s\S]*\[DCM\][\s\S]*\[MANIFEST\]/);
    expect(stdout).toContain('Centre de radiologie Ambroise^^^^^^^^^1750803447');
    expect(stdout).toContain('Série-1.2.250.1.999.1.1 : CT @  : Thorax sans injection 1');
  });
});
