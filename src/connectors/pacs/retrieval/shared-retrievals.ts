import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { InstanceHeader, InstanceSink, RetrievalOutcome, RetrievalRequest } from '../pacs.port';
import { lagMsMax, Subscriber } from './subscriber';

export type RetrieveAlone = (
  request: RetrievalRequest,
  sink: InstanceSink,
  signal?: AbortSignal,
) => Promise<RetrievalOutcome>;

/**
 * Requests for fewer instances are retrieved alone: joining a run for the same series would make one image wait for the
 * end of another request's.
 */
export const sharedFromInstances = 16;

/**
 * A reader whose queue is full in the middle of an instance may hold another reader up for this long: less than the time
 * after which a retrieval that stands still loses its place at the PACS (`places.ts`), so that only the one at fault goes.
 */
const stallMsMax = 4_000;

/** One retrieval under way with the readers who follow it. */
class Shared implements InstanceSink {
  private readonly readers = new Map<Subscriber, (outcome: RetrievalOutcome | undefined) => void>();
  private readonly leave = new AbortController();
  private changed: () => void = () => undefined;
  readonly ended: Promise<RetrievalOutcome>;
  isOver = false;

  constructor(request: RetrievalRequest, alone: RetrieveAlone) {
    this.ended = Promise.resolve()
      .then(() => alone(request, this, this.leave.signal))
      .finally(() => (this.isOver = true));
    this.ended.catch(() => undefined);
  }

  /** Resolves with the outcome when the retrieval is over, or with undefined when the reader was let go before. */
  follow(reader: Subscriber): Promise<RetrievalOutcome | undefined> {
    return new Promise((resolve, reject) => {
      this.readers.set(reader, resolve);
      this.ended.then(resolve, reject);
    });
  }

  /** Without any reader left, the PACS is told to stop. */
  drop(reader: Subscriber): void {
    this.readers.get(reader)?.(undefined);
    this.readers.delete(reader);
    this.changed();
    if (this.readers.size > 0 || this.isOver) return;
    this.isOver = true;
    this.leave.abort(new Error('every reader has left'));
  }

  begin(header: InstanceHeader): void {
    this.letLaggardsGo();
    for (const reader of this.readers.keys()) reader.begin(header);
  }

  write(chunk: Buffer): boolean {
    for (const reader of this.readers.keys()) reader.write(chunk);
    return this.hasRoom();
  }

  async drained(): Promise<void> {
    const startedMs = performance.now();
    while (!this.hasRoom()) {
      const change = new Promise<void>((resolve) => (this.changed = resolve));
      let timer: NodeJS.Timeout | undefined;
      const stall = new Promise<void>((resolve) => (timer = setTimeout(resolve, 1_000)));
      await Promise.race([change, stall, ...[...this.readers.keys()].filter((r) => r.isBehind).map((r) => r.room())]);
      clearTimeout(timer);
      if (performance.now() - startedMs > stallMsMax) this.cutStalled();
    }
  }

  end(): void {
    for (const reader of this.readers.keys()) reader.end();
  }

  cut(reason: Error): void {
    for (const reader of this.readers.keys()) reader.cut(reason);
  }

  /** A lone reader sets the pace. Among several, the slowest does, behind its queue. */
  private hasRoom(): boolean {
    let someIsHungry = this.readers.size === 0;
    for (const reader of this.readers.keys()) {
      if (reader.isFull) return false;
      someIsHungry ||= !reader.isBehind;
    }
    return someIsHungry;
  }

  private letLaggardsGo(): void {
    if (this.readers.size < 2) return;
    const now = performance.now();
    const all = [...this.readers.keys()];
    if (!all.some((reader) => !reader.isBehind)) return;
    for (const reader of all) if (reader.isBehind && reader.lagMs(now) > lagMsMax) this.drop(reader);
  }

  private cutStalled(): void {
    const all = [...this.readers.keys()];
    if (!all.some((reader) => !reader.isBehind)) return;
    for (const reader of all.filter((one) => one.isFull)) {
      reader.cut(new GatewayError(pacsErrors.readerTooSlow));
      this.drop(reader);
    }
  }
}

/**
 * Lets requests for the same series share one retrieval. Each reader gets only what it expects; one who comes late, or falls
 * behind, fetches the rest by itself.
 */
export class SharedRetrievals {
  private readonly running = new Map<string, Shared>();

  constructor(private readonly alone: RetrieveAlone) {}

  async retrieve(request: RetrievalRequest, sink: InstanceSink, signal?: AbortSignal): Promise<RetrievalOutcome> {
    signal?.throwIfAborted();
    const startedMs = performance.now();
    const reader = new Subscriber(
      sink,
      request.instances.map(({ sopInstanceUid }) => sopInstanceUid),
    );
    const { shared, isNew } = this.join(request);
    const leave = (): void => {
      reader.cut(reasonOf(signal));
      shared.drop(reader);
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      const outcome = await shared.follow(reader);
      await reader.flushed();
      signal?.throwIfAborted();
      if (reader.isGone) throw new GatewayError(pacsErrors.readerTooSlow);
      shared.drop(reader);
      return await this.complete(request, { reader, sink, outcome, startedMs, shared: !isNew, signal });
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  private join(request: RetrievalRequest): { shared: Shared; isNew: boolean } {
    const key = `${request.studyInstanceUid} ${request.seriesInstanceUid ?? ''}`;
    const running = this.running.get(key);
    if (running && !running.isOver) return { shared: running, isNew: false };
    const shared = new Shared(request, this.alone);
    this.running.set(key, shared);
    const forget = (): void => {
      if (this.running.get(key) === shared) this.running.delete(key);
    };
    shared.ended.then(forget, forget);
    return { shared, isNew: true };
  }

  /** Fetches what the shared retrieval did not bring to this reader, unless the PACS was already asked twice for it. */
  private async complete(request: RetrievalRequest, part: Part): Promise<RetrievalOutcome> {
    const { reader, outcome, sink, signal, startedMs } = part;
    const named = (outcome?.undelivered ?? []).filter(({ sopInstanceUid }) => reader.left.has(sopInstanceUid));
    const known = new Set(named.map(({ sopInstanceUid }) => sopInstanceUid));
    const instances = request.instances.filter(
      (i) => reader.left.has(i.sopInstanceUid) && !known.has(i.sopInstanceUid),
    );
    const own = instances.length > 0 ? await this.alone({ ...request, instances }, sink, signal) : undefined;
    const transferSyntaxes = new Map(reader.transferSyntaxes);
    for (const [uid, count] of own?.transferSyntaxes ?? []) {
      transferSyntaxes.set(uid, (transferSyntaxes.get(uid) ?? 0) + count);
    }
    return {
      delivered: reader.delivered + (own?.delivered ?? 0),
      bytes: reader.bytes + (own?.bytes ?? 0),
      undelivered: [...named, ...(own?.undelivered ?? [])],
      transferSyntaxes,
      firstInstanceMs: reader.firstMs ?? own?.firstInstanceMs,
      totalMs: performance.now() - startedMs,
      method: (outcome ?? own)?.method ?? 'move',
      parallel: Math.max(outcome?.parallel ?? 1, own?.parallel ?? 0),
      shared: part.shared,
    };
  }
}

interface Part {
  readonly reader: Subscriber;
  readonly sink: InstanceSink;
  readonly outcome: RetrievalOutcome | undefined;
  readonly startedMs: number;
  readonly shared: boolean;
  readonly signal: AbortSignal | undefined;
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}
