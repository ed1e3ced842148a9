/** An archive that learns of our listener is asked by C-MOVE again after this time, without a restart here. */
const memoryMs = 10 * 60_000;

/** What `auto` has learned: this PACS does not move to our listener, yet gives the same images by C-GET. */
export class MoveRefusal {
  private notedMs: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get stands(): boolean {
    if (this.notedMs !== undefined && this.now() - this.notedMs > memoryMs) this.notedMs = undefined;
    return this.notedMs !== undefined;
  }

  /** Only once C-GET has delivered: a PACS that refuses both may refuse neither in a moment. */
  note(): void {
    this.notedMs = this.now();
  }
}
