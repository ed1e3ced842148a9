import { encodeItem, encodeSequence, encodeText, EXPLICIT_LITTLE } from '../../../standards/dicom';
import { patientMismatch, type IdentityStrictness, type PatientToMatch } from './check-patient';

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
  other?: { id: string; oid?: string; issuer?: string };
}

const text = (tag: number, vr: string, value: string | undefined) =>
  value === undefined ? [] : [encodeText(tag, vr, value, EXPLICIT_LITTLE)];

function head({ name, id, issuer, birth, sex, other }: Image) {
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
    expect(patientMismatch(head(image), { ...patient, ...over }, strictness)).toBe(mismatch);
  });
});
