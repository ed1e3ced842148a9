import { SetMetadata } from '@nestjs/common';

/**
 * Who may call a route. `peer`: another gateway by its certificate and the white list; `professional`: a session opened by
 * Pro Santé Connect; `operator`, `auditor`, `administrator`: portal roles; `system`: a caller that proves itself in the
 * request (contextual call, back-channel logout); `public`: anybody.
 */
export const accessKinds = [
  'peer',
  'professional',
  'operator',
  'auditor',
  'administrator',
  'system',
  'public',
] as const;
export type AccessKind = (typeof accessKinds)[number];

export const ACCESS_METADATA = 'drimbox:access';

/** Declares who may call the routes of a controller, or one of them. A route without it is refused at start. */
export const Access = (...kinds: [AccessKind, ...AccessKind[]]) => SetMetadata(ACCESS_METADATA, kinds);
