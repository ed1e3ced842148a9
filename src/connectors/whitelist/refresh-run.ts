/** One download under way, and who shares it. */
export class RefreshRun<Outcome> {
  private decided = false;
  readonly outcome: Promise<Outcome>;

  constructor(
    private acceptOlder: boolean,
    work: (acceptsOlder: () => boolean) => Promise<Outcome>,
  ) {
    this.outcome = work(() => {
      this.decided = true;
      return this.acceptOlder;
    });
  }

  /** A caller that accepts an older list makes the run accept it, as long as that has not been asked yet. */
  joins(acceptOlder: boolean): boolean {
    if (this.decided) return this.acceptOlder || !acceptOlder;
    this.acceptOlder ||= acceptOlder;
    return true;
  }
}
