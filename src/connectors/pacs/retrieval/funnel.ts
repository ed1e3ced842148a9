import { InstanceHeader, InstanceSink } from '../pacs.port';

/** Bytes that an instance may hold back while another one is being delivered. */
const parcelBytesMax = 4 * 1_048_576;
/** Bytes that all instances together may hold back: whole small ones add up behind a slow reader. */
const funnelBytesMax = 8 * 1_048_576;

/** One instance on its way from an association to the sink. */
export class Parcel {
  readonly pieces: Buffer[] = [];
  heldBytes = 0;
  state: 'open' | 'ended' | 'cut' = 'open';
  wake: (() => void)[] = [];

  constructor(
    readonly header: InstanceHeader,
    private readonly funnel: Funnel,
  ) {}

  write(piece: Buffer): boolean {
    return this.funnel.write(this, piece);
  }

  drained(): Promise<void> {
    return this.funnel.hasRoom(this) ? Promise.resolve() : new Promise((resolve) => this.wake.push(resolve));
  }

  end(): void {
    this.state = 'ended';
    this.funnel.pump();
  }

  /** True when the sink had begun this instance: the delivery as a whole is then spoilt. */
  cut(reason: Error): boolean {
    return this.funnel.cut(this, reason);
  }
}

/**
 * Brings instances that arrive side by side on several associations into one sink, one after the other and each whole. The
 * one being delivered streams through; the others wait in memory, up to a limit, beyond which their associations pause.
 */
export class Funnel {
  private current: Parcel | undefined;
  private readonly waiting: Parcel[] = [];
  private heldBytes = 0;
  private sinkIsFull = false;
  private fullSinceMs = 0;
  private spoilt = false;
  hasBegun = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly sink: InstanceSink,
    private readonly onDelivered: (header: InstanceHeader) => void,
  ) {}

  /** True while the sink asked for silence: no progress is expected of the PACS. */
  get isBlocked(): boolean {
    return this.sinkIsFull;
  }

  /** For how long it has asked for silence, ms. */
  get blockedMs(): number {
    return this.sinkIsFull ? performance.now() - this.fullSinceMs : 0;
  }

  get isSpoilt(): boolean {
    return this.spoilt;
  }

  open(header: InstanceHeader): Parcel {
    const parcel = new Parcel(header, this);
    this.waiting.push(parcel);
    return parcel;
  }

  write(parcel: Parcel, piece: Buffer): boolean {
    if (this.spoilt) return true;
    if (!this.current && !this.sinkIsFull) this.begin(parcel);
    if (parcel === this.current && !this.sinkIsFull) {
      this.give(piece);
      return !this.sinkIsFull;
    }
    parcel.pieces.push(piece);
    parcel.heldBytes += piece.length;
    this.heldBytes += piece.length;
    return this.hasRoom(parcel);
  }

  hasRoom(parcel: Parcel): boolean {
    if (this.spoilt || parcel.state === 'cut') return true;
    if (parcel === this.current) return !this.sinkIsFull;
    return parcel.heldBytes < parcelBytesMax && this.heldBytes < funnelBytesMax;
  }

  cut(parcel: Parcel, reason: Error): boolean {
    parcel.state = 'cut';
    this.release(parcel);
    this.wakeUp(parcel);
    if (parcel === this.current) {
      this.spoil(reason);
      return true;
    }
    this.waiting.splice(this.waiting.indexOf(parcel), 1);
    return false;
  }

  /** Stops the delivery. The instance begun, if any, is cut; nothing is told otherwise. */
  spoil(reason: Error): void {
    if (this.spoilt) return;
    this.spoilt = true;
    const begun = this.current;
    this.current = undefined;
    if (begun) this.sink.cut(reason);
    for (const parcel of [...this.waiting, ...(begun ? [begun] : [])]) this.wakeUp(parcel);
    this.waiting.length = 0;
    this.heldBytes = 0;
    this.settleIdle();
  }

  /** Resolves when all that was received has been handed to the sink. */
  flushed(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  pump(): void {
    while (!this.spoilt && !this.sinkIsFull) {
      const parcel = this.current ?? this.next();
      if (!parcel) break;
      if (parcel !== this.current) this.begin(parcel);
      let piece: Buffer | undefined;
      while (!this.sinkIsFull && (piece = parcel.pieces.shift())) {
        parcel.heldBytes -= piece.length;
        this.heldBytes -= piece.length;
        this.give(piece);
      }
      this.wakeWaiting();
      if (this.sinkIsFull && (parcel.pieces.length > 0 || parcel.state === 'open')) return;
      if (parcel.state === 'open') {
        this.wakeUp(parcel);
        return;
      }
      this.finish(parcel);
    }
    this.settleIdle();
  }

  private give(piece: Buffer): void {
    if (this.sink.write(piece)) return;
    this.sinkIsFull = true;
    this.fullSinceMs = performance.now();
    const go = (): void => {
      this.sinkIsFull = false;
      this.pump();
    };
    // A sink that throws here would otherwise end the process: the delivery is spoilt instead.
    this.sink
      .drained()
      .then(go, go)
      .catch((fault: Error) => this.spoil(fault));
  }

  /** Whole instances first: they free their memory at once. */
  private next(): Parcel | undefined {
    return this.waiting.find(({ state }) => state === 'ended') ?? this.waiting.find(({ heldBytes }) => heldBytes > 0);
  }

  private begin(parcel: Parcel): void {
    this.waiting.splice(this.waiting.indexOf(parcel), 1);
    this.current = parcel;
    this.hasBegun = true;
    this.sink.begin(parcel.header);
    this.wakeUp(parcel);
  }

  private finish(parcel: Parcel): void {
    this.current = undefined;
    this.sink.end();
    this.onDelivered(parcel.header);
    this.wakeUp(parcel);
  }

  /** Forgets what an instance held back. */
  private release(parcel: Parcel): void {
    this.heldBytes -= parcel.heldBytes;
    parcel.heldBytes = 0;
    parcel.pieces.length = 0;
  }

  /** Associations that paused for the sake of all may go on once half of the room is free again. */
  private wakeWaiting(): void {
    if (this.heldBytes > funnelBytesMax / 2) return;
    for (const parcel of this.waiting) if (this.hasRoom(parcel)) this.wakeUp(parcel);
  }

  private wakeUp(parcel: Parcel): void {
    for (const wake of parcel.wake.splice(0)) wake();
  }

  private isIdle(): boolean {
    return this.spoilt || (!this.current && this.waiting.length === 0);
  }

  private settleIdle(): void {
    if (!this.isIdle()) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
