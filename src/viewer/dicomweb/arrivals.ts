import type { GatewayError } from '../../platform/errors';
import type { StudyProgress, ViewerStudy } from './study-source';

type State = 'awaited' | 'arrived' | { readonly error: GatewayError };

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Which instances of a study have arrived, who waits for which, and how far it is. */
export class Arrivals {
  private readonly states = new Map<string, State>();
  private readonly waiters = new Map<string, Set<Waiter>>();
  private readonly listeners = new Set<() => void>();
  private readonly counts = new Map<string, { expected: number; arrived: number; failed: number }>();
  private readonly seriesOf = new Map<string, string>();
  private bytes = 0;
  private troubleText: string | undefined;
  private lossy = false;

  constructor(private readonly study: ViewerStudy) {
    for (const { seriesInstanceUid, instances } of study.series) {
      this.counts.set(seriesInstanceUid, { expected: instances.length, arrived: 0, failed: 0 });
      for (const { sopInstanceUid } of instances) {
        this.states.set(sopInstanceUid, 'awaited');
        this.seriesOf.set(sopInstanceUid, seriesInstanceUid);
      }
    }
  }

  /** Resolves when the instance has arrived; rejects when it is given up, or with the signal's reason. */
  wait(sopInstanceUid: string, signal: AbortSignal): Promise<void> {
    const state = this.states.get(sopInstanceUid);
    if (state === 'arrived') return Promise.resolve();
    if (state !== 'awaited') return Promise.reject(state?.error ?? new Error('not an instance of this study'));
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise<void>((resolve, reject) => {
      const waiting = this.waiters.get(sopInstanceUid) ?? new Set();
      this.waiters.set(sopInstanceUid, waiting);
      const leave = () => {
        waiting.delete(waiter);
        reject(signal.reason as Error);
      };
      const settle = (end: () => void) => {
        signal.removeEventListener('abort', leave);
        end();
      };
      const waiter: Waiter = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      waiting.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  arrived(sopInstanceUid: string, bytes: number): void {
    if (!this.move(sopInstanceUid, 'arrived')) return;
    this.bytes += bytes;
    this.release(sopInstanceUid, (waiter) => waiter.resolve());
  }

  failed(sopInstanceUid: string, error: GatewayError): void {
    if (this.states.get(sopInstanceUid) !== 'awaited' || !this.move(sopInstanceUid, { error })) return;
    this.release(sopInstanceUid, (waiter) => waiter.reject(error));
  }

  /** Gives up everything still awaited. */
  failRest(error: GatewayError): void {
    for (const [uid, state] of this.states) if (state === 'awaited') this.failed(uid, error);
  }

  /** Awaits again what was given up. @returns the series concerned */
  rearm(): string[] {
    const series = new Set<string>();
    for (const [uid, state] of this.states) {
      const seriesInstanceUid = this.seriesOf.get(uid) ?? '';
      const counts = this.counts.get(seriesInstanceUid);
      if (typeof state === 'string' || !counts) continue;
      counts.failed--;
      this.states.set(uid, 'awaited');
      series.add(seriesInstanceUid);
    }
    if (series.size > 0) this.trouble(undefined);
    return [...series];
  }

  /** A French sentence about the retrieval as a whole. */
  trouble(text: string | undefined): void {
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

  progress(): StudyProgress {
    const series = [...this.counts].map(([seriesInstanceUid, counts]) => ({ seriesInstanceUid, ...counts }));
    const { studyInstanceUid } = this.study;
    return { studyInstanceUid, series, bytes: this.bytes, trouble: this.troubleText, isLossy: this.lossy };
  }

  onProgress(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** `arrived` replaces a failure: another attempt may have been made. */
  private move(sopInstanceUid: string, to: Exclude<State, 'awaited'>): boolean {
    const before = this.states.get(sopInstanceUid);
    const counts = this.counts.get(this.seriesOf.get(sopInstanceUid) ?? '');
    if (before === undefined || before === 'arrived' || !counts) return false;
    this.states.set(sopInstanceUid, to);
    if (typeof before === 'object') counts.failed--;
    if (to === 'arrived') counts.arrived++;
    else counts.failed++;
    return true;
  }

  private release(sopInstanceUid: string, settle: (waiter: Waiter) => void): void {
    const waiting = this.waiters.get(sopInstanceUid);
    this.waiters.delete(sopInstanceUid);
    for (const waiter of waiting ?? []) settle(waiter);
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
