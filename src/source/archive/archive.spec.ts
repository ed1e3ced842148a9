import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aManifest } from '../../../test/support/manifest/builders';
import { writeManifest } from '../../standards/manifest';
import { LruCache } from './lru-cache';
import { StudiesInDoubt } from './studies-in-doubt';
import { describeImport, importManifest, ManifestRecord, PutOptions, ServableManifest } from '.';

describe('LruCache', () => {
  it('lets the least recently used go when the weights exceed its bound', () => {
    const cache = new LruCache<string>(10);
    cache.set('a', 'A', 4);
    cache.set('b', 'B', 4);
    expect(cache.get('a')).toBe('A');
    cache.set('c', 'C', 4);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['A', undefined, 'C']);
  });

  it('replaces a value with its weight, keeps nothing heavier than itself, and can be emptied', () => {
    const cache = new LruCache<number>(10);
    cache.set('a', 1, 9);
    cache.set('a', 2, 1);
    cache.set('b', 3, 9);
    cache.set('huge', 4, 11);
    expect([cache.get('a'), cache.get('b'), cache.get('huge'), cache.size]).toEqual([2, 3, undefined, 2]);
    cache.delete('never');
    cache.clear();
    expect([cache.get('a'), cache.size]).toEqual([undefined, 0]);
  });
});

describe('StudiesInDoubt', () => {
  it('lasts until every change has ended, or until none could still be open', () => {
    let now = 0;
    const doubts = new StudiesInDoubt(100, () => now);
    const first = doubts.add('1.2');
    const second = doubts.add('1.2');
    first();
    expect([doubts.has('1.2'), doubts.has('1.3')]).toEqual([true, false]);
    second();
    expect(doubts.has('1.2')).toBe(false);
    doubts.add('1.2');
    now = 101;
    expect(doubts.has('1.2')).toBe(false);
    doubts.add('1.3');
    expect(doubts.has('1.2')).toBe(false);
  });
});

describe('ServableManifest', () => {
  const { patient, ...content } = aManifest();
  const record = Object.assign(new ManifestRecord(), {
    kosSopInstanceUid: content.sopInstanceUid,
    studyInstanceUid: content.studies[0].studyInstanceUid,
    patientMatricule: patient.ins?.matricule,
    patientOid: patient.ins?.oid,
    patient,
    content,
    pacsId: null,
  });
  const manifest = new ServableManifest(record);
  const study = { studyInstanceUid: '1.2.250.1.999.1' };
  const series = { ...study, seriesInstanceUid: '1.2.250.1.999.1.2' };

  it('knows what it lists', () => {
    expect(manifest.lacks(study)).toBeUndefined();
    expect(manifest.lacks(series)).toBeUndefined();
    expect(manifest.lacks({ ...series, sopInstanceUid: '1.2.250.1.999.1.2.1' })).toBeUndefined();
    expect(manifest.lacks({ ...series, sopInstanceUid: '1.2.250.1.999.1.1.1' })).toBe('instance-not-listed');
    expect(manifest.lacks({ ...study, seriesInstanceUid: '9' })).toBe('series-not-listed');
  });

  it('gives the expected instances of a study, a series, an instance', () => {
    expect(manifest.expected(study)).toHaveLength(5);
    expect(manifest.expected(series).map((i) => i.sopInstanceUid)).toEqual([
      '1.2.250.1.999.1.2.1',
      '1.2.250.1.999.1.2.2',
    ]);
    expect(manifest.expected({ ...series, sopInstanceUid: '1.2.250.1.999.1.2.2' })).toEqual([
      {
        seriesInstanceUid: series.seriesInstanceUid,
        sopInstanceUid: '1.2.250.1.999.1.2.2',
        sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      },
    ]);
    expect(manifest.expected({ ...series, sopInstanceUid: '9' })).toEqual([]);
    expect(manifest.expected({ ...study, seriesInstanceUid: '9' })).toEqual([]);
  });

  it('carries the patient apart', () => {
    expect(manifest.patient).toEqual({ matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' });
    expect(manifest.patientIssuer).toBe('ASIP-SANTE-INS-NIR');
  });
});

describe('importManifest', () => {
  it('puts the file in place of whichever manifest was current, and tells it without naming anyone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'import-'));
    const manifest = aManifest();
    const written = writeManifest(manifest);
    if (!written.ok) throw new Error(written.reason);
    writeFileSync(join(folder, 'ko.dcm'), written.bytes);
    const calls: (PutOptions | undefined)[] = [];
    const archive = {
      put: async (_raw: Buffer, options?: PutOptions) => {
        calls.push(options);
        return { outcome: 'replaced' as const, manifest, replacedKosSopInstanceUid: '1.9' };
      },
    };
    const imported = await importManifest(archive, join(folder, 'ko.dcm'), { pacsId: 'main' });
    rmSync(folder, { recursive: true });
    expect(calls).toEqual([{ replaces: 'any', pacsId: 'main' }]);
    const sentence = describeImport(imported);
    expect(sentence).toContain('stored in place of 1.9: study 1.2.250.1.999.1, 2 series, 5 instances');
    expect(sentence + JSON.stringify(imported)).not.toMatch(/PAT-TROIS|279035121518989/);
  });
});
