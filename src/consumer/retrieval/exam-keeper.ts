import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import type { ByteBudget } from '../../platform/memory';
import type { InstanceMemory } from './cache/instance-memory';
import type { KeptExam, RetrievalCache } from './cache/retrieval-cache';
import type { AcceptedObject } from './check/object-inspector';
import type { RetrievedHead, RetrievedInstance } from './retrieval.types';

const headsBytesMax = 64 * 1024 * 1024;
const writesMax = 6;

export interface KeeperOptions {
  readonly kept: KeptExam;
  readonly cache: Pick<RetrievalCache, 'put'>;
  readonly memory: InstanceMemory;
  /** Bytes being written, over all exams. */
  readonly writing?: ByteBudget;
  /** Told once, until `tryAgain`, when no more can be kept on disk. */
  readonly onFull: () => void;
}

/** What has arrived of one exam, in memory and on disk. */
export class ExamKeeper {
  private readonly logger = new Logger('retrieval');
  private readonly heads = new Map<string, RetrievedHead>();
  private headsBytes = 0;
  private readonly writes = new Set<Promise<void>>();
  private full = false;
  private isClosed = false;

  constructor(private readonly options: KeeperOptions) {}

  /** No more can be kept on disk. */
  get isFull(): boolean {
    return this.full;
  }

  /** There may be room on disk again; if not, that is told once more. */
  tryAgain(): void {
    this.full = false;
  }

  /** In memory at once; on disk beside what arrives meanwhile, a few at a time. */
  async keep({ uid, instance, head }: AcceptedObject): Promise<void> {
    this.holdHead(uid, head);
    const isHeld = this.options.memory.put(this, uid, instance);
    if (this.full) return;
    const lease = this.options.writing?.lease();
    await lease?.take(instance.dataset.length);
    const write = this.write(uid, instance, head).finally(() => {
      this.writes.delete(write);
      lease?.release();
    });
    this.writes.add(write);
    if (!isHeld) await write;
    else if (this.writes.size >= writesMax) await Promise.race(this.writes);
  }

  /** Undefined when it is kept no more, or is not what was kept. */
  async instance(uid: string): Promise<RetrievedInstance | undefined> {
    const held = this.options.memory.get(this, uid);
    if (held) return held;
    const kept = await this.options.kept.folder.instance(uid);
    if (kept) this.options.memory.put(this, uid, kept);
    return kept;
  }

  async head(uid: string): Promise<RetrievedHead | undefined> {
    const held = this.heads.get(uid);
    if (held) return held;
    const head = await this.options.kept.folder.head(uid);
    return head && this.holdHead(uid, head);
  }

  /** An object that was fetched again, for those who ask for it next. */
  hold({ uid, instance, head }: AcceptedObject): void {
    this.options.memory.put(this, uid, instance);
    this.holdHead(uid, head);
  }

  /** What is being written has been. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.writes);
  }

  close(): void {
    this.isClosed = true;
    this.options.memory.forgetAll(this);
    this.heads.clear();
  }

  private async write(uid: string, instance: RetrievedInstance, head: RetrievedHead): Promise<void> {
    try {
      await this.options.cache.put(this.options.kept, uid, instance, head);
    } catch (error) {
      if (this.full || this.isClosed) return;
      this.full = true;
      this.logger.error({ cause: describeCause(error) }, 'images can no longer be kept on disk');
      this.options.onFull();
    }
  }

  private holdHead(uid: string, head: RetrievedHead): RetrievedHead {
    const known = this.heads.get(uid);
    if (known || this.isClosed) return known ?? head;
    if (this.headsBytes + head.head.length > headsBytesMax) return head;
    this.heads.set(uid, head);
    this.headsBytes += head.head.length;
    return head;
  }
}
