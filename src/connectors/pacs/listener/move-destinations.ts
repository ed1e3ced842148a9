import { dimseStatus } from '../../../standards/dimse';
import { StoreHandler, StoreRequest, StoreTarget } from './store-handlers';

/** Time left to sub-operations that come after the final response; their retrieval still judges them. */
const stragglersMs = 2_000;

/** A C-MOVE under way whose sub-operations come back to our listener. */
export interface ActiveMove {
  /** AE title under which we sent the C-MOVE: the originator named in its sub-operations. */
  readonly originatorAeTitle: string;
  /** AE title of the PACS that was asked. */
  readonly pacsAeTitle: string;
  /** The retrieval: several moves of one retrieval may expect the same instance. */
  readonly owner: object;
  expects(sopInstanceUid: string): boolean;
  open(request: StoreRequest): StoreTarget | number;
}

/**
 * Gives each sub-operation to the C-MOVE that caused it: by its message identifier, unique in the process among the active
 * ones, or, for a PACS that does not tell it, by the instance when exactly one active retrieval expects it.
 */
export class MoveDestinations implements StoreHandler {
  readonly name = 'retrieval';
  private readonly active = new Map<number, ActiveMove>();
  private last = 0;

  /** Registers a move; undefined when all 65,535 identifiers are taken. */
  add(move: ActiveMove): { messageId: number; removeLater: () => void } | undefined {
    if (this.active.size >= 0xffff) return undefined;
    do this.last = (this.last % 0xffff) + 1;
    while (this.active.has(this.last));
    const messageId = this.last;
    this.active.set(messageId, move);
    return { messageId, removeLater: () => void setTimeout(() => this.active.delete(messageId), stragglersMs).unref() };
  }

  open(request: StoreRequest): StoreTarget | number | undefined {
    const { moveOriginatorMessageId: messageId, moveOriginatorAeTitle: originator, sopInstanceUid } = request;
    if (messageId !== undefined) {
      const move = this.active.get(messageId);
      const isOurs = move && (!originator || originator === move.originatorAeTitle);
      if (isOurs) return move.open(request);
      // A sub-operation of one of our moves that is over: refused. One of somebody else's move: for other handlers.
      return this.isOurTitle(originator) ? dimseStatus.notAuthorized : undefined;
    }
    const expecting = [...this.active.values()].filter(
      (move) => move.pacsAeTitle === request.callingAeTitle && move.expects(sopInstanceUid),
    );
    if (expecting.length === 0) return undefined;
    const owners = new Set(expecting.map(({ owner }) => owner));
    return owners.size === 1 ? expecting[0].open(request) : dimseStatus.notAuthorized;
  }

  constructor(private readonly isOurTitle: (aeTitle: string | undefined) => boolean) {}
}
