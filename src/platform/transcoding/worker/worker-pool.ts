import { Worker } from 'node:worker_threads';
import { GatewayError } from '../../errors';
import { ConversionReason } from '../conversion-error';
import { entryOfReason, transcodingErrors } from '../transcoding.errors';
import { Answer, Job, Task, TaskResult } from './messages';
import { ownsItsMemory } from './moving';
import { WorkerEntry } from './worker-entry';

export interface PoolSettings {
  readonly workers: number;
  readonly queueMax: number;
  readonly maxObjectBytes: number;
  readonly jobTimeoutMs: number;
  readonly entry: WorkerEntry;
}

interface Waiting {
  readonly job: Job;
  readonly settle: { resolve(result: TaskResult): void; reject(error: Error): void };
  done: boolean;
}

interface Thread {
  readonly worker: Worker;
  current?: Waiting;
  timer?: NodeJS.Timeout;
}

/** A fixed number of threads, started when first needed, and a bounded queue in front of them. */
export class WorkerPool {
  private readonly threads = new Set<Thread>();
  private readonly queue: Waiting[] = [];
  private nextId = 1;
  private closed = false;

  constructor(private readonly settings: PoolSettings) {}

  get waiting(): number {
    return this.queue.length;
  }

  get busy(): number {
    return [...this.threads].filter((thread) => thread.current).length;
  }

  /** Runs one task. The parts' memory is moved to the thread when a part owns it: the caller must not use it afterwards. */
  run(task: Task, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<TaskResult> {
    if (this.closed) return Promise.reject(new GatewayError(transcodingErrors.stopped));
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const mayStart = this.busy < this.settings.workers;
    if (!mayStart && this.queue.length >= this.settings.queueMax) {
      return Promise.reject(new GatewayError(transcodingErrors.queueFull));
    }
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const job: Job = { id: this.nextId++, task, parts, maxObjectBytes: this.settings.maxObjectBytes, cancelled };
    return new Promise<TaskResult>((resolve, reject) => {
      const waiting: Waiting = { job, settle: { resolve, reject }, done: false };
      const leave = () => this.leave(waiting, signal);
      signal?.addEventListener('abort', leave, { once: true });
      const settled = () => signal?.removeEventListener('abort', leave);
      waiting.settle.resolve = (result) => (settled(), resolve(result));
      waiting.settle.reject = (error) => (settled(), reject(error));
      this.queue.push(waiting);
      this.advance();
    });
  }

  /** Refuses what waits, ends the threads. */
  async close(): Promise<void> {
    this.closed = true;
    for (const waiting of this.queue.splice(0)) fail(waiting, new GatewayError(transcodingErrors.stopped));
    const ending = [...this.threads].map((thread) => {
      if (thread.current) fail(thread.current, new GatewayError(transcodingErrors.stopped));
      clearTimeout(thread.timer);
      return thread.worker.terminate();
    });
    await Promise.all(ending);
    this.threads.clear();
  }

  private leave(waiting: Waiting, signal?: AbortSignal): void {
    Atomics.store(waiting.job.cancelled, 0, 1);
    const at = this.queue.indexOf(waiting);
    if (at >= 0) this.queue.splice(at, 1);
    fail(waiting, abortReason(signal));
  }

  private advance(): void {
    while (this.queue.length > 0) {
      const thread = this.freeThread();
      if (!thread) return;
      this.give(thread, this.queue.shift() as Waiting);
    }
  }

  private freeThread(): Thread | undefined {
    for (const thread of this.threads) if (!thread.current) return thread;
    return this.threads.size < this.settings.workers ? this.start() : undefined;
  }

  private start(): Thread {
    const { file, argv } = this.settings.entry;
    const worker = new Worker(file, { argv, name: 'image-conversion' });
    const thread: Thread = { worker };
    worker.on('message', (answer: Answer) => this.answered(thread, answer));
    worker.on('error', (cause) =>
      this.lost(thread, new GatewayError(transcodingErrors.workerLost, { cause, detail: cause.message })),
    );
    worker.on('exit', (code) =>
      this.lost(thread, new GatewayError(transcodingErrors.workerLost, { detail: `exit ${code}` })),
    );
    worker.unref();
    this.threads.add(thread);
    return thread;
  }

  private give(thread: Thread, waiting: Waiting): void {
    thread.current = waiting;
    thread.worker.ref();
    thread.timer = setTimeout(() => this.overdue(thread), this.settings.jobTimeoutMs);
    const blocks = waiting.job.parts.filter(ownsItsMemory).map((part) => part.buffer as ArrayBuffer);
    try {
      thread.worker.postMessage(waiting.job, [...new Set(blocks)]);
    } catch (cause) {
      // Memory that was given away before cannot be sent: the caller's fault, the thread is as good as it was.
      this.release(thread);
      fail(waiting, new GatewayError(transcodingErrors.workerLost, { cause, detail: 'the data set cannot be sent' }));
    }
  }

  private answered(thread: Thread, answer: Answer): void {
    const waiting = thread.current;
    if (!waiting || waiting.job.id !== answer.id) return;
    this.release(thread);
    if (answer.spent) {
      this.threads.delete(thread);
      void thread.worker.terminate();
    }
    if ('result' in answer) succeed(waiting, answer.result);
    else fail(waiting, errorOf(answer.reason, answer.detail));
    this.advance();
  }

  private release(thread: Thread): void {
    clearTimeout(thread.timer);
    thread.current = undefined;
    thread.worker.unref();
  }

  private overdue(thread: Thread): void {
    this.lost(thread, new GatewayError(transcodingErrors.timedOut));
    void thread.worker.terminate();
  }

  /** The thread is gone: its job fails, the next one starts a new thread. */
  private lost(thread: Thread, error: GatewayError): void {
    if (!this.threads.delete(thread)) return;
    clearTimeout(thread.timer);
    if (thread.current) fail(thread.current, error);
    thread.current = undefined;
    if (!this.closed) this.advance();
  }
}

function succeed(waiting: Waiting, result: TaskResult): void {
  if (waiting.done) return;
  waiting.done = true;
  waiting.settle.resolve(result);
}

function fail(waiting: Waiting, error: Error): void {
  if (waiting.done) return;
  waiting.done = true;
  waiting.settle.reject(error);
}

function errorOf(reason: ConversionReason | 'internal', detail: string): GatewayError {
  return new GatewayError(reason === 'internal' ? transcodingErrors.workerLost : entryOfReason[reason], { detail });
}

function abortReason(signal?: AbortSignal): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException('the conversion was given up', 'AbortError');
}
