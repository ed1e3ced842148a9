import type { CalledPatient } from '../../context';
import { traitsOfEntry, traitsOfManifest } from './claimed-traits';
import { compareTraits, type ClaimedTraits } from './compare-traits';

const ins = { matricule: '262017512345632', oid: '1.2.250.1.213.1.4.8' };
const called: CalledPatient = {
  ins,
  birthFamilyName: "D'ESSAI-DRIM",
  firstGivenName: 'ANNE-MARIE',
  gender: 'F',
  birthDate: { text: '19620112', precision: 'day', lunar: false },
  birthPlace: { code: '2A004', kind: 'commune' },
  localId: { value: 'IPP-1', authority: { namespaceId: 'CHFICTIF', universalId: '1.2.3', universalIdType: 'ISO' } },
};
const same: ClaimedTraits = {
  ins,
  birthFamilyName: "D'ESSAI-DRIM",
  firstGivenName: 'ANNE-MARIE',
  birthDate: '19620112',
  gender: 'F',
  birthPlace: '2A004',
};

describe('strict traits of a document beside those of the call', () => {
  it.each<[string, Partial<ClaimedTraits>]>([
    ['the same', {}],
    ['the family name in another spelling', { birthFamilyName: 'd essai drim' }],
    ['all given names, of which the first is the same', { firstGivenName: 'Anne-Marie, Louise' }],
    ['the first part of a compound given name', { firstGivenName: 'ANNE' }],
    ['a year of birth alone', { birthDate: '1962' }],
    ['year and month of birth', { birthDate: '196201' }],
    ['a Corsican place in small letters', { birthPlace: '2a004' }],
    ['a place that nobody knows', { birthPlace: '99999' }],
  ])('%s: no difference', (_what, more) => {
    expect(compareTraits(called, { ...same, ...more }).differences).toEqual([]);
  });

  it.each<[keyof ClaimedTraits, Partial<ClaimedTraits>]>([
    ['ins', { ins: { ...ins, matricule: '262017512345733' } }],
    ['ins', { ins: { ...ins, oid: '1.2.250.1.213.1.4.9' } }],
    ['birthFamilyName', { birthFamilyName: "D'ESSAI" }],
    ['birthFamilyName', { birthFamilyName: "D'ESSAI-DRIMM" }],
    ['firstGivenName', { firstGivenName: 'MARIE' }],
    ['firstGivenName', { firstGivenName: 'ANNEMARIE' }],
    ['firstGivenName', { firstGivenName: 'ANNE-MARION' }],
    ['birthDate', { birthDate: '19620113' }],
    ['birthDate', { birthDate: '19621201' }],
    ['birthDate', { birthDate: '196202' }],
    ['birthDate', { birthDate: '1963' }],
    ['gender', { gender: 'M' }],
    ['gender', { gender: 'U' }],
    ['birthPlace', { birthPlace: '2B004' }],
  ])('another %s is a difference, and the only one: %j', (trait, more) => {
    expect(compareTraits(called, { ...same, ...more }).differences.map((one) => one.trait)).toEqual([trait]);
  });

  it('tells what a document leaves out, which is no difference', () => {
    const traits = ['ins', 'birthFamilyName', 'firstGivenName', 'birthDate', 'gender', 'birthPlace'];
    expect(compareTraits(called, {})).toEqual({ differences: [], absent: traits });
    expect(compareTraits(called, { birthFamilyName: '' }).absent).toContain('birthFamilyName');
  });

  it('a patient of whom only the year of birth is known is not everybody born in another year', () => {
    const vague: CalledPatient = { ...called, birthDate: { text: '1962', precision: 'year', lunar: false } };
    expect(compareTraits(vague, same).differences).toEqual([]);
    expect(compareTraits(vague, { ...same, birthDate: '19630112' }).differences).toHaveLength(1);
  });
});

describe('traits that an entry of the record tells', () => {
  const entryOf = (...sourcePatientInfo: string[]) =>
    traitsOfEntry({ patientId: `${ins.matricule}^^^&${ins.oid}&ISO^NH`, sourcePatientInfo });

  it('are those of the birth certificate: not the name in use, not the address of today', () => {
    expect(
      entryOf(
        'PID-5|PORTEE^LOUISE^^^^^D',
        "PID-5|D'ESSAI-DRIM^ANNE-MARIE^ANNE-MARIE LOUISE^^^^L",
        'PID-7|19620112000000',
        'PID-8|f',
        'PID-11|^^PARIS^^75013^^H~^^^^^^BDL^^2A004',
      ),
    ).toEqual(same);
  });

  it('that cannot be read are absent, never guessed', () => {
    const unread = entryOf('PID-5|PORTEE^LOUISE^^^^^D', 'PID-7|12/01/1962', 'PID-8|?', 'PID-11|^^PARIS^^75013^^H');
    expect(unread).toEqual({ ins });
    expect(traitsOfEntry({ patientId: 'nobody', sourcePatientInfo: [] })).toEqual({});
  });

  it('of a manifest: a sex that is other is compared, one that is not told is absent', () => {
    const genderOf = (gender: 'O' | '') => traitsOfManifest({ patient: { gender } as never }).gender;
    expect([genderOf('O'), genderOf('')]).toEqual(['U', undefined]);
  });
});
