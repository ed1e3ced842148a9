import type { ArrivedInstance } from '../dicomweb/study-source';

interface Entry {
  readonly instance: ArrivedInstance;
  readonly owner: object;
}

/**
 * Objects on their way from the local PACS to viewers, in memory, up to a number of bytes for the whole process. The longest
 * unused goes first: whoever needs it again fetches it again.
 */
export class InstanceStore {
  private readonly entries = new Map<string, Entry>();
  private bytesHeld = 0;

  constructor(private readonly bytesMax: number) {}

  get bytes(): number {
    return this.bytesHeld;
  }

  put(owner: object, key: string, instance: ArrivedInstance): void {
    this.remove(key);
    if (instance.dataset.length > this.bytesMax) return;
    this.entries.set(key, { instance, owner });
    this.bytesHeld += instance.dataset.length;
    for (const oldest of this.entries.keys()) {
      if (this.bytesHeld <= this.bytesMax) break;
      this.remove(oldest);
    }
  }

  get(key: string): ArrivedInstance | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.instance;
  }

  /** Forgets everything that an owner put. */
  forget(owner: object): void {
    for (const [key, entry] of this.entries) if (entry.owner === owner) this.remove(key);
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.bytesHeld -= entry.instance.dataset.length;
  }
}
