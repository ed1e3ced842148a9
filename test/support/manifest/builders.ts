import {
  composeManifest,
  ManifestContent,
  ManifestSeries,
  Manifest,
  uidFactory,
} from '../../../src/standards/manifest';

/** Unpredictable is not wanted in a test: each call counts up. */
export function countingUids(root = '1.2.826.0.1'): ReturnType<typeof uidFactory> {
  let count = 0;
  return uidFactory(root, () => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(++count, 0);
    return bytes;
  });
}

export const manifestMoment = { date: '20260321', time: '101500', timezoneOffset: '+0100' };

const exchange = 'https://drimbox.example.fr/rs';

/** A CT series of `count` images of a study. */
export function ctSeries(studyInstanceUid: string, index: number, count: number): ManifestSeries {
  const seriesInstanceUid = `${studyInstanceUid}.${index}`;
  return {
    seriesInstanceUid,
    number: index,
    modality: 'CT',
    description: `Thorax sans injection ${index}`,
    retrieveUrl: `${exchange}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`,
    instances: Array.from({ length: count }, (_, i) => ({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `${seriesInstanceUid}.${i + 1}`,
      instanceNumber: i + 1,
    })),
  };
}

/** What a manifest says of an invented patient; pass only what the test is about. */
export function manifestContent(over: Partial<ManifestContent> = {}): ManifestContent {
  const studyInstanceUid = '1.2.250.1.999.1';
  return {
    patient: {
      ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
      insIssuer: 'ASIP-SANTE-INS-NIR',
      birthFamilyName: 'PAT-TROIS',
      firstGivenName: 'DOMINIQUE',
      birthDate: '19790328',
      gender: 'F',
      birthPlace: '51215',
      otherNames: ['^DOMINIQUE', 'PAT-TROIS^DOMINIQUE'],
    },
    studies: [
      {
        studyInstanceUid,
        date: '20260320',
        time: '083117.658000',
        description: 'Scanner thoracique',
        studyId: 'E42',
        referringPhysician: 'LEFÈVRE^ANNE',
        requests: [
          {
            accession: { value: 'ACN101', issuerOid: '1.2.250.1.213.4.5.2.5' },
            placerOrder: { value: 'OPN101', issuerOid: '1.2.250.1.213.4.5.2.6' },
          },
        ],
        series: [ctSeries(studyInstanceUid, 1, 3), ctSeries(studyInstanceUid, 2, 2)],
      },
    ],
    actLabel: 'Scanographie du thorax, sans injection',
    institution: { name: 'Centre de radiologie Ambroise', structureId: '1750803447' },
    manufacturer: 'DRIMbox',
    ...over,
  };
}

/** A composed manifest of that content. */
export function aManifest(over: Partial<ManifestContent> = {}, root?: string): Manifest {
  return composeManifest(manifestContent(over), { uids: countingUids(root), now: manifestMoment });
}

/** One study of `series` series of `images` images each. */
export function manifestOf(series: number, images: number, studyInstanceUid = '1.2.250.1.999.7'): Manifest {
  const study = { studyInstanceUid, requests: [], series: [] as ManifestSeries[] };
  for (let i = 1; i <= series; i++) study.series.push(ctSeries(studyInstanceUid, i, images));
  return aManifest({ studies: [study] });
}
