import fc from 'fast-check';
import dicomParser from 'dicom-parser';
import {
  aManifest,
  countingUids,
  ctSeries,
  manifestContent,
  manifestMoment,
  manifestOf,
} from '../../../test/support/manifest/builders';
import {
  composeManifest,
  Manifest,
  ManifestContent,
  ManifestFault,
  ManifestInstance,
  readManifest,
  writeManifest,
} from '.';

function bytesOf(manifest: Manifest): Buffer {
  const result = writeManifest(manifest);
  if (!result.ok) throw new Error(result.reason);
  return result.bytes;
}

const uidOf = (...parts: number[]) => ['1.2.250.1.999', ...parts].join('.');
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.string({ unit: fc.constantFrom('é', 'Ã', '©', 'a', ' ', ':', '@', '\\', '\n', '^', '=', 'œ'), maxLength: 40 }),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const issued = fc.record({
  value: fc.string({ unit: fc.constantFrom(...'ABC0123456789-'), minLength: 1, maxLength: 16 }),
  issuerOid: maybe(fc.constantFrom('1.2.250.1.213.4.5.2.5', '2.25.1234')),
});
const keyImage = fc.record({
  sopInstanceUid: fc.constant(uidOf(8, 1)),
  seriesInstanceUid: fc.constant(uidOf(8)),
  title: fc.record({ value: fc.constant('113000'), scheme: fc.constant('DCM'), meaning: anyText }),
  comment: maybe(anyText),
});
const numbers = maybe(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }));
const instance = (series: number, index: number): fc.Arbitrary<ManifestInstance> =>
  fc.record({
    sopClassUid: fc.constantFrom('1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.88.22', '1.2.3'),
    sopInstanceUid: fc.constant(uidOf(series, index + 1)),
    instanceNumber: numbers,
    numberOfFrames: maybe(fc.integer({ min: 1, max: 10_000 })),
    keyImages: maybe(fc.array(keyImage, { maxLength: 2 })),
  });
const series = (index: number) =>
  fc.record({
    seriesInstanceUid: fc.constant(uidOf(1, index)),
    number: numbers,
    modality: maybe(fc.constantFrom('CT', 'MR', 'us', 'PT CT')),
    description: maybe(anyText),
    retrieveUrl: fc.constant(`https://drimbox.example.fr/rs/studies/${uidOf(1)}/series/${uidOf(1, index)}`),
    retrieveLocationUid: maybe(fc.constant('1.2.250.1.999.99')),
    instances: fc
      .integer({ min: 1, max: 6 })
      .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => instance(index, i)))),
  });
const content: fc.Arbitrary<ManifestContent> = fc.record({
  patient: fc.record({
    ins: fc.constant({ matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' }),
    insIssuer: fc.constant('ASIP-SANTE-INS-NIR'),
    birthFamilyName: anyText,
    firstGivenName: anyText,
    birthDate: fc.constantFrom('19790328', '', '1979'),
    gender: fc.constantFrom('M' as const, 'F' as const, 'O' as const, '' as const),
    birthPlace: fc.constantFrom('51215', '2A004', '', '99999'),
    otherNames: fc.array(anyText, { maxLength: 3 }),
  }),
  studies: fc.tuple(
    fc.record({
      studyInstanceUid: fc.constant(uidOf(1)),
      date: fc.constantFrom('20260320', undefined, 'x'),
      time: fc.constantFrom('083117.658000', '0831', undefined, '25'),
      description: maybe(anyText),
      studyId: maybe(anyText),
      referringPhysician: maybe(anyText),
      requests: fc.array(fc.record({ accession: maybe(issued), placerOrder: maybe(issued) }), { maxLength: 3 }),
      series: fc
        .integer({ min: 1, max: 4 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => series(i + 1)))),
    }),
  ),
  actLabel: maybe(anyText),
  institution: maybe(fc.record({ name: anyText, structureId: maybe(fc.constantFrom('1750803447', '101235555')) })),
  manufacturer: maybe(anyText),
});

describe('writeManifest', () => {
  it('writes what readManifest reads back equal, whatever the texts', () => {
    fc.assert(
      fc.property(content, (generated) => {
        const manifest = composeManifest(generated, { uids: countingUids(), now: manifestMoment });
        expect(readManifest(bytesOf(manifest))).toEqual({ ok: true, manifest });
      }),
      { numRuns: 300 },
    );
  });

  it('is read the same by another library', () => {
    const bytes = bytesOf(aManifest());
    const dataset = dicomParser.parseDicom(bytes);
    expect(dataset.string('x00020010')).toBe('1.2.840.10008.1.2.1');
    expect(dataset.string('x00080005')).toBe('ISO_IR 100');
    expect(dataset.string('x00080080')).toBe('Centre de radiologie Ambroise^^^^^^^^^1750803447');
    expect(dataset.string('x00080050')).toBeUndefined();
    const template = dataset.elements['x0040a504'].items![0].dataSet!;
    expect([template.string('x00080105'), template.string('x0040db00')]).toEqual(['DCMR', '2010']);
    const evidence = dataset.elements['x0040a375'].items![0].dataSet!;
    expect(evidence.elements['x00081115'].items).toHaveLength(2);
    expect(dataset.elements['x0040a730'].items).toHaveLength(6);
    const last = dataset.elements['x0040a730'].items![5].dataSet!;
    expect(last.string('x0040a160')).toContain('Acte = Scanographie du thorax, sans injection\n');
  });

  it('announces UTF-8 only when Latin-1 cannot hold the texts, or could be mistaken', () => {
    const characterSet = (actLabel: string) =>
      dicomParser.parseDicom(bytesOf(aManifest({ actLabel }))).string('x00080005');
    expect(characterSet('Écho du cœur')).toBe('ISO_IR 192');
    expect(characterSet('Échographie')).toBe('ISO_IR 100');
    const nameThatLooksLikeUtf8 = aManifest({ manufacturer: 'Ã©' });
    expect(dicomParser.parseDicom(bytesOf(nameThatLooksLikeUtf8)).string('x00080005')).toBe('ISO_IR 192');
  });

  it('keeps the identifier of the structure whole when the name is too long', () => {
    const manifest = aManifest({ institution: { name: 'Centre '.repeat(20), structureId: '1750803447' } });
    const name = dicomParser.parseDicom(bytesOf(manifest)).string('x00080080')!;
    expect(name.length).toBeLessThanOrEqual(64);
    expect(name).toMatch(/\^{9}1750803447$/);
  });

  const broken: [ManifestFault, (manifest: Manifest) => void][] = [
    ['no-ins', (m) => (m.patient.ins = undefined)],
    ['invalid-uid', (m) => (m.sopInstanceUid = '1.2.x')],
    ['invalid-uid', (m) => (m.studies[0].series[0].instances[0].sopInstanceUid = '1'.repeat(65))],
    ['duplicate-instance', (m) => m.studies[0].series[1].instances.push(m.studies[0].series[0].instances[0])],
    ['no-instances', (m) => (m.studies[0].series = [])],
    ['accession-number', (m) => (m.studies[0].requests[0].accession!.value = '12345678901234567')],
    ['accession-number', (m) => (m.studies[0].requests[0].accession!.value = 'A\\B')],
    ['placer-order-number', (m) => (m.studies[0].requests[0].placerOrder!.value = 'x'.repeat(65))],
    ['retrieve-address', (m) => (m.studies[0].series[0].retrieveUrl = 'ftp://example.org/')],
    ['retrieve-address', (m) => (m.studies[0].series[0].retrieveUrl = undefined)],
    ['date', (m) => (m.createdDate = 'today')],
  ];
  it.each(broken)('refuses with the reason %s (%#)', (reason, breakIt) => {
    const manifest = aManifest();
    breakIt(manifest);
    expect(writeManifest(manifest)).toEqual({ ok: false, reason });
  });

  it('needs only an address or a location identifier per series', () => {
    const manifest = aManifest();
    Object.assign(manifest.studies[0].series[0], { retrieveUrl: undefined, retrieveLocationUid: '1.2.3' });
    expect(writeManifest(manifest).ok).toBe(true);
  });

  it('writes five thousand references in well under a second', () => {
    const manifest = manifestOf(5, 1000);
    const started = performance.now();
    bytesOf(manifest);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('composeManifest', () => {
  it('orders series and instances by number, those without one last', () => {
    const study = manifestContent().studies[0];
    const shuffled = [ctSeries('1.2', 9, 3), { ...ctSeries('1.2', 4, 1), number: undefined }, ctSeries('1.2', 2, 1)];
    shuffled[0].instances.reverse();
    const manifest = aManifest({ studies: [{ ...study, series: shuffled }] });
    expect(manifest.studies[0].series.map((s) => s.number)).toEqual([2, 9, undefined]);
    expect(manifest.studies[0].series[1].instances.map((i) => i.instanceNumber)).toEqual([1, 2, 3]);
  });

  it('keeps the series and counts up when it replaces a manifest', () => {
    const uids = countingUids();
    const first = composeManifest(manifestContent(), { uids, now: manifestMoment });
    const second = composeManifest(manifestContent(), { uids, now: manifestMoment, previous: first });
    expect(first.instanceNumber).toBe(1);
    expect(second).toMatchObject({ instanceNumber: 2, seriesInstanceUid: first.seriesInstanceUid });
    expect(second.sopInstanceUid).not.toBe(first.sopInstanceUid);
  });
});
