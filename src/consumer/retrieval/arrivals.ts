import type { GatewayError } from '../../platform/errors';
import type { ManifestStudy } from '../../standards/manifest';
import type { RetrievalProgress } from './retrieval.types';

type State = 'awaited' | 'arrived' | { readonly error: GatewayError };

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Counts {
  readonly expected: number;
  arrived: number;
  failed: number;
}

/** What has arrived of a study, who waits for what, and how far it is. */
export class ArrivalBook {
  private readonly states = new Map<string, State>();
  private readonly seriesOf = new Map<string, string>();
  private readonly counts = new Map<string, Counts>();
  private readonly waiters = new Map<string, Set<Waiter>>();
  private readonly listeners = new Set<() => void>();
  private readonly studyInstanceUid: string;
  private bytes = 0;
  private troubleText: string | undefined;
  private warning: string | undefined;
  private lossy = false;

  constructor({ studyInstanceUid, series }: ManifestStudy) {
    this.studyInstanceUid = studyInstanceUid;
    for (const { seriesInstanceUid, instances } of series) {
      this.counts.set(seriesInstanceUid, { expected: instances.length, arrived: 0, failed: 0 });
      for (const { sopInstanceUid } of instances) {
        this.states.set(sopInstanceUid, 'awaited');
        this.seriesOf.set(sopInstanceUid, seriesInstanceUid);
      }
    }
  }

  isAwaited(uid: string): boolean {
    return this.states.get(uid) === 'awaited';
  }

  hasArrived(uid: string): boolean {
    return this.states.get(uid) === 'arrived';
  }

  isListed(uid: string): boolean {
    return this.states.has(uid);
  }

  wait(uid: string, signal: AbortSignal): Promise<void> {
    const state = this.states.get(uid);
    if (state === 'arrived') return Promise.resolve();
    if (state !== 'awaited') return Promise.reject(state?.error ?? new Error('not an instance of this study'));
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise<void>((resolve, reject) => {
      const waiting = this.waiters.get(uid) ?? new Set<Waiter>();
      this.waiters.set(uid, waiting);
      const leave = () => {
        waiting.delete(waiter);
        reject(signal.reason as Error);
      };
      const done = (settle: () => void) => () => {
        signal.removeEventListener('abort', leave);
        settle();
      };
      const waiter: Waiter = { resolve: done(resolve), reject: (error) => done(() => reject(error))() };
      waiting.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  arrived(uid: string, bytes: number): void {
    const before = this.states.get(uid);
    const counts = this.countsOf(uid);
    if (before === undefined || before === 'arrived' || !counts) return;
    if (before !== 'awaited') counts.failed -= 1;
    counts.arrived += 1;
    this.bytes += bytes;
    this.states.set(uid, 'arrived');
    this.release(uid, (waiter) => waiter.resolve());
  }

  failed(uid: string, error: GatewayError): void {
    const counts = this.countsOf(uid);
    if (this.states.get(uid) !== 'awaited' || !counts) return;
    counts.failed += 1;
    this.states.set(uid, { error });
    this.release(uid, (waiter) => waiter.reject(error));
  }

  /** Awaits again what had failed; `except` says which errors are final. @returns the series concerned */
  rearm(except: (error: GatewayError) => boolean): string[] {
    const series = new Set<string>();
    for (const [uid, state] of this.states) {
      const counts = this.countsOf(uid);
      if (typeof state === 'string' || !counts || except(state.error)) continue;
      counts.failed -= 1;
      this.states.set(uid, 'awaited');
      series.add(this.seriesOf.get(uid) ?? '');
    }
    if (series.size > 0) this.tell();
    return [...series];
  }

  /** Why something stays given up; undefined when nothing does. */
  givenUp(): GatewayError | undefined {
    for (const state of this.states.values()) if (typeof state !== 'string') return state.error;
    return undefined;
  }

  failAll(error: GatewayError): void {
    for (const [uid, state] of this.states) if (state === 'awaited') this.failed(uid, error);
  }

  /** A French sentence about the retrieval as a whole; the first one stays until another attempt. */
  trouble(text: string | undefined): void {
    if (text !== undefined && this.troubleText !== undefined) return;
    this.troubleText = text;
    this.tell();
  }

  /** Something was lost by compression: said once, and for as long as the study is open. */
  markLossy(): void {
    if (this.lossy) return;
    this.lossy = true;
    this.tell();
  }

  get isLossy(): boolean {
    return this.lossy;
  }

  /** A French sentence that stays beside any trouble for as long as the study is open. */
  warn(text: string): void {
    this.warning = text;
    this.tell();
  }

  progress(): RetrievalProgress {
    const { studyInstanceUid, bytes, troubleText, warning, isLossy } = this;
    const series = [...this.counts].map(([seriesInstanceUid, counts]) => ({ seriesInstanceUid, ...counts }));
    const trouble = [warning, troubleText].filter(Boolean).join(' ') || undefined;
    return { studyInstanceUid, series, bytes, trouble, isLossy };
  }

  get isSettled(): boolean {
    return [...this.counts.values()].every(({ expected, arrived, failed }) => arrived + failed >= expected);
  }

  onProgress(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private countsOf(uid: string): Counts | undefined {
    return this.counts.get(this.seriesOf.get(uid) ?? '');
  }

  private release(uid: string, settle: (waiter: Waiter) => void): void {
    const waiting = this.waiters.get(uid);
    this.waiters.delete(uid);
    for (const waiter of waiting ?? []) settle(waiter);
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
