import fc from 'fast-check';
import {
  confidentialityCodes,
  contentTypeCode,
  escapeComponent,
  formatCx,
  formatDtm,
  formatPatientId,
  formatXcn,
  formatXon,
  modalityCode,
  parseCx,
  parseDtm,
  parseXcn,
  parseXon,
  referencesOf,
  unescapeComponent,
  visibilityOf,
} from './index';

describe('HL7 types in metadata', () => {
  it('writes identifiers as the samples do', () => {
    expect(formatPatientId({ matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' })).toBe(
      '162018885045327^^^&1.2.250.1.213.1.4.10&ISO^NH',
    );
    const person = {
      id: '899700367909',
      family: 'DOC0036790',
      given: 'KIT',
      authority: '1.2.250.1.71.4.2.1',
      nameType: 'D',
      idType: 'IDNPS',
    } as const;
    expect(formatXcn(person)).toBe('899700367909^DOC0036790^KIT^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS');
    expect(formatXon({ name: 'BCOM', id: '499700367909006', authority: '1.2.250.1.71.4.2.2' })).toBe(
      'BCOM^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499700367909006',
    );
    expect(parseXcn('1^A^B^^^^^^&1.2&ISO^D^^^IDNPS')).toEqual({ id: '1', family: 'A', given: 'B' });
    expect(parseXon('N^^^^^&1.2&ISO^IDNST^^^42')).toEqual({ name: 'N', id: '42' });
  });

  it('keeps any value inside its component', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(escapeComponent(value)).not.toMatch(/[\^&|~]/);
        expect(unescapeComponent(escapeComponent(value))).toBe(value);
      }),
    );
    const hostile = { value: 'A^B&C', authority: '1.2.3', type: 'PI' };
    expect(parseCx(formatCx(hostile))).toEqual(hostile);
  });

  it.each(['', 'A', 'A^^^B', 'A^^^&&ISO^PI', 'A^^^&1.02&ISO^PI', 'A^^^&1.2.3&DNS^PI', '^^^&1.2.3&ISO^PI'])(
    'takes %j for no identifier',
    (text) => {
      expect(parseCx(text)).toBeUndefined();
    },
  );

  it('sorts references by kind', () => {
    const list = [
      'ACN1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession',
      '1.2.9^^^&1.2&ISO^urn:ihe:iti:xds:2016:studyInstanceUID',
      'noise',
    ];
    expect(referencesOf(list, 'accession')).toEqual([
      { value: 'ACN1', authority: '1.2.3', type: 'urn:ihe:iti:xds:2013:accession' },
    ]);
    expect(referencesOf(list, 'studyInstanceUid').map((one) => one.value)).toEqual(['1.2.9']);
    expect(referencesOf(list, 'order')).toEqual([]);
  });

  it('writes instants in UTC and reads any precision', () => {
    expect(formatDtm(new Date('2023-11-14T14:44:58.150+01:00'))).toBe('20231114134458');
    expect(parseDtm('2023')?.toISOString()).toBe('2023-01-01T00:00:00.000Z');
    expect(parseDtm('20231114134458')?.toISOString()).toBe('2023-11-14T13:44:58.000Z');
    for (const wrong of ['', '20231', '20230229', '20231114134458+0100', 'x']) expect(parseDtm(wrong)).toBeUndefined();
  });
});

describe('value sets', () => {
  const flags = { masquePs: false, invisiblePatient: false, invisibleRepresentantsLegaux: false };

  it('writes N always, and one code for each restriction', () => {
    expect(confidentialityCodes(flags).map((code) => code.code)).toEqual(['N']);
    const all = { masquePs: true, invisiblePatient: true, invisibleRepresentantsLegaux: true };
    expect(confidentialityCodes(all).map((code) => code.code)).toEqual([
      'N',
      'MASQUE_PS',
      'INVISIBLE_PATIENT',
      'INVISIBLE_REPRESENTANTS_LEGAUX',
    ]);
    for (const masquePs of [true, false])
      for (const invisiblePatient of [true, false])
        for (const invisibleRepresentantsLegaux of [true, false]) {
          const some = { masquePs, invisiblePatient, invisibleRepresentantsLegaux };
          expect(visibilityOf(confidentialityCodes(some))).toEqual(some);
        }
  });

  it.each([
    ['I', '03'],
    ['o', '07'],
    ['E', '07'],
    ['R', '19'],
    ['N', '97'],
    ['', '97'],
    [undefined, '97'],
    ['constructor', '97'],
  ])('patient class %s is content type %s', (patientClass, code) => {
    expect(contentTypeCode(patientClass)).toMatchObject({ code, scheme: '1.2.250.1.213.2.2' });
  });

  it('labels a modality it does not know by its own code', () => {
    expect(modalityCode('MR').display).toBe('Magnetic Resonance');
    expect(modalityCode('ZZ').display).toBe('ZZ');
  });
});
