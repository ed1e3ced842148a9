import { MetadataCache } from './metadata-cache';

describe('the memory of metadata', () => {
  it('forgets what was read ten minutes ago: the PACS may have corrected it since', () => {
    let now = 1_000;
    const cache = new MetadataCache(() => now);
    cache.of('1.2.1').set('1.2.3', '{}');
    cache.keep('1.2.1');
    now += 599_000;
    expect(cache.of('1.2.1').size).toBe(1);
    now += 2_000;
    expect(cache.of('1.2.1').size).toBe(0);
  });

  it('forgets the manifests asked for longest ago, even those of which nothing came', () => {
    const cache = new MetadataCache(() => 0);
    const first = cache.of('1.2.0');
    for (let at = 0; at < 5_000; at++) {
      cache.of(`1.2.${at}`);
      cache.keep(`1.2.${at}`);
    }
    expect(cache.of('1.2.0')).not.toBe(first);
    expect(cache.of('1.2.4999')).toBe(cache.of('1.2.4999'));
  });
});
