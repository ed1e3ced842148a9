import { demoPatients, generateDemoStudies, withInsKey } from './index';

describe('demo studies', () => {
  const options = { instances: 4, columns: 32 };

  it('count what they really give, under the UIDs that they announce', async () => {
    for (const study of generateDemoStudies(options)) {
      const series = new Set<string>();
      const instances = new Set<string>();
      for await (const file of study.files()) {
        series.add(file.seriesInstanceUid);
        instances.add(file.sopInstanceUid);
        expect(file.bytes.toString('latin1', 128, 132)).toBe('DICM');
      }
      expect(instances.size).toBe(study.instances);
      expect([...series].sort()).toEqual([...study.seriesInstanceUids].sort());
    }
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
