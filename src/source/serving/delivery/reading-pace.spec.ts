import type { ServerResponse } from 'node:http';
import { ReadingPace } from './reading-pace';

describe('the pace of a caller', () => {
  const windowMs = 10_000;
  const open = (bytesPerSecondMin = 1_000_000) => {
    const socket = { bytesWritten: 5_000_000_000, writableLength: 1_000_000_000, destroyed: false };
    const response = {
      socket,
      get writableLength() {
        return socket.writableLength;
      },
      destroy: () => (socket.destroyed = true),
    };
    const pace = new ReadingPace(response as unknown as ServerResponse, { bytesPerSecondMin, windowMs });
    /** Lets time pass while the caller takes so many bytes a second. */
    const go = (seconds: number, bytesPerSecond: number) => {
      for (let second = 0; second < seconds; second++) {
        const taken = Math.min(bytesPerSecond, socket.writableLength);
        socket.writableLength -= taken;
        jest.advanceTimersByTime(1_000);
      }
      return socket.destroyed;
    };
    return { socket, pace, go };
  };
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('below the least, over a whole window, ends the answer', () => {
    const { go, pace } = open();
    expect(go(10, 800_000)).toBe(false);
    expect(go(2, 800_000)).toBe(true);
    expect(pace.isTooSlow).toBe(true);
  });

  it('above the least is never too slow, nor is a burst in each window', () => {
    expect(open().go(100, 950_000)).toBe(false);
    const { go } = open();
    for (let window = 0; window < 8; window++) expect([go(9, 0), go(1, 20_000_000)]).toEqual([false, false]);
  });

  it('does not count while nothing waits for the caller, without a limit, or once stopped', () => {
    const idle = open();
    idle.socket.writableLength = 0;
    expect(idle.go(100, 0)).toBe(false);
    expect(open(0).go(100, 0)).toBe(false);
    const over = open();
    over.pace.stop();
    expect(over.go(100, 0)).toBe(false);
  });
});
