import {
  birthDateToDicom,
  checkAdeli,
  checkBirthDate,
  checkBirthPlace,
  checkCdaUid,
  checkDicomPersonName,
  Checked,
  checkFiness,
  checkGender,
  checkIdentityStatus,
  checkInsMatricule,
  checkOid,
  checkProfessionalId,
  checkRpps,
  checkStructureId,
} from './index';

type Table = ReadonlyArray<readonly [what: string, text: string, accepted: boolean]>;

const tables: ReadonlyArray<readonly [string, (text: string) => Checked<unknown>, Table]> = [
  [
    'INS',
    checkInsMatricule,
    [
      ['a woman of the national examples', '279035121518989', true],
      ['a man', '162018885045327', true],
      ['born in South Corsica', '168102A00123475', true],
      ['born in North Corsica', '168102B00123405', true],
      ['empty', '', false],
      ['13 characters, without key', '2790351215189', false],
      ['14 characters', '27903512151898', false],
      ['16 characters', '2790351215189890', false],
      ['wrong key', '279035121518988', false],
      ['key of the other Corsica', '168102A00123405', false],
      ['letter elsewhere', '27903A121518989', false],
      ['department 2C', '168102C00123475', false],
      ['starting by 9', '979035121518989', false],
      ['starting by 0', '079035121518989', false],
      ['spaces', '2 79035121518989', false],
      ['full-width digits', '２79035121518989', false],
    ],
  ],
  [
    'RPPS',
    checkRpps,
    [
      ['11 digits', '01234560801', true],
      ['10 digits', '0123456080', false],
      ['12 digits', '012345608011', false],
      ['a letter', '0123456080A', false],
    ],
  ],
  [
    'ADELI',
    checkAdeli,
    [
      ['9 digits', '751234567', true],
      ['Corsica', '2A1234567', true],
      ['8 digits', '75123456', false],
      ['10 digits', '7512345678', false],
      ['2C', '2C1234567', false],
    ],
  ],
  [
    'professional',
    checkProfessionalId,
    [
      ['8 + RPPS', '801234564895', true],
      ['bare RPPS', '01234560801', true],
      ['0 + ADELI', '0751234567', true],
      ['bare ADELI', '751234567', true],
      ['employee of a structure', '3750803447/12345', true],
      ['11 digits read as a bare RPPS', '80123456489', true],
      ['9 + 11 digits', '901234564895', false],
      ['13 digits', '8012345648951', false],
      ['empty', '', false],
      ['words', 'DOC0036790', false],
    ],
  ],
  [
    'FINESS',
    checkFiness,
    [
      ['9 digits', '750803447', true],
      ['Corsica', '2B0000020', true],
      ['8 digits', '75080344', false],
      ['10 digits', '7508034470', false],
    ],
  ],
  [
    'OID',
    checkOid,
    [
      ['of the INS', '1.2.250.1.213.1.4.8', true],
      ['64 characters', `1.2.${'1'.repeat(60)}`, true],
      ['65 characters', `1.2.${'1'.repeat(61)}`, false],
      ['two arcs', '1.2', true],
      ['one arc', '1', false],
      ['zero arc', '1.0.5', true],
      ['leading zero', '1.2.05', false],
      ['first arc 3', '3.1', false],
      ['second arc 39', '1.39.1', true],
      ['second arc 40', '1.40.1', false],
      ['second arc 40 under 2', '2.40.1', true],
      ['trailing dot', '1.2.', false],
      ['a UUID', 'D52DE737-001D-4031-B571-0A0ED7C42300', false],
    ],
  ],
  [
    'CDA uid',
    checkCdaUid,
    [
      ['an OID', '1.2.250', true],
      ['a UUID', 'D52DE737-001D-4031-B571-0A0ED7C42300', true],
      ['a cut UUID', 'D52DE737-001D-4031-B571-0A0ED7C4230', false],
    ],
  ],
  [
    'birth place',
    checkBirthPlace,
    [
      ['a commune', '51215', true],
      ['South Corsica', '2A004', true],
      ['overseas', '97411', true],
      ['abroad', '99350', true],
      ['unknown', '99999', true],
      ['4 characters', '5121', false],
      ['6 characters', '512150', false],
      ['department 00', '00123', false],
      ['2C', '2C004', false],
      ['empty', '', false],
    ],
  ],
  [
    'birth date',
    checkBirthDate,
    [
      ['a day', '19790328', true],
      ['ISO', '1979-03-28', true],
      ['a leap day', '20000229', true],
      ['a lunar day', '19580230', true],
      ['year and month', '197903', true],
      ['year', '1979', true],
      ['unknown day', '19790300', true],
      ['unknown month and day', '19790000', true],
      ['with a time', '197903280815', true],
      ['day 32', '19790332', false],
      ['month 13', '19791328', false],
      ['day without month', '19790028', false],
      ['7 digits', '1979032', false],
      ['3 digits', '197', false],
      ['1849', '18490101', false],
      ['1850', '18500101', true],
      ['empty', '', false],
    ],
  ],
  [
    'sex',
    checkGender,
    [
      ['F', 'F', true],
      ['M', 'M', true],
      ['UN of CDA', 'UN', true],
      ['lower case', 'f', false],
      ['a property of objects', 'constructor', false],
      ['empty', '', false],
    ],
  ],
  [
    'person name',
    checkDicomPersonName,
    [
      ['family and given', 'PAT-TROIS^DOMINIQUE', true],
      ['64 characters', 'A'.repeat(64), true],
      ['65 characters', 'A'.repeat(65), false],
      ['5 components', 'A^B^C^D^E', true],
      ['6 components', 'A^B^C^D^E^F', false],
      ['3 groups', 'A=B=C', true],
      ['4 groups', 'A=B=C=D', false],
      ['a backslash', 'A\\B', false],
      ['a line end', 'A\nB', false],
    ],
  ],
];

describe.each(tables)('%s', (_name, check, rows) => {
  it.each(rows)('%s', (_what, text, accepted) => {
    const checked = check(text);
    expect(checked.ok).toBe(accepted);
    if (!checked.ok && text.length > 4) expect(checked.reason).not.toContain(text);
  });
});

describe('identity status', () => {
  it.each([
    [['VALI'], true],
    [['VALI', ''], true],
    [['PROV'], false],
    [['VALI', 'DOUTE'], false],
    [['FICTI', 'VALI'], false],
    [[''], false],
    [[], false],
  ])('%j', (codes, accepted) => {
    expect(checkIdentityStatus(codes).ok).toBe(accepted);
  });
});

describe('structure', () => {
  it.each([
    ['1750803447', 'IDNST', '1750803447', 'finess'],
    ['750803447', 'FINEG', '1750803447', 'finess'],
    ['101235555', undefined, '1101235555', 'finess'],
    ['499700367909006', undefined, '499700367909006', 'rpps-rank'],
    ['300000000023911', undefined, '300000000023911', 'siret'],
    ['31875127510002', 'SIRET', '331875127510002', 'siret'],
    ['318751275', 'SIREN', '2318751275', 'siren'],
  ])('%s of type %s is %s', (text, type, national, kind) => {
    expect(checkStructureId(text, type)).toMatchObject({ ok: true, value: { national, kind } });
  });

  it.each([
    ['', undefined],
    ['12345678', undefined],
    ['750803447', 'WRONG'],
    ['7508034471234567', 'FINEG'],
  ])('%s of type %s is refused', (text, type) => {
    expect(checkStructureId(text, type).ok).toBe(false);
  });

  it('tells a wrong key without refusing it', () => {
    expect(checkStructureId('101235555')).toMatchObject({ ok: true, value: { keyIsRight: false } });
    expect(checkStructureId('750803447')).toMatchObject({ ok: true, value: { keyIsRight: true } });
  });
});

describe('birth date in DICOM', () => {
  it.each([
    ['19790328', '19790328'],
    ['19580230', undefined],
    ['197903', undefined],
    ['19790000', undefined],
  ])('%s gives %s', (text, expected) => {
    const checked = checkBirthDate(text);
    expect(checked.ok && birthDateToDicom(checked.value)).toBe(expected);
  });
});
