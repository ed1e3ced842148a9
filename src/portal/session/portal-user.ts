import type { Request } from 'express';

export type PortalRole = 'operator' | 'auditor' | 'administrator';

/** Who is logged in to this browser session. Tokens are not here: connectors/psc keeps them, sealed, in the session. */
export interface PortalUser {
  /** `psc`: Pro Santé Connect; `oidc`: the hospital's own OpenID provider (administration only). */
  readonly provider: 'psc' | 'oidc';
  /** PSC `SubjectNameID`, or the subject of the other provider. */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly PortalRole[];
}

declare module 'express-session' {
  interface SessionData {
    user?: PortalUser;
    /** Epoch ms of the login: the absolute end of the session is counted from it. */
    loggedInAt?: number;
    csrfSecret?: string;
  }
}

export const userOf = (request: Request): PortalUser | undefined => request.session?.user;
