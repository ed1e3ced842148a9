import { Inspection, nameCause } from './slow-cause';

const jpegLs = '1.2.840.10008.1.2.4.80';
const explicitLittle = '1.2.840.10008.1.2.1';
const jpeg2000 = '1.2.840.10008.1.2.4.90';
const gaps = (ms: number, count = 20) => Array.from({ length: count }, () => ms);
/** 20 images of half a MiB in 10 s: slow. */
const seen = (more: Partial<Inspection> = {}): Inspection => ({
  gapsMs: gaps(500),
  bytes: 10_000_000,
  totalMs: 10_000,
  parallel: 4,
  changes: [],
  ...more,
});

describe('the cause of a slow retrieval', () => {
  it.each<[string, Partial<Inspection>, string | undefined]>([
    ['nothing slow', { totalMs: 300, gapsMs: gaps(1) }, undefined],
    ['small images, one each few milliseconds', { bytes: 100_000, totalMs: 200, gapsMs: gaps(8) }, undefined],
    ['too few images to tell', { gapsMs: gaps(500, 4) }, undefined],
    ['waits of 40 ms on each association', { gapsMs: gaps(41) }, 'delayed-acknowledgement'],
    ['waits of 40 ms, also when the whole is fast', { gapsMs: gaps(41), totalMs: 300 }, 'delayed-acknowledgement'],
    [
      'waits hidden by parallel associations',
      { gapsMs: [...gaps(4, 10), ...gaps(76, 10)], totalMs: 2_000 },
      'delayed-acknowledgement',
    ],
    ['a third of the images waiting is not enough', { gapsMs: [...gaps(41, 6), ...gaps(500, 14)] }, 'slow-archive'],
    ['one association only', { parallel: 1 }, 'association-limit'],
    ['several associations, each slow', {}, 'slow-archive'],
    [
      'images decompressed on the way',
      { changes: [{ stored: jpegLs, received: explicitLittle }], totalMs: 300 },
      'transcoding',
    ],
    [
      'images converted to another compression, whatever the waits',
      { changes: [{ stored: jpegLs, received: jpeg2000 }], gapsMs: gaps(41) },
      'transcoding',
    ],
  ])('%s', (_name, more, code) => {
    expect(nameCause(seen(more)).cause?.code).toBe(code);
  });

  it('warns of each change of transfer syntax', () => {
    const changes = [jpeg2000, explicitLittle].map((received) => ({ stored: jpegLs, received }));
    expect(nameCause(seen({ changes })).warnings).toEqual([
      expect.stringContaining(`${jpeg2000} au lieu de ${jpegLs}`),
      expect.stringContaining(`${explicitLittle} au lieu de ${jpegLs}`),
    ]);
  });

  it('says nothing of no image at all', () => {
    const nothing = nameCause(seen({ gapsMs: [], bytes: 0, totalMs: 0 }));
    expect(nothing).toEqual({ cause: undefined, medianGapMs: 0, warnings: [] });
  });
});
