import type { RetrievedInstance } from '../retrieval.types';

/** The objects used last, of all exams, up to a number of bytes for the whole process. */
export class InstanceMemory {
  private readonly byOwner = new WeakMap<object, Map<string, RetrievedInstance>>();
  private readonly order = new Map<RetrievedInstance, { readonly owner: object; readonly uid: string }>();
  private held = 0;

  constructor(private readonly bytesMax: number) {}

  get bytes(): number {
    return this.held;
  }

  /** @returns whether it is held now */
  put(owner: object, uid: string, instance: RetrievedInstance): boolean {
    this.forget(owner, uid);
    if (instance.dataset.length > this.bytesMax) return false;
    const mine = this.byOwner.get(owner) ?? new Map<string, RetrievedInstance>();
    this.byOwner.set(owner, mine);
    mine.set(uid, instance);
    this.order.set(instance, { owner, uid });
    this.held += instance.dataset.length;
    for (const [, oldest] of this.order) {
      if (this.held <= this.bytesMax) break;
      this.forget(oldest.owner, oldest.uid);
    }
    return true;
  }

  get(owner: object, uid: string): RetrievedInstance | undefined {
    const instance = this.byOwner.get(owner)?.get(uid);
    const place = instance && this.order.get(instance);
    if (!instance || !place) return undefined;
    this.order.delete(instance);
    this.order.set(instance, place);
    return instance;
  }

  forgetAll(owner: object): void {
    for (const uid of [...(this.byOwner.get(owner)?.keys() ?? [])]) this.forget(owner, uid);
  }

  private forget(owner: object, uid: string): void {
    const mine = this.byOwner.get(owner);
    const instance = mine?.get(uid);
    if (!mine || !instance) return;
    mine.delete(uid);
    this.order.delete(instance);
    this.held -= instance.dataset.length;
  }
}
