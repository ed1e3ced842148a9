export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  readonly openMs: number;
  readonly now: () => number;
}

/** Leaves a failing neighbour alone: after some failures in a row nothing is asked for a while, then one request tries. */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;
  private trialUnderWay = false;

  constructor(private readonly options: CircuitBreakerOptions) {}

  /** Milliseconds to wait before asking; 0 admits the caller, who then tells `succeeded`, `failed` or `withdrawn`. */
  admit(): number {
    if (this.failures < this.options.failuresMax) return 0;
    const waitMs = this.openUntil - this.options.now();
    if (waitMs > 0) return waitMs;
    if (this.trialUnderWay) return this.options.openMs;
    this.trialUnderWay = true;
    return 0;
  }

  get isOpen(): boolean {
    return this.failures >= this.options.failuresMax;
  }

  succeeded(): void {
    this.failures = 0;
    this.trialUnderWay = false;
  }

  failed(): void {
    this.failures += 1;
    this.trialUnderWay = false;
    if (this.isOpen) this.openUntil = this.options.now() + this.options.openMs;
  }

  /** The request said nothing about the neighbour's health (the caller left). */
  withdrawn(): void {
    this.trialUnderWay = false;
  }
}
