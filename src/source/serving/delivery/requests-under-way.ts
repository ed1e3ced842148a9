import { GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';

/** Counts the requests under way, in all and for each peer, and refuses those beyond the limits. */
export class RequestsUnderWay {
  private total = 0;
  private readonly byPeer = new Map<string, number>();

  constructor(private readonly limits: { readonly all: number; readonly perPeer: number }) {}

  get count(): number {
    return this.total;
  }

  /**
   * Takes a place for this peer.
   * @returns a function that gives the place back
   * @throws GatewayError 429 beyond the peer's limit, 503 beyond the gateway's
   */
  enter(peer: string): () => void {
    const mine = this.byPeer.get(peer) ?? 0;
    if (mine >= this.limits.perPeer) throw new GatewayError(servingErrors.tooManyRequests);
    if (this.total >= this.limits.all) throw new GatewayError(servingErrors.busy);
    this.total++;
    this.byPeer.set(peer, mine + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.total--;
      const now = (this.byPeer.get(peer) ?? 1) - 1;
      if (now === 0) this.byPeer.delete(peer);
      else this.byPeer.set(peer, now);
    };
  }
}
