import fc from 'fast-check';
import {
  checkIns,
  checkInsMatricule,
  checkTimestamp,
  comparableName,
  insKey,
  insNatures,
  parseCx,
  parseXcn,
  parseXon,
  timestampToDate,
  timestampToUtcDigits,
  toDicomPersonName,
} from './index';

describe('INS with its nature', () => {
  const matricule = '279035121518989';

  it('accepts real natures only, unless told otherwise', () => {
    expect(checkIns({ matricule, oid: insNatures.nir }).ok).toBe(true);
    expect(checkIns({ matricule, oid: insNatures.nia }).ok).toBe(true);
    expect(checkIns({ matricule, oid: insNatures.nirTest })).toEqual({
      ok: false,
      reason: 'an INS of nature nirTest is not accepted here',
    });
    expect(checkIns({ matricule, oid: insNatures.nirTest }, [insNatures.nirTest]).ok).toBe(true);
    expect(checkIns({ matricule, oid: '1.2.3' }).ok).toBe(false);
  });

  it('agrees with its own key for any number, and with no other', () => {
    const body = fc
      .tuple(
        fc.integer({ min: 1, max: 8 }),
        fc.stringMatching(/^\d{4}$/),
        fc.constantFrom('51', '2A', '2B'),
        fc.stringMatching(/^\d{6}$/),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(body, fc.integer({ min: 0, max: 99 }), (number, key) => {
        const right = insKey(number);
        const other = String(key).padStart(2, '0');
        expect(checkInsMatricule(number + right).ok).toBe(true);
        expect(checkInsMatricule(number + other).ok).toBe(other === right);
      }),
    );
  });
});

describe('CX', () => {
  it('reads namespace, OID and type, with trailing components', () => {
    expect(parseCx('279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS^^')).toEqual({
      ok: true,
      value: {
        id: '279035121518989',
        authority: { namespaceId: 'ASIP-SANTE-INS-NIR', universalId: '1.2.250.1.213.1.4.10', universalIdType: 'ISO' },
        typeCode: 'INS',
      },
    });
  });

  it.each([
    ['^^^A&1.2.3&ISO^PI', 'the identifier (CX-1) is empty'],
    ['IPP1^^^A&1.02.3&ISO^PI', 'CX-4: the OID is not a dotted list of numbers without leading zeros'],
    ['IPP1^^^A&&ISO^PI', 'CX-4 is of type ISO and has no identifier'],
    [`${'1'.repeat(65)}^^^A^PI`, 'the identifier (CX-1) is longer than 64 characters'],
  ])('refuses %s', (text, reason) => {
    expect(parseCx(text)).toEqual({ ok: false, reason });
  });

  it('accepts an authority known by name only, and 64 characters', () => {
    expect(parseCx('IPP1^^^HOSPITAL^PI').ok).toBe(true);
    expect(parseCx(`${'1'.repeat(64)}^^^A^PI`).ok).toBe(true);
  });
});

describe('XON and XCN', () => {
  it('reads the organisation and the professional of the national examples', () => {
    const organisation = 'Centre^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^750803447';
    expect(parseXon(organisation)).toMatchObject({
      ok: true,
      value: { name: 'Centre', typeCode: 'FINEG', structureId: { national: '1750803447' } },
    });
    const person = '801234564895^Eric^Thomas^^^^^^ASIP-SANTE- PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS';
    expect(parseXcn(person)).toMatchObject({
      ok: true,
      value: {
        professionalId: { national: '801234564895', kind: 'rpps' },
        family: 'Eric',
        given: 'Thomas',
        typeCode: 'RPPS',
      },
    });
  });

  it('refuses another register', () => {
    expect(parseXon('C^^^^^X&1.2.3&ISO^FINEG^^^750803447').ok).toBe(false);
    expect(parseXcn('801234564895^A^B^^^^^^X&1.2.3&ISO').ok).toBe(false);
  });
});

describe('timestamp', () => {
  it.each([
    ['2021', '2021'],
    ['202101', '202101'],
    ['20210108', '20210108'],
    ['20210108+0100', '20210108'],
    ['2021010811+0100', '2021010810'],
    ['202101081117+0100', '202101081017'],
    ['20210108111700+0100', '20210108101700'],
    ['20210108111700.1234+0100', '20210108101700'],
    ['20210108111700-0330', '20210108144700'],
    ['20210101003000+0100', '20201231233000'],
    ['20210108111700Z', '20210108111700'],
    ['20210108111700', '20210108101700'],
    ['20210708111700', '20210708091700'],
  ])('%s is %s in UTC (Paris when it does not say)', (text, expected) => {
    const checked = checkTimestamp(text);
    expect(checked.ok && timestampToUtcDigits(checked.value)).toBe(expected);
  });

  it.each([
    '',
    '202',
    '20211',
    '20211301',
    '20210229',
    '2021010824',
    '202101081160',
    '20210108111760',
    '20210108111700+1500',
    '20210108111700+01',
    '2021-01-08',
    '{{idMessage}}',
    '283084121661677',
  ])('refuses %s', (text) => {
    expect(checkTimestamp(text).ok).toBe(false);
  });

  it('gives back any instant written in UTC', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true }), (date) => {
        const digits = date.toISOString().replace(/\D/g, '');
        const checked = checkTimestamp(`${digits.slice(0, 14)}.${digits.slice(14)}+0000`);
        expect(checked.ok && timestampToDate(checked.value)).toEqual(date);
      }),
    );
  });

  it('reads the hour that the clocks repeat as one of the two', () => {
    const checked = checkTimestamp('20211031023000');
    expect(checked.ok && timestampToUtcDigits(checked.value)).toMatch(/^202110310[01]3000$/);
  });
});

describe('names', () => {
  it('writes a DICOM name without its delimiters, 64 characters at most', () => {
    expect(toDicomPersonName({ family: 'PAT^TROIS', given: 'DO=MI\\N' })).toBe('PAT TROIS^DO MI N');
    expect(toDicomPersonName({ family: 'A'.repeat(80), given: 'B' })).toHaveLength(64);
    expect(toDicomPersonName({ family: 'A', given: '' })).toBe('A');
  });

  it('compares without accents, hyphens nor case', () => {
    expect(comparableName("D'Hœrès-Lévy ")).toBe(comparableName('D HOERES LEVY'));
    expect(comparableName('PAT-TROIS')).not.toBe(comparableName('PAT-SIX'));
  });
});
