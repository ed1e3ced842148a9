import { aManifest, ctSeries, manifestContent } from '../../../test/support/manifest/builders';
import { referenceValueType } from './concepts';
import { readDescriptionText } from './description-text';
import { defaultSelectionPolicy, dicomMoment, isUid, manifestChanges, selectInstances, uidFactory } from '.';

describe('dicomMoment', () => {
  it.each([
    ['2026-01-15T23:30:05Z', 'Europe/Paris', { date: '20260116', time: '003005', timezoneOffset: '+0100' }],
    ['2026-07-15T10:00:00Z', 'Europe/Paris', { date: '20260715', time: '120000', timezoneOffset: '+0200' }],
    ['2026-07-15T00:00:00Z', 'UTC', { date: '20260715', time: '000000', timezoneOffset: '+0000' }],
    ['2026-07-15T02:00:00Z', 'America/Cayenne', { date: '20260714', time: '230000', timezoneOffset: '-0300' }],
  ])('%s in %s', (instant, zone, expected) => expect(dicomMoment(new Date(instant), zone)).toEqual(expected));
});

describe('uidFactory', () => {
  it.each(['2.25', '1.2.250.1.999.12345.678'])('makes UIDs of at most 64 characters below %s', (root) => {
    for (const byte of [0x00, 0xff]) {
      const uid = uidFactory(root, () => Buffer.alloc(16, byte)).next();
      expect(isUid(uid)).toBe(true);
      expect(uid.startsWith(`${root}.`)).toBe(true);
      expect(uid).not.toMatch(/\.0\d/);
    }
  });
  it.each(['1.2.250.1.999.12345.67890', 'x', ''])('refuses the root "%s"', (root) => {
    expect(() => uidFactory(root, () => Buffer.alloc(16))).toThrow(RangeError);
  });
});

describe('isUid', () => {
  it.each(['1', '1.2', '1.2.03', `1.${'2'.repeat(62)}`])('accepts %s', (text) => expect(isUid(text)).toBe(true));
  it.each(['', '.', '1.', '.1', '1..2', 'a', '1.2 ', `1.${'2'.repeat(63)}`, '1.2\n'])('refuses "%s"', (text) =>
    expect(isUid(text)).toBe(false),
  );
});

describe('referenceValueType', () => {
  it.each([
    ['2', 'IMAGE'],
    ['2.1', 'IMAGE'],
    ['77.1.4.1', 'IMAGE'],
    ['66.4', 'IMAGE'],
    ['9.1.1', 'WAVEFORM'],
    ['88.59', 'COMPOSITE'],
    ['104.1', 'COMPOSITE'],
    ['11.1', 'COMPOSITE'],
    ['481.3', 'COMPOSITE'],
  ])('of storage class %s is %s', (end, type) =>
    expect(referenceValueType(`1.2.840.10008.5.1.4.1.1.${end}`)).toBe(type),
  );
});

describe('readDescriptionText', () => {
  it.each([
    ['Série-1.2.3 : CT @  : Thorax', { modality: 'CT', description: 'Thorax' }],
    ['Série-1.2.3 : NM @ : Serie E1', { modality: 'NM', description: 'Serie E1' }],
    ['Serie-1.2.3 : CT : Dentascan : fin', { modality: 'CT', description: 'Dentascan : fin' }],
    ['SÃ©rie-1.2.3 : MR @ Abdomen : T2 @ 3T : x', { modality: 'MR', description: 'T2 @ 3T : x' }],
    ['Série-1.2.3 :  @  : ', { modality: undefined, description: undefined }],
    ['Série-1.2.3 : CT', { modality: 'CT', description: undefined }],
  ])('reads "%s"', (line, expected) => expect(readDescriptionText(line).series.get('1.2.3')).toEqual(expected));

  it('passes over what it does not know, and hostile lines cost nothing', () => {
    const started = performance.now();
    const text = readDescriptionText(`Bonjour\r\n${'Série-1 : '.repeat(100_000)}\nActe = X\nExamen : Y`);
    expect(text).toMatchObject({ actLabel: 'X', studyDescription: 'Y' });
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('selectInstances', () => {
  const keyObject = '1.2.840.10008.5.1.4.1.1.88.59';
  const series = [
    ctSeries('1.2', 1, 2),
    {
      ...ctSeries('1.2', 2, 0),
      instances: ['k', 'm', 'r', 'u'].map((_, i) => ({ sopClassUid: keyObject, sopInstanceUid: `1.3.${i}` })),
    },
    { ...ctSeries('1.2', 3, 0), instances: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.11.1', sopInstanceUid: '1.4' }] },
  ];
  const titles = new Map([
    ['1.3.0', { value: '113000', scheme: 'DCM', meaning: 'Of Interest' }],
    ['1.3.1', { value: '113030', scheme: 'DCM', meaning: 'Manifest' }],
    ['1.3.2', { value: '113037', scheme: 'DCM', meaning: 'Rejected for Patient Safety Reasons' }],
  ]);

  it('keeps key images, leaves manifests, rejection notes and unread key objects out', () => {
    const selection = selectInstances(series, undefined, titles);
    expect(selection.series.map((s) => s.instances.map((i) => i.sopInstanceUid))).toEqual([
      ['1.2.1.1', '1.2.1.2'],
      ['1.3.0'],
      ['1.4'],
    ]);
    expect(selection.excluded).toEqual([
      { sopInstanceUid: '1.3.1', reason: 'manifest' },
      { sopInstanceUid: '1.3.2', reason: 'rejection-note' },
      { sopInstanceUid: '1.3.3', reason: 'unread-key-object' },
    ]);
  });

  it('follows its policy and drops series left empty', () => {
    const policy = {
      ...defaultSelectionPolicy,
      presentationStates: 'excluded' as const,
      excludedSopClasses: ['1.2.840.10008.5.1.4.1.1.2'],
      unreadKeyObjects: 'listed' as const,
    };
    expect(selectInstances(series, policy).series.map((s) => s.instances.length)).toEqual([4]);
  });
});

describe('manifestChanges', () => {
  const before = aManifest();
  it('sees no change in other labels, order and addresses', () => {
    const next = manifestContent();
    next.studies[0].series.reverse();
    next.studies[0].series[0].description = 'autre';
    next.studies[0].series[0].retrieveUrl = 'https://elsewhere.example.fr/';
    expect(manifestChanges(before, next)).toMatchObject({ kind: 'unchanged' });
  });
  it('names what came, what went and what moved', () => {
    const next = manifestContent();
    const [first, second] = next.studies[0].series;
    second.instances.push(first.instances.pop()!, { sopClassUid: '1.2', sopInstanceUid: '9.9' });
    first.instances.shift();
    expect(manifestChanges(before, next)).toEqual({
      kind: 'changed',
      addedSopInstanceUids: ['9.9'],
      removedSopInstanceUids: ['1.2.250.1.999.1.1.1'],
      alteredSopInstanceUids: ['1.2.250.1.999.1.1.3'],
    });
  });
  it('sees a new key image', () => {
    const next = manifestContent();
    const title = { value: '113000', scheme: 'DCM', meaning: 'Of Interest' };
    next.studies[0].series[0].instances[0].keyImages = [{ sopInstanceUid: '8.1', seriesInstanceUid: '8', title }];
    expect(manifestChanges(before, next)).toMatchObject({
      kind: 'changed',
      alteredSopInstanceUids: ['1.2.250.1.999.1.1.1'],
    });
  });
  it('says when nothing is left', () => {
    expect(manifestChanges(before, { studies: [] })).toMatchObject({ kind: 'empty' });
  });
});
