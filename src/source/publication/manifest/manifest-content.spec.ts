import { defaultSelectionPolicy, manifestTitle } from '../../../standards/manifest';
import type { ReportRequest } from '../../intake';
import type { StudyInPacs } from '../study/study-in-pacs';
import { listedSeries, manifestContent, requestsOf } from './manifest-content';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const keyObject = '1.2.840.10008.5.1.4.1.1.88.59';
const facts = {
  studyInstanceUid: '1.2.3',
  accessionNumber: 'A1',
  accessionIssuer: '',
  patientId: 'P1',
  patientIdIssuer: '',
  date: '20260101',
  time: '',
  description: 'Scanner',
  studyId: '',
  referringPhysician: '',
};
const keyObjects = [
  {
    sopInstanceUid: 'K1',
    seriesInstanceUid: 'SK',
    title: { value: '113000', scheme: 'DCM', meaning: 'Of Interest' },
    comment: 'ici',
    references: ['I1'],
  },
  { sopInstanceUid: 'K2', seriesInstanceUid: 'SK', title: manifestTitle, comment: undefined, references: ['I1', 'I2'] },
  {
    sopInstanceUid: 'K3',
    seriesInstanceUid: 'SK',
    title: { value: '113001', scheme: 'DCM', meaning: '' },
    comment: undefined,
    references: ['I2'],
  },
];
const study: StudyInPacs = {
  pacsId: 'pacs',
  facts,
  instances: 5,
  keyObjects,
  series: [
    {
      seriesInstanceUid: 'S1',
      instances: [
        { sopClassUid: ct, sopInstanceUid: 'I1' },
        { sopClassUid: ct, sopInstanceUid: 'I2' },
      ],
    },
    {
      seriesInstanceUid: 'SK',
      instances: ['K1', 'K2', 'K3'].map((sopInstanceUid) => ({ sopClassUid: keyObject, sopInstanceUid })),
    },
  ],
};
const policy = { selection: defaultSelectionPolicy, rejected: new Set<string>() };
const uids = (series: ReturnType<typeof listedSeries>) =>
  series.flatMap((one) => one.instances.map((i) => i.sopInstanceUid));

describe('what a manifest lists', () => {
  it('is the images and the key images, no manifest, no rejection note; the mark stands beside its image', () => {
    const listed = listedSeries(study, policy);
    expect(uids(listed)).toEqual(['I1', 'I2', 'K1']);
    expect(listed[0].instances[0].keyImages).toEqual([
      {
        sopInstanceUid: 'K1',
        seriesInstanceUid: 'SK',
        title: { value: '113000', scheme: 'DCM', meaning: 'Of Interest' },
        comment: 'ici',
      },
    ]);
    expect(listed[0].instances[1].keyImages).toBeUndefined();
  });

  it('leaves out what was rejected, with its marks, and series that are then empty', () => {
    const listed = listedSeries(study, { ...policy, rejected: new Set(['I1', 'I2', 'K1']) });
    expect(listed).toEqual([]);
    const unmarked = listedSeries(study, { ...policy, rejected: new Set(['K1']) });
    expect(uids(unmarked)).toEqual(['I1', 'I2']);
    expect(unmarked[0].instances[0].keyImages).toBeUndefined();
  });
});

describe('the content of a manifest', () => {
  const act = {
    studyInstanceUid: '1.2.3',
    code: { code: 'X', displayName: 'Scanner du thorax' },
    regions: [{ code: '51185008', displayName: 'thorax' }],
  };
  const request = {
    exams: [{ studyInstanceUid: '1.2.3', acts: [act, { ...act }], orders: [] }],
    sender: { structureId: '1750803447', structureName: 'Centre' },
    report: {
      orders: [],
      patient: {
        ins: { matricule: '1', oid: '1.2' },
        birthFamily: 'NÉE',
        firstBirthGiven: 'ZOÉ',
        birthGivenNames: 'ZOÉ ANNE',
        usedGiven: 'ANNE',
        gender: 'U',
        birthDate: { text: '1979', precision: 'year', lunar: false },
      },
    },
  } as unknown as ReportRequest;
  const content = manifestContent(request, study, { publicUrl: 'https://db/rs/', retrieveLocationUid: '1.9' });

  it('takes people and acts from the report', () => {
    expect(content.patient).toMatchObject({ birthFamilyName: 'NÉE', gender: 'O', birthDate: '', birthPlace: '' });
    expect(content.patient.otherNames).toEqual(['^ZOÉ ANNE', '^ANNE']);
    expect(content).toMatchObject({
      actLabel: 'Scanner du thorax',
      institution: { name: 'Centre', structureId: '1750803447' },
    });
  });

  it('gives every series its address', () => {
    expect(
      content.studies[0].series.map(({ retrieveUrl, retrieveLocationUid }) => [retrieveUrl, retrieveLocationUid]),
    ).toEqual([
      ['https://db/rs/studies/1.2.3/series/S1', '1.9'],
      ['https://db/rs/studies/1.2.3/series/SK', '1.9'],
    ]);
  });

  it('names the order of these images, or all of them when the images name none', () => {
    const orders = ['A1', 'A2'].map((extension) => ({
      accession: { root: '1', extension },
      placerOrder: { root: '2', extension: `O${extension}` },
    }));
    expect(requestsOf(orders, 'A2')).toEqual([
      { accession: { value: 'A2', issuerOid: '1' }, placerOrder: { value: 'OA2', issuerOid: '2' } },
    ]);
    expect(requestsOf(orders, '')).toHaveLength(2);
  });
});
