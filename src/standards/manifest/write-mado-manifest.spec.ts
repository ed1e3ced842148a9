import dicomParser from 'dicom-parser';
import { aManifest, ctSeries, manifestContent } from '../../../test/support/manifest/builders';
import { Manifest, readManifest, writeMadoManifest } from '.';

const study = manifestContent().studies[0];
const keyObject = { sopInstanceUid: '1.2.250.1.999.8.1', seriesInstanceUid: '1.2.250.1.999.8' };
const marked = { ...ctSeries(study.studyInstanceUid, 1, 2), date: '20260320', time: '083200' };
marked.instances[0].keyImages = [
  { ...keyObject, title: { value: '113000', scheme: 'DCM', meaning: 'Of Interest' }, comment: 'Nodule à surveiller' },
];
marked.instances[1].numberOfFrames = 4;
const keyObjects = {
  ...ctSeries(study.studyInstanceUid, 8, 0),
  seriesInstanceUid: keyObject.seriesInstanceUid,
  modality: 'KO',
  instances: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59', sopInstanceUid: keyObject.sopInstanceUid }],
};
const targetRegions = [{ value: '51185008', scheme: 'SCT', meaning: 'Région du thorax' }];

function mado(): Manifest {
  return aManifest({ studies: [{ ...study, series: [marked, keyObjects] }], targetRegions });
}

function bytesOf(manifest: Manifest): Buffer {
  const written = writeMadoManifest(manifest);
  if (!written.ok) throw new Error(written.reason);
  return written.bytes;
}

interface Node {
  type: string;
  concept: string;
  children: Node[];
}

function tree(item: dicomParser.DataSet): Node {
  const concept = item.elements['x0040a043']?.items?.[0]?.dataSet;
  return {
    type: item.string('x0040a040') ?? '',
    concept: concept?.string('x00080100') ?? '',
    children: (item.elements['x0040a730']?.items ?? []).flatMap((child) =>
      child.dataSet ? [tree(child.dataSet)] : [],
    ),
  };
}

describe('writeMadoManifest', () => {
  it('is read back as the same manifest, under its own title', () => {
    const manifest = mado();
    expect(readManifest(bytesOf(manifest))).toEqual({
      ok: true,
      manifest: { ...manifest, title: { value: 'MADOTEMP001', scheme: '99IHE', meaning: 'Manifest with Description' } },
    });
  });

  it('has the image library of the profile, seen by another library', () => {
    const root = tree(dicomParser.parseDicom(bytesOf(mado())));
    const library = root.children.find((node) => node.concept === '111028');
    expect(library?.children.map((node) => [node.type, node.concept])).toEqual([
      ['CODE', '121139'],
      ['CODE', '121139'],
      ['CODE', '123014'],
      ['NUM', 'MADOTEMP009'],
      ['CONTAINER', '126200'],
      ['CONTAINER', '126200'],
    ]);
    const [images, keys] = library?.children.slice(4) ?? [];
    expect(images.children.map((node) => [node.type, node.concept])).toEqual([
      ['CODE', '121139'],
      ['DATE', 'MADOTEMP003'],
      ['TIME', 'MADOTEMP004'],
      ['TEXT', 'MADOTEMP002'],
      ['TEXT', '113607'],
      ['UIDREF', '112002'],
      ['NUM', 'MADOTEMP007'],
      ['IMAGE', ''],
      ['IMAGE', ''],
    ]);
    expect(images.children[8].children.map((node) => node.concept)).toEqual(['121140', '113609']);
    expect(keys.children.at(-1)?.children.map((node) => node.concept)).toEqual(['121144', '113012']);
  });

  it('has the accession number at the root when there is one only', () => {
    const rootAccession = (manifest: Manifest) => dicomParser.parseDicom(bytesOf(manifest)).string('x00080050');
    const manifest = mado();
    expect(rootAccession(manifest)).toBe('ACN101');
    manifest.studies[0].requests.push({ accession: { value: 'ACN102' } });
    expect(rootAccession(manifest)).toBeUndefined();
  });

  it.each([
    ['region', (m: Manifest) => (m.targetRegions = [])],
    ['study date', (m: Manifest) => (m.studies[0].date = undefined)],
    ['modality', (m: Manifest) => (m.studies[0].series[0].modality = undefined)],
    ['institution', (m: Manifest) => (m.institution = undefined)],
  ])('refuses a manifest without %s', (_name, take) => {
    const manifest = mado();
    take(manifest);
    expect(writeMadoManifest(manifest)).toEqual({ ok: false, reason: 'mado-incomplete' });
  });
});
