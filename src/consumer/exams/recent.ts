/** Values computed once and kept for a while: bounded by weight, oldest use first; a failure is not kept. */
export class Recent<T> {
  private readonly kept = new Map<string, { value: Promise<T>; endsAtMs: number; weight: number }>();
  private weight = 0;

  constructor(
    private readonly options: { readonly weightMax: number; readonly lifeMs: number },
    private readonly now: () => number = Date.now,
  ) {}

  /** The kept value, or the one of `compute`; callers of one key at the same time share it. */
  get(key: string, compute: () => Promise<T>, weigh: (value: T) => number = () => 1): Promise<T> {
    const known = this.kept.get(key);
    if (known && known.endsAtMs > this.now()) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known.value;
    }
    const value = compute();
    this.put(key, value, weigh);
    return value;
  }

  /** The kept value of a key, if it is there. */
  peek(key: string): Promise<T> | undefined {
    const known = this.kept.get(key);
    return known && known.endsAtMs > this.now() ? known.value : undefined;
  }

  /** Keeps a value that somebody else computes. */
  put(key: string, value: Promise<T>, weigh: (value: T) => number = () => 1): void {
    this.drop(key);
    const entry = { value, endsAtMs: this.now() + this.options.lifeMs, weight: 0 };
    this.kept.set(key, entry);
    value.then(
      (done) => {
        if (this.kept.get(key) !== entry) return;
        entry.weight = weigh(done);
        this.weight += entry.weight;
        this.shrink(key);
      },
      () => {
        if (this.kept.get(key) === entry) this.kept.delete(key);
      },
    );
  }

  /** Forgets every key that begins with this text. */
  forget(prefix: string): void {
    for (const key of [...this.kept.keys()]) if (key.startsWith(prefix)) this.drop(key);
  }

  private drop(key: string): void {
    this.weight -= this.kept.get(key)?.weight ?? 0;
    this.kept.delete(key);
  }

  private shrink(keep: string): void {
    for (const key of [...this.kept.keys()]) {
      if (this.weight <= this.options.weightMax) return;
      if (key !== keep) this.drop(key);
    }
  }
}
