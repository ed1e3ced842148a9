import { RetryPolicy, retryDelayMs } from '../state/retry-delay';

/**
 * Keeps a neighbour that is away from being asked by every publication in turn: after a failure only one at a time tries it,
 * with growing pauses. The first answer after a failure, or after the start, tells that everything may go on.
 */
export class Circuit {
  private failures = 0;
  private closedUntil = 0;
  private isTrying = false;
  private isProven = false;

  constructor(
    private readonly policy: RetryPolicy,
    private readonly clock: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** Whether the neighbour may be asked now; when it was away, only the one who is told so may. */
  tryEnter(): boolean {
    if (this.failures === 0) return true;
    if (this.isTrying || this.clock() < this.closedUntil) return false;
    this.isTrying = true;
    return true;
  }

  /** `tryEnter` was granted and there was nothing to ask. */
  leave(): void {
    this.isTrying = false;
  }

  /** True when it was away, or had not been heard of yet. */
  answered(): boolean {
    const isNews = this.failures > 0 || !this.isProven;
    this.failures = 0;
    this.isTrying = false;
    this.isProven = true;
    return isNews;
  }

  failed(): void {
    this.isTrying = false;
    if (this.clock() < this.closedUntil) return;
    this.failures++;
    this.closedUntil = this.clock() + retryDelayMs(this.failures, this.policy, this.random());
  }

  get isOpen(): boolean {
    return this.failures === 0;
  }
}
