import { Turns } from './turns';

const never = new AbortController().signal;

describe('turns', () => {
  it('are so many at once, then first come first served', async () => {
    const turns = new Turns(2);
    const order: string[] = [];
    const [first, second] = [await turns.take(never), await turns.take(never)];
    const third = turns.take(never).then((end) => (order.push('third'), end));
    const fourth = turns.take(never).then((end) => (order.push('fourth'), end));
    await Promise.resolve();
    expect(order).toEqual([]);
    second();
    await third;
    expect(order).toEqual(['third']);
    first();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
  });

  it('given back twice count once', async () => {
    const turns = new Turns(1);
    const end = await turns.take(never);
    end();
    end();
    await turns.take(never);
    const left = new AbortController();
    const waiting = turns.take(left.signal);
    left.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  it('are not lost on one who left while waiting', async () => {
    const turns = new Turns(1);
    const end = await turns.take(never);
    const left = new AbortController();
    const gone = turns.take(left.signal);
    const next = turns.take(never);
    left.abort(new Error('left'));
    await expect(gone).rejects.toThrow('left');
    end();
    await expect(next).resolves.toBeInstanceOf(Function);
    await expect(turns.take(left.signal)).rejects.toThrow('left');
  });
});
