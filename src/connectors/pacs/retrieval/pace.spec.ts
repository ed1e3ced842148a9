import { GapMeter, PaceMemory } from './pace';
import { nameCause } from '../measure/slow-cause';

const meter = (gapMs: number, bytes: number): GapMeter => {
  const one = new GapMeter();
  for (let i = 0; i < 7; i++) one.note(i * gapMs, bytes);
  return one;
};

describe('pace of a PACS', () => {
  it.each([
    ['waits 42 ms per small instance', 42, 155_000, true],
    ['sends one per millisecond', 1, 155_000, false],
    ['sends large instances at the speed of the link', 300, 50_000_000, false],
  ])('%s', (_what, gapMs, bytes, waits) => {
    expect(meter(gapMs, bytes).isWaiting).toBe(waits);
  });

  it('is forgotten after ten minutes', () => {
    let now = 0;
    const memory = new PaceMemory(() => now);
    memory.learn({ isSlow: true, parallel: 4 });
    now = 599_000;
    expect(memory.profile?.isSlow).toBe(true);
    now = 601_000;
    expect(memory.profile).toBeUndefined();
  });

  it('names delayed acknowledgements and conversion', () => {
    const seen = {
      gapsMs: Array<number>(50).fill(42),
      bytes: 7e6,
      totalMs: 2_100,
      parallel: 1,
      changes: [],
    };
    expect(nameCause(seen).cause?.code).toBe('delayed-acknowledgement');
    const converted = {
      ...seen,
      changes: [{ stored: '1.2.840.10008.1.2.4.80', received: '1.2.840.10008.1.2' }],
    };
    expect(nameCause(converted).cause?.code).toBe('transcoding');
    expect(nameCause({ ...seen, gapsMs: Array<number>(50).fill(0.4), totalMs: 20 }).cause).toBeUndefined();
  });
});
