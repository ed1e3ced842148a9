import { encodeItem, encodeSequence, encodeText, EXPLICIT_LITTLE } from '../../../standards/dicom';
import { judgeIdentity, type IdentityStrictness, type PatientToMatch } from './check-patient';

const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.8' };
const patient: PatientToMatch = {
  ins,
  birthFamilyName: 'LE GOFF',
  firstGivenName: 'ANNE',
  gender: 'F',
  birthDate: { text: '19790328', precision: 'day', lunar: false },
  otherNames: ['MARTIN^ANNIE'],
};

interface Image {
  name?: string;
  id?: string;
  issuer?: string;
  birth?: string;
  sex?: string;
  otherNames?: string;
  other?: { id: string; oid?: string; issuer?: string };
}

const text = (tag: number, vr: string, value: string | undefined) =>
  value === undefined ? [] : [encodeText(tag, vr, value, EXPLICIT_LITTLE)];

function head({ name, id, issuer, birth, sex, otherNames, other }: Image) {
  const qualifiers = other?.oid
    ? [encodeSequence(0x00100024, [encodeItem(text(0x00400032, 'UT', other.oid), EXPLICIT_LITTLE)], EXPLICIT_LITTLE)]
    : [];
  const item = other && [...text(0x00100020, 'LO', other.id), ...text(0x00100021, 'LO', other.issuer), ...qualifiers];
  const bytes = Buffer.concat([
    ...text(0x00100010, 'PN', name),
    ...text(0x00100020, 'LO', id),
    ...text(0x00100021, 'LO', issuer),
    ...text(0x00100030, 'DA', birth),
    ...text(0x00100040, 'CS', sex),
    ...text(0x00101001, 'PN', otherNames),
    ...(item ? [encodeSequence(0x00101002, [encodeItem(item, EXPLICIT_LITTLE)], EXPLICIT_LITTLE)] : []),
  ]);
  return { transferSyntaxUid: '1.2.840.10008.1.2.1', head: bytes, pixelDataFollows: true };
}

const good = { name: 'LE GOFF^ANNE', id: 'X7', birth: '19790328', sex: 'F' };
const withIns = { ...good, other: { id: ins.matricule, oid: ins.oid } };

describe('identity of an image', () => {
  const rows: [string, Image, IdentityStrictness, string | undefined, Partial<PatientToMatch>?][] = [
    ['the INS and the traits', withIns, 'ins', undefined],
    ['the INS without its key', { ...good, other: { id: ins.matricule.slice(0, 13), oid: ins.oid } }, 'ins', undefined],
    [
      'the INS by the name of its issuer',
      { ...good, other: { id: ins.matricule, issuer: 'ASIP-SANTE-INS-NIR' } },
      'ins',
      undefined,
    ],
    ['the INS as PatientID', { ...good, id: ins.matricule, issuer: 'ASIP-SANTE-INS-NIR' }, 'ins', undefined],
    ['the INS alone', { other: withIns.other }, 'traits', undefined],
    ['another INS', { ...good, other: { id: '160055121518912', oid: ins.oid } }, 'contradiction', 'ins-differs'],
    [
      'the number under another nature',
      { ...good, other: { id: ins.matricule, oid: '1.2.250.1.213.1.4.10' } },
      'traits',
      'ins-differs',
    ],
    [
      'the INS beside another of the same nature',
      { ...withIns, id: '160055121518912', issuer: 'ASIP-SANTE-INS-NIR' },
      'contradiction',
      'ins-differs',
    ],
    [
      'the INS beside one of another nature',
      { ...withIns, id: '160055121518912', issuer: 'ASIP-SANTE-INS-NIA' },
      'ins',
      undefined,
    ],
    ['no INS where it is required', good, 'ins', 'ins-absent'],
    ['a local number that looks like nothing', { ...good, other: { id: '12', oid: '1.2.3' } }, 'traits', undefined],
    ['traits only', good, 'traits', undefined],
    [
      'the INS on an image of another birth date',
      { ...withIns, birth: '19550101' },
      'contradiction',
      'birth-date-differs',
    ],
    ['the INS on an image of another sex', { ...withIns, sex: 'M' }, 'contradiction', 'sex-differs'],
    ['sex other', { ...good, sex: 'O' }, 'traits', undefined],
    ['no birth date', { ...good, birth: undefined }, 'traits', 'birth-date-absent'],
    ['no birth date, tolerated', { ...good, birth: undefined }, 'contradiction', undefined],
    ['an unusable birth date', { ...good, birth: '1979.3.2' }, 'traits', 'birth-date-differs'],
    ['another name', { ...good, name: 'DUPONT^JEANNE' }, 'traits', 'name-differs'],
    ['the name used', { ...good, name: 'MARTIN^A' }, 'traits', undefined],
    ['accents and case', { ...good, name: 'Le Goff^Annë' }, 'traits', undefined],
    ['no name', { ...good, name: undefined }, 'traits', 'name-differs'],
    ['nothing at all, tolerated', {}, 'contradiction', undefined],
    [
      'a year known only',
      { ...good, birth: '19790101' },
      'traits',
      undefined,
      { birthDate: { text: '1979', precision: 'year', lunar: false } },
    ],
    [
      'a lunar day',
      { ...good, birth: '19790301' },
      'traits',
      undefined,
      { birthDate: { text: '19790230', precision: 'day', lunar: true } },
    ],
  ];
  it.each(rows)('%s', (_what, image, strictness, mismatch, over = {}) => {
    expect(judgeIdentity(head(image), { ...patient, ...over }, strictness).mismatch).toBe(mismatch);
  });

  /** `doubt`: shown, with a word. `no`: refused. */
  type Fate = 'yes' | 'doubt' | 'no';
  const ANNE = {};
  const listed: Partial<PatientToMatch> = {
    birthFamilyName: 'LE GOFF',
    firstGivenName: 'MARIE-LOUISE',
    otherNames: ['^MARIE-LOUISE JEANNE', 'MARTIN^LOU'],
  };
  /** What is written; its fate without an INS, and beside the right one. */
  const names: [string, string, Fate, Fate, Partial<PatientToMatch>][] = [
    ['the twin', 'LE GOFF^LEA', 'no', 'doubt', ANNE],
    ['the twin whose name begins alike', 'LE GOFF^ANNETTE', 'no', 'doubt', ANNE],
    ['the twin under the name used', 'MARTIN^LEA', 'no', 'doubt', ANNE],
    ['the twin without delimiter', 'LE GOFF LEA', 'no', 'doubt', ANNE],
    ['the twin in the middle name', 'LE GOFF^^LEA', 'no', 'doubt', ANNE],
    ['the twin by an initial', 'LE GOFF^L.', 'no', 'doubt', ANNE],
    ['the twin with the components swapped', 'LEA^LE GOFF', 'no', 'doubt', ANNE],
    ['the twin of a compound name', 'LE GOFF^MARIE-LEA', 'no', 'doubt', listed],
    ['the twin who shares a second name', 'LE GOFF^LEA JEANNE', 'no', 'doubt', listed],
    ['somebody else', 'DUPONT^LEA', 'no', 'no', ANNE],
    ['somebody else by a particle', 'LE BIHAN^LEA', 'no', 'no', ANNE],
    ['somebody else with the same initial', 'DUPONT^A', 'no', 'no', ANNE],
    ['an initial', 'LE GOFF^A.', 'yes', 'yes', ANNE],
    ['initials of a compound name', 'LE GOFF^M-L', 'yes', 'yes', listed],
    ['no hyphen', 'LE GOFF^MARIE LOUISE', 'yes', 'yes', listed],
    ['in one word', 'LEGOFF^MARIELOUISE', 'yes', 'yes', listed],
    ['the first part of a compound name', 'LE GOFF^MARIE', 'yes', 'yes', listed],
    ['the whole list of given names', 'Le Goff^Marie-Louise^Jeanne', 'yes', 'yes', listed],
    ['a second given name', 'LE GOFF^JEANNE', 'yes', 'yes', listed],
    ['the name used, given and family', 'MARTIN^LOU', 'yes', 'yes', listed],
    ['both family names', 'MARTIN LE GOFF^LOU', 'yes', 'yes', listed],
    ['the components swapped', 'ANNE^LE GOFF', 'yes', 'yes', ANNE],
    ['without delimiter', 'LE GOFF ANNE', 'yes', 'yes', ANNE],
    ['without delimiter, the given name first', 'ANNE GOFF', 'yes', 'yes', ANNE],
    ['the family name alone', 'LE GOFF', 'yes', 'yes', ANNE],
    ['a family name that nobody told', 'DURAND^ANNE', 'doubt', 'doubt', ANNE],
    ['a delimiter and nothing', '^', 'no', 'yes', ANNE],
  ];
  describe.each(names)('by name: %s', (_what, name, alone, besideIns, over) => {
    const judged = (image: Image) => {
      const { mismatch, nameDoubt } = judgeIdentity(head(image), { ...patient, ...over }, 'traits');
      return mismatch ? 'no' : nameDoubt ? 'doubt' : 'yes';
    };
    it('without an INS', () => expect(judged({ ...good, name })).toBe(alone));
    it('beside the INS', () => expect(judged({ ...withIns, name })).toBe(besideIns));
  });

  it('one of several names is enough', () => {
    const image = { ...good, name: 'DUPONT^LEA', otherNames: 'LE GOFF^ANNE' };
    expect(judgeIdentity(head(image), patient, 'traits')).toEqual({});
  });

  it('says which part of the name is another one', () => {
    const doubtOf = (name: string) => judgeIdentity(head({ ...withIns, name }), patient, 'ins').nameDoubt;
    expect(doubtOf('LE GOFF^LEA')).toBe('given-differs');
    expect(doubtOf('DURAND^ANNE')).toBe('family-differs');
    expect(doubtOf('LE GOFF^ANNE')).toBeUndefined();
  });
});
