/** What one holder has of a budget. */
export interface ByteLease {
  /** Waits until that many more bytes may be held. Rejects with the signal's reason only. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
  /** So much is still held: the rest is free for others. */
  keep(bytes: number): void;
  /** Nothing is held any more; it may be called again. */
  release(): void;
}

/**
 * Bytes that all holders together may have in memory. Whoever finds no room waits, and nobody is refused: the eldest holder is always
 * given what it needs, so that one comes to its end and makes room. The limit is passed by what that one needs at most.
 */
export class ByteBudget {
  private used = 0;
  /** In the order in which they began to hold something. */
  private readonly holders = new Set<Lease>();
  private waiting: (() => void)[] = [];

  constructor(readonly bytesMax: number) {}

  get bytesUsed(): number {
    return this.used;
  }

  lease(): ByteLease {
    return new Lease(this);
  }

  /** @internal */
  fits(lease: Lease, bytes: number): boolean {
    this.holders.add(lease);
    const [eldest] = this.holders;
    return eldest === lease || this.used + bytes <= this.bytesMax;
  }

  /** @internal */
  move(bytes: number): void {
    this.used += bytes;
    if (bytes < 0) this.wake();
  }

  /** @internal */
  leave(lease: Lease): void {
    if (this.holders.delete(lease)) this.wake();
  }

  /** @internal */
  async change(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const leave = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(() => {
        signal?.removeEventListener('abort', leave);
        resolve();
      });
    });
  }

  private wake(): void {
    for (const waiter of this.waiting.splice(0)) waiter();
  }
}

class Lease implements ByteLease {
  private held = 0;

  constructor(private readonly budget: ByteBudget) {}

  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!this.budget.fits(this, bytes)) await this.budget.change(signal);
    this.held += bytes;
    this.budget.move(bytes);
  }

  keep(bytes: number): void {
    const freed = this.held - bytes;
    if (freed <= 0) return;
    this.held = bytes;
    this.budget.move(-freed);
    if (bytes === 0) this.budget.leave(this);
  }

  release(): void {
    this.keep(0);
    this.budget.leave(this);
  }
}
