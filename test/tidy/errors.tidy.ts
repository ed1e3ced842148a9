import { allErrors } from '../../src/platform/errors';
import { sourceFiles } from './tree';

describe('error catalogue', () => {
  // Each definition registers itself; a code used twice throws here.
  beforeAll(() =>
    Promise.all(
      sourceFiles('src')
        .filter((name) => name.endsWith('.errors.ts'))
        .map((file) => import(`../../${file}`)),
    ),
  );

  it('has stable codes with a status and two sentences each', () => {
    expect(allErrors().length).toBeGreaterThan(8);
    for (const entry of allErrors()) {
      expect(entry.code).toMatch(/^[a-z0-9]+\.[a-z0-9-]+$/);
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(entry.status).toBeLessThan(600);
      expect(entry.caller).toMatch(/\.$/);
      expect(entry.operator).toMatch(/[.)]$/);
    }
  });
});
