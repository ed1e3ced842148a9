import { searchable } from './search-text';

describe('searchable text', () => {
  it.each([
    ['ÉPREUVEDRIM', 'epreuvedrim'],
    ['Jean-Noël  Ça', 'jean-noel  ca'],
    ['ACN105', 'acn105'],
  ])('of %s is %s', (text, expected) => expect(searchable(text)).toBe(expected));

  it('is bounded', () => expect(searchable('x'.repeat(10_000))).toHaveLength(2_000));
});
