import { loadConfig } from '../../platform/config';
import { callProfiles, consentOf, consentWords, oppositionWords, wordsFault } from './call-profile';
import { CallerRules } from './caller-rules';
import { contextConfig } from './context.config';
import { readContextualCall, type CallRules } from './read-contextual-call';

/** Unmistakable and invented; the key of the INS is right. */
const form = {
  'Patient.identifier.value': '279035121518989',
  'Patient.identifier.system': '1.2.250.1.213.1.4.8',
  'Patient.name.family': "D'ESSAI-FICTIVE",
  'Patient.name.given': 'ANNE-MARIE',
  'Patient.gender': 'F',
  'Patient.birthDate': '19790328',
  'Address.district': '51215',
  PatientID: 'IPP101',
  PatientIDIssuer: 'CH&1.2.250.1.213.4.5.2.4&ISO',
  InformationEtConsentement: 'oui',
};
const rules: CallRules = { profile: callProfiles['ans-2024-12'], insOids: ['1.2.250.1.213.1.4.8'] };
const read = (change: object = {}, with_: Partial<CallRules> = {}) => {
  const all = Object.entries({ ...form, ...change }).filter(([, value]) => value !== undefined);
  return readContextualCall(Object.fromEntries(all), { ...rules, ...with_ });
};
const faultsOf = (...args: Parameters<typeof read>) => {
  const reading = read(...args);
  return reading.ok ? [] : reading.faults.map(({ parameter, kind }) => `${parameter ?? '?'} ${kind}`);
};

describe('contextual call', () => {
  it('reads the whole call', () => {
    const reading = read({ Situation: '999900000000019' });
    expect(reading).toEqual({
      ok: true,
      call: {
        consent: 'informed',
        situationId: '999900000000019',
        filters: {},
        patient: {
          ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.8' },
          birthFamilyName: "D'ESSAI-FICTIVE",
          firstGivenName: 'ANNE-MARIE',
          gender: 'F',
          birthDate: { text: '19790328', precision: 'day', lunar: false },
          birthPlace: { code: '51215', kind: 'commune' },
          localId: {
            value: 'IPP101',
            authority: { namespaceId: 'CH', universalId: '1.2.250.1.213.4.5.2.4', universalIdType: 'ISO' },
          },
        },
      },
    });
  });

  it.each([
    ['Patient.identifier.value', '27903512151898', 'invalid'],
    ['Patient.identifier.value', '279035121518988', 'invalid'],
    ['Patient.identifier.value', '2790351215189890', 'invalid'],
    ['Patient.identifier.system', '1.2.250.1.213.1.4.10', 'invalid'],
    ['Patient.identifier.system', '1.2.3', 'invalid'],
    ['Patient.gender', 'constructor', 'invalid'],
    ['Patient.gender', '__proto__', 'invalid'],
    ['Patient.name.family', '12', 'invalid'],
    ['Patient.name.family', `${'A'.repeat(101)}`, 'invalid'],
    ['Patient.name.given', 'A\u0000B', 'invalid'],
    ['Patient.name.given', '\uFFFDlodie', 'invalid'],
    ['Patient.gender', 'X', 'invalid'],
    ['Patient.birthDate', '28/03/1979', 'invalid'],
    ['Patient.birthDate', '19791328', 'invalid'],
    ['Address.district', '5121', 'invalid'],
    ['Address.district', '00123', 'invalid'],
    ['PatientID', ' ', 'empty'],
    ['PatientIDIssuer', 'CH&1.2.x&ISO', 'invalid'],
    ['PatientIDIssuer', 'CH&1.2.3&ISO&X', 'invalid'],
    ['PatientIDIssuer', 'CH&abc', 'invalid'],
    ['InformationEtConsentement', 'peut-être', 'invalid'],
    ['Situation', 'a b', 'invalid'],
    ['PatientID', ['1', '2'], 'repeated'],
    ['PatientID', undefined, 'missing'],
    ['InformationEtConsentement', undefined, 'missing'],
  ])('%s %j: %s', (name, value, kind) => {
    expect(faultsOf({ [name]: value })).toEqual([`${name} ${kind}`]);
  });

  it.each([
    ['Patient.birthDate', '1979-03-28'],
    ['Patient.birthDate', '197903'],
    ['Patient.birthDate', '19790230'],
    ['Address.district', '2A004'],
    ['Address.district', '97411'],
    ['Address.district', '99351'],
    ['Patient.gender', 'female'],
    ['Patient.identifier.system', 'urn:oid:1.2.250.1.213.1.4.8'],
    ['PatientIDIssuer', '1470003641'],
    ['PatientIDIssuer', '1.2.250.1.213.4.5.2.4'],
    ['PatientIDIssuer', '&1.2.250.1.213.4.5.2.4&ISO'],
  ])('%s accepts %j', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([]);
  });

  it('tells all faults at once, without any value', () => {
    const reading = read({ 'Patient.gender': 'VALEUR', PatientID: undefined, 'Patient.birthDate': 'VALEUR' });
    expect(reading.ok).toBe(false);
    expect(JSON.stringify(reading)).not.toContain('VALEUR');
    expect(reading.ok ? 0 : reading.faults.length).toBe(3);
  });

  it('names an unknown parameter only when it resembles ours', () => {
    expect(faultsOf({ 'patient.gender': 'F' })).toEqual(['patient.gender unknown']);
    expect(faultsOf({ StudyInstanceUID: '1.2.3' })).toEqual(['StudyInstanceUID unknown']);
    expect(faultsOf({ DUPONT: 'x' })).toEqual(['? unknown']);
    expect(faultsOf({ __proto__x: 'x' })).toEqual(['? unknown']);
  });

  it('speaks the older form under its own profile', () => {
    const older = { profile: callProfiles['ans-2024-05'] };
    const change = {
      InformationEtConsentement: undefined,
      InformationEtOppositionConsultation: 'non',
      StudyDate: '20240101-20241231',
      Modality: 'CT',
    };
    const reading = read(change, older);
    expect(reading.ok && reading.call.consent).toBe('informed');
    expect(reading.ok && reading.call.filters).toMatchObject({
      modality: 'CT',
      studyDateFrom: '20240101',
      studyDateTo: '20241231',
    });
    expect(faultsOf({ ...change, StudyDate: '20241231-20240101' }, older)).toEqual(['StudyDate invalid']);
    expect(faultsOf({ ...change, StudyInstanceUID: '1..2' }, older)).toEqual(['StudyInstanceUID invalid']);
    expect(faultsOf({ InformationEtOppositionConsultation: 'non' }, { profile: callProfiles.tolerant })).toEqual([
      'InformationEtOppositionConsultation conflict',
    ]);
  });

  it.each([
    ['OUI', consentWords, 'informed'],
    ['true', consentWords, 'informed'],
    ['Informé et non opposé', consentWords, 'informed'],
    ['informe_et_oppose', consentWords, 'opposed'],
    ['non recueilli', consentWords, 'not-collected'],
    ['oui', oppositionWords, 'opposed'],
    ['unknown', oppositionWords, 'not-collected'],
    ['constructor', consentWords, undefined],
    ['-', { informed: ['+'], opposed: ['-'], 'not-collected': ['?'] }, undefined],
  ] as const)('consent %s', (value, words, decision) => {
    expect(consentOf(value, words)).toBe(decision);
  });
});

describe('configured words of the consent', () => {
  const load = (words: object) =>
    loadConfig([contextConfig as never], { DRIMBOX_CALL_CONSENT_WORDS: JSON.stringify(words) }, { production: false });

  it.each([
    ['words without letter or digit', { informed: ['+'], opposed: ['-'], 'not-collected': ['?'] }],
    ['one such word', { informed: ['oui', '…'], opposed: ['non'], 'not-collected': ['inconnu'] }],
    ['the same word', { informed: ['1'], opposed: ['0'], 'not-collected': ['1'] }],
    ['the same word but for its spelling', { informed: ['Refusé'], opposed: ['refuse !'], 'not-collected': ['x'] }],
  ])('%s: the gateway does not start', (_what, words) => {
    expect(() => load(words)).toThrow(/DRIMBOX_CALL_CONSENT_WORDS/);
  });

  it('that tell the decisions apart are taken, as are those of the profiles', () => {
    expect(() => load({ informed: ['oui', 'OUI'], opposed: ['non'], 'not-collected': ['?0'] })).not.toThrow();
    expect([consentWords, oppositionWords].map(wordsFault)).toEqual([undefined, undefined]);
  });
});

describe('who may call', () => {
  const rulesOf = new CallerRules(['https://ris.test'], ['10.0.0.0/8', '::1']);
  it.each([
    [{ origin: 'https://ris.test', address: '10.1.2.3' }, undefined],
    [{ origin: undefined, address: '::ffff:10.1.2.3' }, undefined],
    [{ origin: undefined, address: '::1' }, undefined],
    [{ origin: 'https://autre.test', address: '10.1.2.3' }, 'origin'],
    [{ origin: 'null', address: '10.1.2.3' }, 'origin'],
    [{ origin: 'https://ris.test', address: '11.1.2.3' }, 'address'],
    [{ origin: 'https://ris.test', address: undefined }, 'address'],
    [{ origin: 'https://ris.test', address: 'x' }, 'address'],
  ])('%j -> %s', (caller, refusal) => {
    expect(rulesOf.refusal(caller)).toBe(refusal);
  });
  it('takes anybody when nothing is configured', () => {
    expect(new CallerRules([], []).refusal({ origin: 'https://x.test' })).toBeUndefined();
  });
});
