import { duration, figure, ScreenFormat, size } from './format';

const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, ' ');

describe('dates on the screen', () => {
  const paris = new ScreenFormat('Europe/Paris');

  it('are those of the hospital', () => {
    expect(paris.moment('2026-07-01T22:30:05Z')).toBe('02/07/2026 00:30:05');
    expect(paris.day(new Date('2026-12-31T23:30:00Z'))).toBe('01/01/2027');
    expect(paris.moment('nonsense')).toBe('');
    expect(paris.isoDayOf(new Date('2026-12-31T23:30:00Z'))).toBe('2027-01-01');
  });

  it.each([
    ['2026-07-01', 0, '2026-06-30T22:00:00.000Z'],
    ['2026-01-01', 0, '2025-12-31T23:00:00.000Z'],
    ['2026-03-29', 0, '2026-03-28T23:00:00.000Z'],
    ['2026-03-29', 1, '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 1, '2026-10-25T23:00:00.000Z'],
    ['2026-02-28', 1, '2026-02-28T23:00:00.000Z'],
  ])('say when the day %s + %i begins', (day, add, expected) =>
    expect(paris.beginningOf(day, add)?.toISOString()).toBe(expected),
  );

  it.each(['2026-02-30', '2026-13-01', '01/02/2026', '', undefined, '2026-1-1'])('know that %p is no day', (day) =>
    expect(paris.beginningOf(day)).toBeUndefined(),
  );

  it('work west of Greenwich', () =>
    expect(new ScreenFormat('America/Martinique').beginningOf('2026-07-01')?.toISOString()).toBe(
      '2026-07-01T04:00:00.000Z',
    ));
});

describe('figures on the screen', () => {
  it.each([
    [850, '850 ms'],
    [4_210, '4,2 s'],
    [180_000, '3 min'],
    [7_300_000, '2 h'],
    [864_000_000, '10 jours'],
  ])('%i ms', (ms, text) => expect(plain(duration(ms))).toBe(text));

  it.each([
    [0, '0 octets'],
    [999, '999 octets'],
    [1_234, '1,2 ko'],
    [4_500_000_000, '4,5 Go'],
  ])('%i bytes', (bytes, text) => expect(plain(size(bytes))).toBe(text));

  it('are grouped', () => expect(plain(figure(1234567))).toBe('1 234 567'));
});
