/** Studies whose current manifest is being changed by a transaction that has not been seen to end. */
export class StudiesInDoubt {
  private readonly doubts = new Map<string, Set<{ until: number }>>();

  constructor(
    private readonly lastsMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Puts the study in doubt until the returned function is called, or until no transaction could still be open. */
  add(studyInstanceUid: string): () => void {
    this.dropExpired();
    const doubt = { until: this.now() + this.lastsMs };
    const set = this.doubts.get(studyInstanceUid) ?? new Set();
    this.doubts.set(studyInstanceUid, set.add(doubt));
    return () => {
      set.delete(doubt);
      if (set.size === 0 && this.doubts.get(studyInstanceUid) === set) this.doubts.delete(studyInstanceUid);
    };
  }

  has(studyInstanceUid: string): boolean {
    for (const { until } of this.doubts.get(studyInstanceUid) ?? []) if (until > this.now()) return true;
    return false;
  }

  private dropExpired(): void {
    for (const [study, set] of this.doubts) {
      for (const doubt of set) if (doubt.until <= this.now()) set.delete(doubt);
      if (set.size === 0) this.doubts.delete(study);
    }
  }
}
