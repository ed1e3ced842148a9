import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance, InstanceSink } from '../pacs.port';
import { Asking } from './asking';
import { ExpectedSet } from './expected-set';
import { Funnel } from './funnel';
import { ListWorkers } from './list-workers';

const instances = Array.from({ length: 40 }, (_, at) => ({
  seriesInstanceUid: '1.2',
  sopInstanceUid: `1.2.${at}`,
  sopClassUid: '1.3',
}));
const refusal = () => new GatewayError(pacsErrors.tooMany, { detail: 'local limit exceeded' });

describe('lists over several associations', () => {
  const open = (parallel: number, list: (wanted: readonly ExpectedInstance[]) => Promise<void>) => {
    const set = new ExpectedSet(instances);
    const stop = new AbortController();
    const receive = (wanted: readonly ExpectedInstance[]) => {
      for (const { sopInstanceUid } of wanted) set.received(sopInstanceUid, '1.2.840.10008.1.2.1', 100);
    };
    const workers = new ListWorkers({
      set,
      funnel: new Funnel({} as InstanceSink, () => undefined),
      asking: { list } as unknown as Asking,
      parallel,
      maxParallel: parallel,
      stopped: stop.signal,
      stop: (reason) => stop.abort(reason),
    });
    return { set, workers, receive, stop };
  };
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('go on with one when the PACS refuses the others', async () => {
    let asked = 0;
    const bench = open(4, async (wanted) => {
      asked += 1;
      await Promise.resolve();
      if (asked <= 3) throw refusal();
      bench.receive(wanted);
    });
    const run = bench.workers.run();
    await jest.advanceTimersByTimeAsync(10_000);
    await expect(run).resolves.toBeGreaterThanOrEqual(1);
    expect(bench.set.wanted()).toEqual([]);
  });

  it('wait and ask again when the last one is refused too', async () => {
    let refusals = 0;
    const bench = open(2, async (wanted) => {
      await Promise.resolve();
      if (refusals < 5 && ++refusals) throw refusal();
      bench.receive(wanted);
    });
    const run = bench.workers.run();
    await jest.advanceTimersByTimeAsync(20_000);
    await expect(run).resolves.toBe(1);
    expect(bench.set.wanted()).toEqual([]);
  });

  it('give up on a PACS that refuses for long, and at once when their reader has left', async () => {
    const never = open(2, () => Promise.reject(refusal()));
    const failed = expect(never.workers.run()).rejects.toMatchObject({ code: 'pacs.too-many' });
    await jest.advanceTimersByTimeAsync(20_000);
    await failed;
    const left = open(1, () => Promise.reject(refusal()));
    const over = expect(left.workers.run()).rejects.toMatchObject({ code: 'pacs.too-many' });
    await jest.advanceTimersByTimeAsync(10);
    left.stop.abort(new Error('left'));
    await jest.advanceTimersByTimeAsync(10);
    await over;
  });
});
