import { Agent, Dispatcher } from 'undici';

/** A dispatcher whose agent can be replaced: calls under way end on the old one, the next ones use the new one. */
export class RotatingAgent extends Dispatcher {
  private current: Agent;
  private onClose?: () => void;

  constructor(private readonly build: () => Agent) {
    super();
    this.current = build();
  }

  onClosed(action: () => void): void {
    this.onClose = action;
  }

  rotate(): void {
    const old = this.current;
    this.current = this.build();
    old.close().catch(() => old.destroy());
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.current.dispatch(options, handler);
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    this.onClose?.();
    const closed = this.current.close();
    if (!callback) return closed;
    closed.then(callback, callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    this.onClose?.();
    const done = typeof error === 'function' ? error : callback;
    const destroyed = this.current.destroy(typeof error === 'function' ? null : (error ?? null));
    if (!done) return destroyed;
    destroyed.then(done, done);
  }
}
