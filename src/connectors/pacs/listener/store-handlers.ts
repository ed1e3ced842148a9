import { dimseStatus } from '../../../standards/dimse';
import { StoreRequest, StoreTarget } from '../dimse/store-receiver';

export type { StoreRequest, StoreTarget } from '../dimse/store-receiver';

/**
 * What a room brings to receive instances pushed to the gateway (rejection notes of IOCM, imports). It answers `end()` once
 * the instance is durable.
 */
export interface StoreHandler {
  /** kebab-case, for the log. */
  readonly name: string;
  /** A target; a DIMSE status that refuses; or undefined when the instance is none of its business. */
  open(request: StoreRequest): StoreTarget | number | undefined;
}

/** Handlers in the order of their registration; the first that answers takes the instance. */
export class StoreHandlers {
  private readonly handlers: StoreHandler[] = [];

  register(handler: StoreHandler): void {
    this.handlers.push(handler);
  }

  get isEmpty(): boolean {
    return this.handlers.length === 0;
  }

  /** Nobody's instance is refused: it is never delivered to somebody else. */
  open(request: StoreRequest): StoreTarget | number {
    for (const handler of this.handlers) {
      const opened = handler.open(request);
      if (opened !== undefined) return opened;
    }
    return dimseStatus.notAuthorized;
  }
}
