/** What one request holds of the memory that all of them share. */
export interface HeldShare {
  /** Counts bytes about to be held; `false`, and nothing counted, when the memory of all requests would be exceeded. */
  take(bytes: number): boolean;
  /** Gives back bytes that are held no longer. */
  give(bytes: number): void;
  /** Gives back what is left. */
  close(): void;
}

/**
 * Bytes of objects held whole (for frames, for a conversion) by all requests together: the limit of one object says
 * nothing of two hundred requests for frames of the same large object.
 */
export class HeldBytes {
  private held = 0;

  constructor(
    private readonly bytesMax: number,
    /** Told of each change. */
    private readonly onChange: (bytes: number) => void = () => undefined,
  ) {}

  get bytes(): number {
    return this.held;
  }

  open(): HeldShare {
    let mine = 0;
    const give = (bytes: number): void => {
      const given = Math.min(bytes, mine);
      mine -= given;
      this.change(-given);
    };
    return {
      take: (bytes) => {
        if (this.held + bytes > this.bytesMax) return false;
        mine += bytes;
        this.change(bytes);
        return true;
      },
      give,
      close: () => give(mine),
    };
  }

  private change(by: number): void {
    if (by === 0) return;
    this.held += by;
    this.onChange(this.held);
  }
}
