import { ByteBudget } from './byte-budget';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a budget of bytes for the whole process', () => {
  it('gives at once what fits, and lets the next wait until there is room', async () => {
    const budget = new ByteBudget(100);
    const [one, other] = [budget.lease(), budget.lease()];
    await one.take(80);
    let has = false;
    const taking = other.take(40).then(() => (has = true));
    await settled();
    expect([has, budget.bytesUsed]).toEqual([false, 80]);
    one.keep(60);
    await taking;
    expect(budget.bytesUsed).toBe(100);
  });

  it('gives the eldest what it needs, also beyond the limit: objects half here cannot wait for each other', async () => {
    const budget = new ByteBudget(100);
    const leases = [budget.lease(), budget.lease(), budget.lease()];
    for (const lease of leases) await lease.take(33);
    const order: number[] = [];
    const ends = leases.map(async (lease, index) => {
      for (let piece = 0; piece < 5; piece++) await lease.take(33);
      order.push(index);
      lease.release();
    });
    await Promise.all(ends);
    expect(order).toEqual([0, 1, 2]);
    expect(budget.bytesUsed).toBe(0);
  });

  it('takes something larger than the whole when nobody is before it', async () => {
    const budget = new ByteBudget(10);
    const lease = budget.lease();
    await lease.take(1_000);
    expect(budget.bytesUsed).toBe(1_000);
    lease.release();
    lease.release();
    expect(budget.bytesUsed).toBe(0);
  });

  it('lets go of who leaves while waiting', async () => {
    const budget = new ByteBudget(10);
    const [one, other] = [budget.lease(), budget.lease()];
    await one.take(10);
    const left = new AbortController();
    const taking = other.take(5, left.signal);
    left.abort(new Error('left'));
    await expect(taking).rejects.toThrow('left');
    other.release();
    one.release();
    const third = budget.lease();
    await third.take(10);
    expect(budget.bytesUsed).toBe(10);
  });
});
