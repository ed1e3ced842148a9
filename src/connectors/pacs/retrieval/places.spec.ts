import { Holder, Places } from './places';

const rules = { waitMsMax: 2_000, waitersMax: 4, blockedMsMax: 300 };

function holder(caller: string): Holder & { blocked: number; gone: Error | undefined } {
  const one = {
    caller,
    blocked: 0,
    gone: undefined as Error | undefined,
    blockedMs: () => one.blocked,
    giveUp: (reason: Error) => (one.gone = reason),
  };
  return one;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the places of a PACS', () => {
  it('go to the waiting caller who has fewest, in order among equals', async () => {
    const places = new Places(2, rules);
    const order: string[] = [];
    const leave = [await places.enter(holder('a')), await places.enter(holder('a'))];
    const wait = async (name: string) => {
      const left = await places.enter(holder(name[0] ?? ''));
      order.push(name);
      leave.push(left);
    };
    const waiting = ['a1', 'a2', 'b1', 'c1'].map(wait);
    await expect(places.enter(holder('d'))).rejects.toMatchObject({ code: 'pacs.too-many' });
    for (let i = 0; i < 4; i++) {
      leave.shift()?.();
      await turn();
    }
    await Promise.all(waiting);
    expect(order).toEqual(['b1', 'a1', 'c1', 'a2']);
    expect(places.used).toBe(2);
  });

  it('are taken from a reader that takes nothing once a caller with fewer waits, and not before', async () => {
    const places = new Places(2, rules);
    const [first, second] = [holder('a'), holder('a')];
    const leave = await places.enter(first);
    await places.enter(second);
    first.blocked = 10_000;
    second.blocked = 200;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(first.gone).toBeUndefined();
    const other = places.enter(holder('b'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([first.gone, second.gone]).toMatchObject([{ code: 'pacs.reader-too-slow' }, undefined]);
    leave();
    leave();
    await other;
    expect(places.used).toBe(2);
  });

  it('are not taken for the same caller’s sake; the wait is bounded, and ends with the one who waits', async () => {
    const places = new Places(1, { ...rules, waitMsMax: 700 });
    const blocked = holder('a');
    blocked.blocked = 10_000;
    await places.enter(blocked);
    await expect(places.enter(holder('a'))).rejects.toMatchObject({ code: 'pacs.too-many' });
    expect(blocked.gone).toBeUndefined();
    const left = new AbortController();
    const waiting = places.enter(holder('b'), left.signal);
    left.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });
});
