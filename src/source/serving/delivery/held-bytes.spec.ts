import { HeldBytes } from './held-bytes';
import { SingleInstance } from './single-instance';

describe('bytes held by all requests together', () => {
  it('are refused beyond the limit, and free again once a request has ended', () => {
    const all = new HeldBytes(100);
    const [one, other] = [all.open(), all.open()];
    expect([one.take(60), other.take(41), other.take(40), all.bytes]).toEqual([true, false, true, 100]);
    one.give(20);
    one.close();
    one.close();
    one.give(1_000);
    expect([all.bytes, other.take(60)]).toEqual([40, true]);
  });

  it('an object for which there is no room ends its own answer with 503', () => {
    const all = new HeldBytes(100);
    const hold = (abort: AbortController) => new SingleInstance(80, abort, all.open());
    const [first, second] = [new AbortController(), new AbortController()];
    const [served, refused] = [hold(first), hold(second)];
    served.write(Buffer.alloc(70));
    refused.write(Buffer.alloc(40));
    refused.write(Buffer.alloc(10));
    served.end();
    refused.end();
    expect([served.failed, refused.failed?.code, second.signal.aborted]).toEqual([undefined, 'serving.busy', true]);
    expect(first.signal.aborted).toBe(false);
  });
});
