import type { Professional, WorkSituation } from './professional';

/**
 * A professional at work in one browser session: what the rooms below the portal receive of a request. Plain enough to be
 * made by hand in a test. It outlives the request: a retrieval that goes on afterwards may ask it for tokens.
 */
export interface ActingProfessional {
  /** Names the login, not the person. Opaque and never shown; contexts and grants are bound to it. */
  readonly loginId: string;
  readonly professional: Professional;
  readonly situations: readonly WorkSituation[];
  /** The one chosen, or the only one; undefined until one is chosen among several. */
  readonly situation?: WorkSituation;
  /** Level of authentication asserted by Pro Santé Connect. */
  readonly acr?: string;
  /** From where they come, for the trail. */
  readonly address?: string;
  /**
   * An access token that lives at least `lifeMs` more (default 30 s, at most 90 s), renewed silently when needed.
   * @throws GatewayError `psc.session-ended` after a logout, here or at Pro Santé Connect; `psc.unreachable`
   */
  accessToken(lifeMs?: number): Promise<string>;
}
