import type { ManifestRecord } from './manifest-record.entity';
import { ServableManifest } from './servable-manifest';

const record = (insIssuer?: string) =>
  ({
    kosSopInstanceUid: '1.2.9',
    studyInstanceUid: '1.2.1',
    patientMatricule: '279035121518989',
    patientOid: '1.2.250.1.213.1.4.10',
    patient: { insIssuer },
    pacsId: null,
    content: {
      studies: [
        { series: [{ seriesInstanceUid: '1.2.2', instances: [{ sopInstanceUid: '1.2.3', sopClassUid: '1.2.4' }] }] },
      ],
    },
  }) as unknown as ManifestRecord;

describe('a manifest as serving needs it', () => {
  it('holds what it lists and nothing else', () => {
    const manifest = new ServableManifest(record());
    const study = { studyInstanceUid: '1.2.1' };
    expect(manifest.expected(study)).toHaveLength(1);
    expect(manifest.lacks({ ...study, seriesInstanceUid: '1.2.8' })).toBe('series-not-listed');
    expect(manifest.expected({ ...study, seriesInstanceUid: '1.2.8' })).toEqual([]);
    const foreign = { ...study, seriesInstanceUid: '1.2.2', sopInstanceUid: '1.2.8' };
    expect([manifest.lacks(foreign), manifest.expected(foreign)]).toEqual(['instance-not-listed', []]);
  });

  it.each([
    ['INSEE-NIR', 'INSEE-NIR'],
    ['Identité nationale', undefined],
    ['a\\b', undefined],
    ['x'.repeat(65), undefined],
    [undefined, undefined],
  ])('names the issuer only where any object can hold the name: %s', (given, named) => {
    expect(new ServableManifest(record(given)).patientIssuer).toBe(named);
  });
});
