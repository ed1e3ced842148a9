import type { Dispatcher } from 'undici';
import { StructureDispatchers } from './structure-dispatchers';

const pool = (name: string) => ({ name, close: () => Promise.resolve() }) as unknown as Dispatcher;

describe('the certificate of a structure', () => {
  const [site, entity, others] = [pool('site'), pool('entity'), pool('others')];
  const named = [
    { structureIds: ['1750803447', '75 08 03 448'], dispatcher: site },
    { structureIds: ['318004005600017'], dispatcher: entity },
  ];

  it.each([
    [['750803447'], site],
    [['1750803448'], site],
    [['unknown', '318004005600017'], entity],
    [['330000001'], others],
    [[], others],
  ])('of %j', (ids, expected) => {
    expect(new StructureDispatchers([...named, { structureIds: [], dispatcher: others }]).of(ids)).toBe(expected);
  });

  it('is never that of another structure', () => {
    const dispatchers = new StructureDispatchers(named);
    expect([dispatchers.of(['330000001']), dispatchers.of([])]).toEqual([undefined, undefined]);
    expect([dispatchers.isEmpty, new StructureDispatchers([]).isEmpty]).toEqual([false, true]);
  });
});
