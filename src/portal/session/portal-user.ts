import type { Request } from 'express';

export type PortalRole = 'operator' | 'auditor' | 'administrator';

/** Who is logged in to this browser session. Tokens are not here: they are sealed in the table of logins. */
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
    /** Names the row of `portal_login`; only with `user`. */
    loginId?: string;
    /** Name of the structure for which the professional acts, as the frame shows it. */
    situationName?: string;
    /** Epoch ms of the login: the absolute end of the session is counted from it. */
    loggedInAt?: number;
    csrfSecret?: string;
  }
}

export const userOf = (request: Request): PortalUser | undefined => request.session?.user;
