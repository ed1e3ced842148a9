import { setImmediate as turn } from 'node:timers/promises';
import { GatewayError } from '../../platform/errors';
import { retrievalErrors, type OpenedExam } from '../retrieval';
import { ImportTally, runImport, type ImportRun } from './import-run';

/** Objects of an exam that come when the test says so. */
class ComingExam implements Pick<OpenedExam, 'instance' | 'hasArrived' | 'onProgress'> {
  private readonly here = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly listeners = new Set<() => void>();
  readonly read: string[] = [];

  hasArrived(uid: string): boolean {
    return this.here.has(uid);
  }

  onProgress(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async instance(uid: string, signal: AbortSignal): ReturnType<OpenedExam['instance']> {
    while (!this.here.has(uid)) {
      signal.throwIfAborted();
      if (this.failed.has(uid)) throw new GatewayError(retrievalErrors.missing);
      await turn();
    }
    this.read.push(uid);
    return {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      dataset: Buffer.alloc(0),
    };
  }

  comes(...uids: string[]): void {
    for (const uid of uids) this.here.add(uid);
    for (const listener of [...this.listeners]) listener();
  }

  fails(uid: string): void {
    this.failed.add(uid);
    for (const listener of [...this.listeners]) listener();
  }

  get watchers(): number {
    return this.listeners.size;
  }
}

describe('the run of an import', () => {
  const uids = ['1', '2', '3', '4', '5', '6', '7', '8'];

  function begin(exam: ComingExam, signal = new AbortController().signal) {
    const noted: string[] = [];
    const run = {
      exam,
      store: {
        store: async (objects: readonly { sopInstanceUid: string }[]) =>
          objects.map(({ sopInstanceUid }) => ({ sopInstanceUid, stored: true, status: 0, bytes: 1 })),
      },
      rules: { removed: [], replaced: [], added: [] },
      sopInstanceUids: uids,
      note: async (outcomes: readonly { sopInstanceUid: string; result: string }[]) =>
        void noted.push(...outcomes.map(({ sopInstanceUid, result }) => `${sopInstanceUid} ${result}`)),
      tally: new ImportTally(),
    } as unknown as ImportRun;
    return { done: runImport(run, signal), noted };
  }
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) await turn();
  };

  it('reads what has come, in whatever order it comes', async () => {
    const exam = new ComingExam();
    const { done } = begin(exam);
    exam.comes('8', '7');
    await settle();
    expect([...exam.read].sort()).toEqual(['7', '8']);
    exam.comes('1', '4');
    await settle();
    expect([...exam.read].sort()).toEqual(['1', '4', '7', '8']);
    exam.comes(...uids);
    await done;
    expect([...exam.read].sort()).toEqual(uids);
    expect(exam.watchers).toBe(0);
  });

  it('notes each object once, those that do not come too', async () => {
    const exam = new ComingExam();
    const { done, noted } = begin(exam);
    exam.comes('5');
    await settle();
    exam.fails('1');
    exam.fails('3');
    exam.comes('2', '4', '6', '7', '8');
    await done;
    const results = uids.map((uid) => noted.filter((each) => each.startsWith(uid)).length);
    expect(results).toEqual(uids.map(() => 1));
    expect(noted.filter((each) => each.endsWith('failed')).sort()).toEqual(
      expect.arrayContaining(['1 failed', '3 failed']),
    );
  });

  it('ends at once when it is stopped', async () => {
    const exam = new ComingExam();
    const stop = new AbortController();
    const { done } = begin(exam, stop.signal);
    await settle();
    stop.abort(new Error('stopped'));
    await expect(done).rejects.toThrow('stopped');
    expect(exam.watchers).toBe(0);
  });
});
