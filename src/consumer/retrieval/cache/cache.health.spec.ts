import { cacheFinding } from './cache.health';

describe('the cache of images', () => {
  it.each([
    [{ bytes: 0, bytesInUse: 0 }, 'up'],
    [{ bytes: 10e9, bytesInUse: 0 }, 'up'],
    [{ bytes: 10e9, bytesInUse: 9e9 }, 'up'],
    [{ bytes: 10e9, bytesInUse: 9.1e9 }, 'warning'],
  ])('with %j is %s: what nobody looks at leaves by itself', (space, level) => {
    const finding = cacheFinding({ ...space, bytesMax: 10e9 });
    expect([finding.level, finding.advice !== undefined]).toEqual([level, level !== 'up']);
  });
});
