import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ViewerGrant } from '../../viewer';
import { streamProgress } from './progress-stream';

/** An answer whose reader may be slow. */
class Answer extends EventEmitter {
  readonly written: string[] = [];
  writableEnded = false;
  destroyed = false;
  writableNeedDrain = false;

  writeHead(): void {}

  write(text: string): void {
    if (this.writableEnded) throw new Error('write after end');
    this.written.push(text);
  }

  end(text: string): void {
    this.write(text);
    this.writableEnded = true;
  }
}

describe('the stream of progress', () => {
  let answer: Answer;
  let moves: () => void;
  let end: () => void;
  let arrived: number;
  beforeEach(() => {
    jest.useFakeTimers();
    answer = new Answer();
    arrived = 0;
    const source = {
      progress: () => ({
        studyInstanceUid: '1',
        series: [{ seriesInstanceUid: '2', expected: 9, arrived, failed: 0 }],
      }),
      onProgress: (listener: () => void) => {
        moves = () => {
          arrived += 1;
          listener();
        };
        return () => undefined;
      },
    };
    const grants = {
      keepOpen: () => true,
      onEnd: (_id: string, listener: () => void) => {
        end = listener;
        return () => undefined;
      },
    };
    const grant = { id: 'g', sources: new Map([['1', source]]) } as unknown as ViewerGrant;
    streamProgress(grant, grants, answer as unknown as ServerResponse);
  });
  afterEach(() => jest.useRealTimers());

  const told = () => answer.written.map((text) => /"arrived":(\d+),"failed":0,"isLossy"/.exec(text)?.[1]);

  it('tells at once, then what moved, not more often than the eye sees', () => {
    for (let turn = 0; turn < 5; turn++) moves();
    jest.advanceTimersByTime(300);
    expect(told()).toEqual(['0', '5']);
  });

  it('says nothing after the end, although something had moved just before', () => {
    moves();
    end();
    moves();
    jest.advanceTimersByTime(60_000);
    answer.emit('close');
    expect(answer.written.at(-1)).toBe('event: ended\ndata: {}\n\n');
    expect(answer.written).toHaveLength(2);
  });

  it('gathers nothing for a page that does not read, and tells it what is true when it reads again', () => {
    answer.writableNeedDrain = true;
    for (let turn = 0; turn < 5; turn++) {
      moves();
      jest.advanceTimersByTime(20_000);
    }
    expect(answer.written).toHaveLength(1);
    expect(answer.listenerCount('drain')).toBe(1);
    answer.writableNeedDrain = false;
    answer.emit('drain');
    jest.advanceTimersByTime(300);
    expect(told()).toEqual(['0', '5']);
  });
});
