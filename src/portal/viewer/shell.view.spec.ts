import type { ViewerGrant, ViewerStudySource } from '../../viewer';
import { keyImagesView } from './key-images.view';
import { ageAt, frameAddress, frenchDate, shellView, spacedIns } from './shell.view';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const sourceOf = (uid: string) =>
  ({
    study: {
      studyInstanceUid: uid,
      date: '20260102',
      series: [
        {
          seriesInstanceUid: `${uid}.1`,
          modality: 'CT',
          instances: [2, 1].map((instanceNumber) => ({
            sopInstanceUid: `${uid}.1.${instanceNumber}`,
            sopClassUid: ct,
            instanceNumber,
            isKeyImage: instanceNumber === 2,
          })),
        },
        { seriesInstanceUid: `${uid}.2`, modality: 'KO', instances: [] },
      ],
    },
  }) as unknown as ViewerStudySource;
const grantOn = (...uids: string[]) =>
  ({
    id: 'G',
    marks: new Set(),
    patient: {
      matricule: '269054958815780',
      birthFamilyName: 'NOM',
      firstGivenName: 'P',
      birthDate: '19690501',
      gender: 'F',
    },
    sources: new Map(uids.map((uid) => [uid, sourceOf(uid)])),
  }) as unknown as ViewerGrant;
const options = {
  today: new Date(2026, 3, 30),
  use: 'consultation',
  early: [],
  isImage: (uid: string) => uid === ct,
} as const;

describe('the page around the viewer', () => {
  it('names the patient as a professional reads it', () => {
    const { patient, studies } = shellView(grantOn('1'), options);
    expect(patient).toEqual({
      family: 'NOM',
      given: 'P',
      gender: 'Femme',
      born: 'née le 01/05/1969',
      age: '56 ans',
      ins: '2 69 05 49 588 157 80',
    });
    expect(studies[0]).toMatchObject({ date: '02/01/2026', modality: 'CT', description: 'Examen' });
  });
  it('adds what the call knows: the place of birth, and the traits that no manifest tells', () => {
    const called = { birthPlace: '75113', absentTraits: ['birthPlace', 'gender'] };
    expect(shellView({ ...grantOn('1'), called }, options).patient).toMatchObject({
      birthPlace: '75113',
      absent: 'lieu de naissance, sexe',
    });
  });
  it('previews the image at which the stack opens', () => {
    expect(shellView(grantOn('1'), options).preview).toContain('/instances/1.1.1/rendered');
  });
  it('names the reports by their exam when there are several', () => {
    const reports = [
      { path: '/a/pdf', date: '20260102' },
      { path: '/b/pdf', date: '20250102' },
    ];
    const labels = (grant: ViewerGrant) => shellView(grant, options).reports.map(({ label }) => label);
    expect(labels({ ...grantOn('1'), reports: reports.slice(0, 1) })).toEqual(['Compte rendu']);
    expect(labels({ ...grantOn('1', '2'), reports })).toEqual(['02/01/2026', '02/01/2025']);
    expect(labels(grantOn('1'))).toEqual([]);
  });
  it('lists key images: the reader’s own, those of notes, others of the manifest', () => {
    const title = { value: '113000', scheme: 'DCM', meaning: 'Of Interest' };
    const own = { value: 'X1', scheme: '99XX', meaning: 'Pour le staff' };
    const grant = { ...grantOn('1'), marks: new Set(['1.1.1', '1.9.9']) };
    const { groups, marks } = keyImagesView(grant, [
      { title, text: 'À voir', images: ['1.1.1'] },
      { title: own, images: ['1.1.1'] },
      { title, images: ['7.7'] },
    ]);
    expect(groups.map((group) => [group.title, group.text, group.images.map(({ uid }) => uid)])).toEqual([
      ['Marquées par vous (le temps de cette lecture)', undefined, ['1.1.1']],
      ['D’intérêt', 'À voir', ['1.1.1']],
      ['Pour le staff', undefined, ['1.1.1']],
      ['Images clés de l’examen', undefined, ['1.1.2']],
    ]);
    expect(marks).toContain('1.1.1');
    expect(groups[0]?.images[0]?.address).toBe('/dicomweb/G/studies/1/series/1.1/instances/1.1.1/thumbnail');
  });
  it('compares two exams side by side', () => {
    expect(shellView(grantOn('1', '2'), options)).toMatchObject({ comparing: true, preview: undefined });
    expect(frameAddress(grantOn('1', '2'))).toContain('StudyInstanceUIDs=1%2C2&lng=fr&hangingProtocolId=');
  });
  it.each([
    ['20260102', '02/01/2026'],
    ['1990', '1990'],
    [undefined, ''],
  ])('writes the date %s as %s', (date, text) => expect(frenchDate(date)).toBe(text));
  it('leaves what is not an INS, or not a date, alone', () => {
    expect([spacedIns('123'), ageAt('', new Date()), ageAt('20990101', new Date(2026, 1, 1))]).toEqual([
      '123',
      undefined,
      undefined,
    ]);
  });
});
