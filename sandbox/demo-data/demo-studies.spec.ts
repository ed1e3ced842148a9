import { parseDicom } from 'dicom-parser';
import { demoPatients, generateDemoStudies, withInsKey } from './index';

describe('demo studies', () => {
  const options = { instances: 4, columns: 32 };

  it('count what they really give, under the UIDs that they announce: CT, MR, CR, ultrasound, report, key images', async () => {
    const classes = new Set<string>();
    for (const study of generateDemoStudies(options)) {
      const series = new Set<string>();
      const instances = new Set<string>();
      for await (const file of study.files()) {
        series.add(file.seriesInstanceUid);
        instances.add(file.sopInstanceUid);
        const head = parseDicom(file.bytes, { untilTag: 'x00280008' });
        classes.add(`${head.string('x00080060')} ${head.string('x00080016')}`);
      }
      expect(instances.size).toBe(study.instances);
      expect([...series].sort()).toEqual([...study.seriesInstanceUids].sort());
    }
    expect([...classes].sort()).toEqual([
      'CR 1.2.840.10008.5.1.4.1.1.1',
      'CT 1.2.840.10008.5.1.4.1.1.2',
      'KO 1.2.840.10008.5.1.4.1.1.88.59',
      'MR 1.2.840.10008.5.1.4.1.1.4',
      'SR 1.2.840.10008.5.1.4.1.1.88.11',
      'US 1.2.840.10008.5.1.4.1.1.3.1',
    ]);
  });

  it('are the same bytes each time', async () => {
    const [first] = generateDemoStudies(options);
    const [again] = generateDemoStudies(options);
    const one = (await first.files().next()).value as { bytes: Buffer };
    const two = (await again.files().next()).value as { bytes: Buffer };
    expect(one.bytes.equals(two.bytes)).toBe(true);
  });

  it('carry invented identities with a right key', () => {
    expect(withInsKey('2690549588157')).toBe('269054958815780');
    for (const patient of Object.values(demoPatients)) {
      expect(patient.ins).toHaveLength(15);
      expect(withInsKey(patient.ins.slice(0, 13))).toBe(patient.ins);
      expect(patient.ins[0]).toBe(patient.gender === 'M' ? '1' : '2');
    }
    expect(() => withInsKey('269054958815')).toThrow();
  });
});
