import { InstanceHeader, InstanceSink } from '../pacs.port';

/** Bytes kept for a reader who is slower than another one of the same retrieval. */
const queueBytesMax = 4 * 1_048_576;
/** A reader behind for longer than this is let go at an instance boundary when another one waits for it. */
export const lagMsMax = 500;

/** One reader of a shared retrieval: takes only its own expected instances, behind a bounded queue. */
export class Subscriber {
  private readonly queue: (Buffer | 'end')[] = [];
  private queueBytes = 0;
  private sinkIsFull = false;
  private behindSinceMs: number | undefined;
  private taking = false;
  /** Instances taken and not begun in the sink. */
  private readonly pending: InstanceHeader[] = [];
  private begun = false;
  private readonly startedMs = performance.now();
  private waiters: (() => void)[] = [];
  private flushing: (() => void)[] = [];
  isGone = false;
  readonly left: Set<string>;
  delivered = 0;
  bytes = 0;
  firstMs: number | undefined;
  readonly transferSyntaxes = new Map<string, number>();

  constructor(
    private readonly sink: InstanceSink,
    expected: Iterable<string>,
  ) {
    this.left = new Set(expected);
  }

  get isBehind(): boolean {
    return this.sinkIsFull || this.queue.length > 0;
  }

  lagMs(nowMs: number): number {
    return this.behindSinceMs === undefined ? 0 : nowMs - this.behindSinceMs;
  }

  get isFull(): boolean {
    return !this.isGone && this.queueBytes >= queueBytesMax;
  }

  begin(header: InstanceHeader): void {
    this.taking = !this.isGone && this.left.has(header.sopInstanceUid);
    if (!this.taking) return;
    this.left.delete(header.sopInstanceUid);
    this.pending.push(header);
    if (!this.begun && this.queue.length === 0) this.beginNext();
  }

  write(piece: Buffer): void {
    if (!this.taking || this.isGone) return;
    this.bytes += piece.length;
    if (!this.isBehind) return this.give(piece);
    this.queue.push(piece);
    this.queueBytes += piece.length;
  }

  end(): void {
    if (!this.taking || this.isGone) return;
    this.taking = false;
    if (this.isBehind) this.queue.push('end');
    else this.finish();
  }

  cut(reason: Error): void {
    if (this.isGone) return;
    this.leave();
    if (this.begun) this.sink.cut(reason);
  }

  /** No more calls to the sink. */
  leave(): void {
    this.isGone = true;
    this.queue.length = 0;
    this.queueBytes = 0;
    this.wake();
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    return this.isBehind && !this.isGone ? new Promise((resolve) => this.waiters.push(resolve)) : Promise.resolve();
  }

  /** Resolves when all that was taken is in the sink. */
  flushed(): Promise<void> {
    if (this.isGone || (this.queue.length === 0 && this.pending.length === 0 && !this.begun)) return Promise.resolve();
    return new Promise((resolve) => this.flushing.push(resolve));
  }

  private beginNext(): void {
    const header = this.pending.shift();
    if (!header) return;
    this.begun = true;
    const { transferSyntaxUid } = header;
    this.transferSyntaxes.set(transferSyntaxUid, (this.transferSyntaxes.get(transferSyntaxUid) ?? 0) + 1);
    this.sink.begin(header);
  }

  private give(piece: Buffer): void {
    if (!this.begun) this.beginNext();
    if (this.sink.write(piece)) return;
    this.sinkIsFull = true;
    this.behindSinceMs ??= performance.now();
    const go = (): void => this.drain();
    this.sink.drained().then(go, go);
  }

  private finish(): void {
    if (!this.begun) this.beginNext();
    this.begun = false;
    this.delivered += 1;
    this.firstMs ??= performance.now() - this.startedMs;
    this.sink.end();
    if (this.pending.length > 0) this.beginNext();
    this.wake();
  }

  private drain(): void {
    this.sinkIsFull = false;
    while (!this.sinkIsFull && !this.isGone && this.queue.length > 0) {
      const next = this.queue.shift();
      if (next === 'end') this.finish();
      else if (next) {
        this.queueBytes -= next.length;
        this.give(next);
      }
    }
    if (this.sinkIsFull) return;
    this.behindSinceMs = undefined;
    this.wake();
  }

  private wake(): void {
    if (!this.isBehind || this.isGone) for (const resolve of this.waiters.splice(0)) resolve();
    if (this.isGone || (this.queue.length === 0 && this.pending.length === 0 && !this.begun)) {
      for (const resolve of this.flushing.splice(0)) resolve();
    }
  }
}
