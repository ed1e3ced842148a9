import { GatewayError } from '../../platform/errors';
import type { Manifest } from '../../standards/manifest';
import type { ExamRetrieval } from './exam-retrieval';
import { retrievalErrors } from './retrieval.errors';
import type { ExamToOpen, OpenedExam, RetrievalProgress, RetrievedHead, RetrievedInstance } from './retrieval.types';

/** One viewer, or one import, on a retrieval that others may share. */
export class ExamHandle implements OpenedExam {
  private readonly left = new AbortController();
  private readonly stops = new Set<() => void>();

  constructor(
    readonly exam: ExamToOpen,
    private readonly retrieval: ExamRetrieval,
    private readonly onClose: (handle: ExamHandle) => void,
  ) {}

  get studyInstanceUid(): string {
    return this.exam.studyInstanceUid;
  }

  get manifest(): Manifest {
    return this.exam.manifest;
  }

  prefer(seriesInstanceUid: string): void {
    if (!this.left.signal.aborted) this.retrieval.prefer(seriesInstanceUid);
  }

  hasArrived(sopInstanceUid: string): boolean {
    return !this.left.signal.aborted && this.retrieval.book.hasArrived(sopInstanceUid);
  }

  instance(sopInstanceUid: string, signal: AbortSignal): Promise<RetrievedInstance> {
    return this.whileOpen((both) => this.retrieval.instance(sopInstanceUid, both), signal);
  }

  head(sopInstanceUid: string, signal: AbortSignal): Promise<RetrievedHead> {
    return this.whileOpen((both) => this.retrieval.head(sopInstanceUid, both), signal);
  }

  progress(): RetrievalProgress {
    return this.retrieval.book.progress();
  }

  onProgress(listener: () => void): () => void {
    const stop = this.retrieval.book.onProgress(listener);
    this.stops.add(stop);
    return () => {
      this.stops.delete(stop);
      stop();
    };
  }

  async *watch(signal: AbortSignal, everyMs = 200): AsyncGenerator<RetrievalProgress> {
    const ended = AbortSignal.any([signal, this.left.signal]);
    let wake: () => void = () => undefined;
    let isNew = false;
    const stop = this.onProgress(() => {
      isNew = true;
      wake();
    });
    ended.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        isNew = false;
        yield this.progress();
        if (this.retrieval.book.isSettled || ended.aborted) return;
        await pause(everyMs, ended);
        if (!isNew && !ended.aborted) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }

  retry(): void {
    if (!this.left.signal.aborted) this.retrieval.retry({ alsoRefused: true });
  }

  close(): void {
    if (this.left.signal.aborted) return;
    this.left.abort(new GatewayError(retrievalErrors.notOpen));
    for (const stop of this.stops) stop();
    this.stops.clear();
    this.onClose(this);
  }

  private async whileOpen<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    this.left.signal.throwIfAborted();
    return work(AbortSignal.any([signal, this.left.signal]));
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
