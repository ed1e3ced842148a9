import { labelValuesMax } from './bounded-labels';
import { counter, expositionText, gauge, histogram } from '.';

const seriesOf = async (name: string): Promise<string[]> =>
  (await expositionText()).split('\n').filter((line) => line.startsWith(`drimbox_${name}{`));

describe('metrics', () => {
  it('made twice are the same', () => {
    expect(counter('spec_twice_total', 'x')).toBe(counter('spec_twice_total', 'x'));
    expect(gauge('spec_gauge', 'x')).toBe(gauge('spec_gauge', 'x'));
    expect(histogram('spec_seconds', 'x')).toBe(histogram('spec_seconds', 'x'));
  });

  it('do not grow, whatever a label is given', async () => {
    const hostile = counter('spec_hostile_total', 'x', ['code']);
    for (let i = 0; i < 5_000; i++) hostile.inc({ code: `peer.chosen-${i}` });
    const series = await seriesOf('spec_hostile_total');
    expect(series).toHaveLength(labelValuesMax + 1);
    expect(series).toContain(`drimbox_spec_hostile_total{code="other"} ${5_000 - labelValuesMax}`);
  });

  it.each([
    ['a line break', 'x"} 1\ndrimbox_forged 1'],
    ['a quote', 'x",other="y'],
    ['control characters', '\u0000\u001b[2J'],
    ['a long text', 'a'.repeat(65)],
    ['nothing', ''],
  ])('count %s under "other"', async (_, code) => {
    counter('spec_odd_total', 'x', ['code']).inc({ code });
    expect(await seriesOf('spec_odd_total')).toEqual([
      expect.stringMatching(/^drimbox_spec_odd_total\{code="other"\} \d$/),
    ]);
    expect(await expositionText()).not.toContain('forged');
  });

  it('keep what the code and the configuration say, with and without labels', async () => {
    const level = gauge('spec_level', 'x', ['check']);
    level.set({ check: 'pacs-salle 2' }, 2);
    level.inc({ check: 'pacs-salle 2' });
    level.dec({ check: 'pacs-salle 2' }, 2);
    expect(await seriesOf('spec_level')).toEqual(['drimbox_spec_level{check="pacs-salle 2"} 1']);
    const plain = gauge('spec_plain', 'x');
    plain.set(5);
    plain.inc();
    plain.dec(2);
    counter('spec_plain_total', 'x').inc(3);
    histogram('spec_plain_seconds', 'x', ['what']).observe({ what: 'a'.repeat(99) }, 0.3);
    histogram('spec_other_seconds', 'x').observe(0.3);
    const text = await expositionText();
    expect(text).toContain('drimbox_spec_plain 4');
    expect(text).toContain('drimbox_spec_plain_total 3');
    expect(text).toContain('drimbox_spec_plain_seconds_count{what="other"} 1');
    expect(text).toContain('drimbox_spec_other_seconds_count 1');
  });
});
